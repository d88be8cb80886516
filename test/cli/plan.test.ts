import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../lib/refresh/plan.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { testWrongUsage } from './expect-directory-command.ts';
import { publishSnapshot } from './publish-snapshot.ts';
import { copyOf, enrolledCopyOf, FIXTURES } from './working-copy.ts';

const TRUST = ['--trusted-root', 'repository/root.json'];
const NO_SECRET = { passphrase: null };

describe('plan', () => {
  test('shows each invariant with its verdict, and what a re-sign would do', async () => {
    const copy = await enrolledCopyOf();
    const { status, stdout, stderr } = await copy.run(['plan'], NO_SECRET);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [checks = '', verdict] = stdout.split('Would do nothing');
    expect(checks).toContain(
      'ok      K1     the root lists our key for the timestamp role, and its threshold can be met\n',
    );
    expect(checks).toMatch(/^(ok {6}[A-Z]\d\S* +\S.*\n){5,}$/);
    expect(verdict)
      .toBe(` (NOT_DUE): timestamp.json version 3 is healthy; the next signature is due at 2026-11-25T16:35:14Z.
  To sign now all the same:  timekeeper resign --force
  Published:   timestamp.json version 3, expires 2026-12-06T16:35:14Z (in 13 days)
  Next:        2026-11-25T16:35:14Z (in 2 days)
`);
  });

  test('prints the same as one object, with the checks', async () => {
    const copy = await enrolledCopyOf();
    const outcome = (await copy.json(['plan'], NO_SECRET)) as Outcome & Pick<Plan, 'checks'>;
    expect(outcome).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE', dryRun: true, version: 3, keyIds: [] });
    expect(outcome.checks).toContainEqual({
      invariant: 'C1',
      claim: 'every client reads the published timestamp alike',
      holds: true,
    });
  });

  test.each([
    { given: 'nothing is due', now: '2026-11-25T16:35:13Z', status: 0, says: 'Would do nothing (NOT_DUE)' },
    { given: 'it is due', now: '2026-11-25T16:35:14Z', status: 0, says: 'Would sign (SIGNED)' },
    { given: 'it has expired', now: '2027-01-01T00:00:00Z', status: 0, says: 'Would sign (SIGNED)' },
    { given: 'the snapshot has expired', now: '2029-12-01T00:00:00Z', status: 0, says: 'Warning (SNAPSHOT_EXPIRED)' },
  ])('ends with status $status when $given', async ({ now, status, says }) => {
    const copy = await enrolledCopyOf();
    const run = await copy.run(['plan'], { now, ...NO_SECRET });
    expect(run).toMatchObject({ status, stderr: '' });
    expect(run.stdout).toContain(says);
    expect(await copy.json(['plan'], { now, ...NO_SECRET })).toMatchObject({ dryRun: true, version: 3 });
  });

  test('shows a refusal once, on stdout, with the broken invariant', async () => {
    const copy = await enrolledCopyOf();
    const file = copy.path('repository', 'snapshot.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version":2', '"version":1'));
    const { status, stdout, stderr } = await copy.run(['plan'], NO_SECRET);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toContain('BROKEN  S1–S3');
    expect(stdout.match(/^Refused \(SIGNATURE_INVALID\): snapshot\.json/gm)).toHaveLength(1);
    expect(await copy.json(['plan'], NO_SECRET)).toMatchObject({ outcome: 'refused', version: 3 });
  });

  test('shows in --mode advance that a newer snapshot would be signed over', async () => {
    const copy = await enrolledCopyOf('plain-key');
    await publishSnapshot(copy, 2);
    expect(await copy.json(['plan'])).toMatchObject({ code: 'PUBLISH_IN_PROGRESS', outcome: 'skipped' });
    expect(await copy.json(['plan', '--mode', 'advance'])).toMatchObject({
      code: 'SIGNED',
      outcome: 'signed',
      version: 1,
    });
  });

  test('reckons with other durations', async () => {
    const copy = await enrolledCopyOf();
    expect(await copy.json(['plan', '--resign-after', '90 minutes'], NO_SECRET)).toMatchObject({ code: 'SIGNED' });
  });

  test.each([
    { given: 'a state', arrange: () => enrolledCopyOf(), words: [] },
    { given: 'a trusted root and no state', arrange: () => copyOf(), words: TRUST },
    { given: 'no state', arrange: () => copyOf(), words: [] },
    { given: 'a state, and a root to agree with it', arrange: () => enrolledCopyOf(), words: TRUST },
  ])('writes nothing, not even a lock, with $given', async ({ arrange, words }) => {
    const copy = await arrange();
    const before = copy.tree();
    for (const file of ['.', 'repository', 'keys']) chmodSync(copy.path(file), 0o555);
    await copy.run(['plan', ...words], NO_SECRET);
    for (const file of ['.', 'repository', 'keys']) chmodSync(copy.path(file), 0o755);
    expect(copy.tree()).toEqual(before);
  });

  test('says how to pin the published root where no root is trusted yet', async () => {
    const copy = copyOf('rotated');
    const outcome = await copy.json(['plan'], NO_SECRET);
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'NO_BASELINE' });
    expect(outcome.message).toMatch(
      /root\.json has version 3 and SHA-256 [0-9a-f]{64}; its root keys begin with ".{16}", its/,
    );
  });

  test('refuses a trusted root that is not the pinned one', async () => {
    const copy = await enrolledCopyOf();
    const other = join(FIXTURES, 'rotated', 'repository', '1.root.json');
    expect(await copy.json(['plan', '--trusted-root', other])).toMatchObject({ code: 'ROOT_PIN_MISMATCH' });
  });

  test('warns of metadata in staged/', async () => {
    const copy = await enrolledCopyOf();
    mkdirSync(copy.path('staged', 'targets'), { recursive: true });
    expect((await copy.json(['plan'])).warnings).toEqual([]);
    writeFileSync(copy.path('staged', 'snapshot.json'), '');
    expect((await copy.json(['plan'])).warnings).toMatchObject([{ code: 'STAGED_METADATA' }]);
  });
});

testWrongUsage(
  'plan',
  [],
  ['--force', '--dry-run', '--key', '--reason'].map((option) => ({
    given: `${option}, which is not an option of plan`,
    words: [option],
    says: new RegExp(`Unknown option '${option}'`),
    advises: /^See --help\.$/,
  })),
);
