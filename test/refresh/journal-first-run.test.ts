import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { newEd25519Key } from '../../lib/keys/private-key.ts';
import { newRepository, type Repository } from './repository.ts';

/** A repository without any state. */
const fresh = () => newRepository({ fresh: true });

function expectNothingBegun(r: Repository, before: Record<string, string>): void {
  expect(r.state.contents()).toEqual({});
  expect(r.hosting.contents()).toEqual(before);
  expect(r.source.openings).toBe(0);
}

describe('a first run', () => {
  test('begins nothing without a trusted root, and says what one would trust: version, keys and SHA-256', async () => {
    const r = await fresh();
    const before = r.hosting.contents();
    const outcome = await r.run({ force: true });
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'NO_BASELINE' });
    const { roles } = r.signedOf('root.json');
    const ids = [roles.root!.keyids[0]!, roles.timestamp!.keyids[0]!].map((id) => `"${id.slice(0, 16)}"`);
    expect(outcome.message).toMatch(/version 1 and SHA-256 [0-9a-f]{64}/);
    for (const id of ids) expect(outcome.message).toContain(id);
    expect(outcome.remedy).toContain('--trusted-root');
    expectNothingBegun(r, before);
  });

  test('begins nothing in a folder that is no repository, and asks whether it is one', async () => {
    const r = await fresh();
    r.hosting.objects.clear();
    const outcome = await r.run();
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'NO_BASELINE' });
    expect(outcome.message).toMatch(/no root\.json here/);
    expectNothingBegun(r, {});
  });

  test('with a trusted root pins it and begins the journal, the journal first; it signs nothing that is not due', async () => {
    const r = await fresh();
    const before = r.hosting.contents();
    await expect(r.enrol()).resolves.toMatchObject({ outcome: 'skipped', code: 'NOT_DUE', version: 3 });
    expect(r.hosting.contents()).toEqual(before);
    expect(r.log.filter((call) => call.includes('putIf'))).toEqual([
      'state putIf journal.json',
      'state putIf root-chain.json',
    ]);
    expect(r.journal()).toMatchObject({ epoch: 0, floor: 0, seen: { version: 3 }, identity: { pin: { version: 1 } } });
    expect(r.journal().entry).toBeUndefined();
    await expect(r.run()).resolves.toMatchObject({ code: 'NOT_DUE' });
  });

  test('signs at once where that is due, and writes journal, chain and timestamp in this order', async () => {
    const r = await fresh();
    r.pass(20 * 86_400);
    await expect(r.enrol()).resolves.toMatchObject({ outcome: 'signed', code: 'SIGNED', version: 4 });
    expect(r.log.filter((call) => call.includes('putIf'))).toEqual([
      'state putIf journal.json',
      'state putIf root-chain.json',
      'hosting putIf timestamp.json',
    ]);
  });

  test.each<{ given: string; code: Outcome['code']; arrange: (r: Repository) => unknown }>([
    {
      given: 'no timestamp (2)',
      code: 'NO_BASELINE',
      arrange: (r) => {
        r.remove('timestamp.json');
      },
    },
    {
      given: 'a timestamp whose signature is broken',
      code: 'SIGNATURE_INVALID',
      arrange: (r) => {
        r.flipSignature('timestamp.json');
      },
    },
    {
      given: 'half a timestamp',
      code: 'NOT_JSON',
      arrange: (r) => {
        r.edit('timestamp.json', (text) => text.slice(0, 100));
      },
    },
    {
      given: 'no snapshot',
      code: 'SNAPSHOT_MISSING',
      arrange: (r) => {
        r.remove('snapshot.json');
      },
    },
    {
      given: 'an older snapshot',
      code: 'SNAPSHOT_ROLLBACK',
      arrange: async (r) => {
        const old = r.copy();
        await r.publish();
        r.restore(old, 'snapshot.json');
      },
    },
    { given: 'a newer snapshot', code: 'SNAPSHOT_NOT_ENDORSED', arrange: (r) => r.publishSnapshot() },
    {
      given: 'another snapshot of the same version',
      code: 'SNAPSHOT_MISMATCH',
      arrange: (r) =>
        r.publishSnapshot({
          version: 2,
          change: (signed) => {
            signed.x = 1;
          },
        }),
    },
    {
      given: 'a snapshot that nobody signed',
      code: 'SIGNATURE_INVALID',
      arrange: (r) => {
        r.flipSignature('snapshot.json');
      },
    },
    {
      given: 'a next root that is invalid',
      code: 'ROOT_INVALID',
      arrange: (r) => r.publishRoot(() => undefined, [newEd25519Key()]),
    },
    {
      given: 'a version that is almost used up',
      code: 'VERSION_EXHAUSTED',
      arrange: (r) => r.publishTimestamp({ version: Number.MAX_SAFE_INTEGER }),
    },
  ])('is refused as $code and leaves no state, given $given', async ({ code, arrange }) => {
    const r = await fresh();
    await arrange(r);
    const before = r.hosting.contents();
    for (const wish of [{}, { force: true }, { dryRun: true }]) {
      const outcome = await r.enrol(wish);
      expect(outcome).toMatchObject({ outcome: 'refused', code });
      expect(outcome.message).not.toBe('');
    }
    expectNothingBegun(r, before);
  });

  test('is refused over another snapshot of the same version also while signing is paused: the journal would know the wrong one', async () => {
    const r = await fresh();
    await r.resign('snapshot.json', (signed) => (signed.x = 1));
    r.putState('pause.json', { until: '2026-12-01T00:00:00Z', reason: 'drill' });
    const outcome = await r.enrol();
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'SNAPSHOT_MISMATCH' });
    expect(outcome.message).toMatch(/^snapshot\.json \(version 2\) is not the one that timestamp\.json names: it has /);
    expect(Object.keys(r.state.contents())).toEqual(['pause.json']);
  });

  test('with a key that the root does not list is refused, and leaves no state', async () => {
    const r = await fresh();
    r.source.keys = [newEd25519Key()];
    const before = r.hosting.contents();
    await expect(r.enrol({ force: true })).resolves.toMatchObject({ outcome: 'refused', code: 'KEY_NOT_IN_ROOT' });
    expect(r.state.contents()).toEqual({});
    expect(r.hosting.contents()).toEqual(before);
  });

  test('that is dry signs a probe and leaves no state', async () => {
    const r = await fresh();
    const before = r.hosting.contents();
    const outcome = await r.enrol({ dryRun: true });
    expect(outcome).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE', dryRun: true });
    expect(r.source).toMatchObject({ probes: 1, signatures: 0 });
    expect(r.state.contents()).toEqual({});
    expect(r.hosting.contents()).toEqual(before);
  });

  test('that was killed after the journal is taken up by the next: the pin stands there', async () => {
    const r = await fresh();
    r.state.after = ({ do: what }) => {
      if (what === 'putIf') throw new Error('killed');
    };
    await expect(r.enrol({ force: true })).rejects.toThrow('killed');
    r.state.after = () => undefined;
    expect(Object.keys(r.state.contents())).toEqual(['journal.json']);
    await expect(r.run()).resolves.toMatchObject({ outcome: 'signed', code: 'HEALED_UNPUBLISHED', version: 5 });
    expect(Object.keys(r.state.contents())).toEqual(['journal.json', 'root-chain.json']);
    expect(r.clientRefuses()).toBeUndefined();
  });

  test('begins with the trusted root although the repository does not show it', async () => {
    const r = await fresh();
    const trust = { ...r.trust, trustedRoot: r.bytes('1.root.json') };
    r.remove('1.root.json', 'root.json');
    const outcome = await r.run({}, trust);
    expect(outcome).toMatchObject({ code: 'NOT_DUE', warnings: [{ code: 'ROOT_HIDDEN' }] });
  });

  test('begins at the trusted root, whatever came before it', async () => {
    const r = await fresh();
    r.source.keys = [await r.rotateTimestampKey()];
    await r.publishTimestamp({ keys: r.source.keys as never });
    const trust = { ...r.trust, trustedRoot: r.bytes('2.root.json') };
    r.remove('1.root.json');
    await expect(r.run({ force: true }, trust)).resolves.toMatchObject({ code: 'SIGNED', version: 5 });
    expect(r.journal().identity.pin.version).toBe(2);
  });
});

describe('a trusted root that is given later', () => {
  test('is accepted if it is the pin or a later root of the chain', async () => {
    const r = await newRepository();
    r.source.keys = [await r.rotateTimestampKey()];
    await r.signed();
    for (const file of ['1.root.json', '2.root.json']) {
      const outcome = await r.run({}, { ...r.trust, trustedRoot: r.bytes(file) });
      expect(outcome).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
    }
    expect(r.journal().identity.pin.version).toBe(1);
  });

  test('is refused as ROOT_PIN_MISMATCH if the chain does not hold it, and nothing is written', async () => {
    const r = await newRepository();
    const other = await newRepository({ fresh: true });
    const before = { hosting: r.hosting.contents(), state: r.state.contents() };
    for (const wish of [{}, { force: true }, { dryRun: true }]) {
      const outcome = await r.run(wish, { ...r.trust, trustedRoot: other.bytes('1.root.json') });
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'ROOT_PIN_MISMATCH' });
      expect(outcome.message).toContain('version 1');
      expect(outcome.remedy).toContain('enroll --again');
    }
    expect({ hosting: r.hosting.contents(), state: r.state.contents() }).toEqual(before);
  });

  test('is refused as what it is if it is no root at all', async () => {
    const r = await newRepository();
    const outcome = await r.run({}, { ...r.trust, trustedRoot: r.bytes('targets.json') });
    expect(outcome.outcome).toBe('refused');
    expect(['MISSING_FIELD', 'ROOT_INVALID', 'BAD_ROOT']).toContain(outcome.code);
  });
});
