import fc from 'fast-check';
import { beforeAll, expect, test } from '@jest/globals';
import { seconds, after, type Instant } from '../../lib/tuf/instant.ts';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import { judge, stalenessLimit } from '../../lib/watch/judge.ts';
import { look, type Sight } from '../../lib/watch/look.ts';
import type { Memory, Recalled } from '../../lib/watch/memory.ts';
import { encodeMemory, parseMemory } from '../../lib/watch/memory-file.ts';
import { remember } from '../../lib/watch/remember.ts';
import { findingsOf, reportOf } from '../../lib/watch/report.ts';
import { newRepository, type Repository } from '../refresh/repository.ts';
import { pinOf, POLICY } from './observed.ts';

/** What may become of a repository between two looks. */
const STEPS = {
  publish: (repository: Repository) => repository.publish(),
  sign: (repository: Repository) => repository.publishTimestamp(),
  root: (repository: Repository) => repository.publishRoot(),
  rollback: (repository: Repository, old: ReadonlyMap<string, Uint8Array>) => {
    repository.restore(old, 'timestamp.json', 'snapshot.json', 'targets.json', 'a.json');
  },
  'timestamp alone': (repository: Repository, old: ReadonlyMap<string, Uint8Array>) => {
    repository.restore(old, 'timestamp.json');
  },
  'sign twice': (repository: Repository) =>
    repository.resign('timestamp.json', (signed) => {
      signed.expires = '2026-12-20T00:00:00Z';
    }),
  'hide root': (repository: Repository) => {
    repository.remove('2.root.json');
  },
  break: (repository: Repository) => {
    repository.flipSignature('timestamp.json');
  },
  wait: () => undefined,
} as const;

const steps = fc.array(
  fc.tuple(fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])), fc.integer({ min: 0, max: 5 * 86_400 })),
  { minLength: 1, maxLength: 8 },
);
type Steps = readonly (readonly [keyof typeof STEPS, number])[];

/** One look: what was seen, what was remembered before and after it. */
interface Looked {
  readonly sight: Extract<Sight, { is: 'seen' }>;
  readonly recalled: Recalled;
  readonly memory: Memory;
  readonly now: Instant;
}

let healthy: Repository;
beforeAll(async () => {
  healthy = await newRepository({ delegations: ['a'] });
});

/** Looks before the first and after each step. The repository's keys and the clients are real. */
async function live(taken: Steps): Promise<readonly Looked[]> {
  const repository = healthy.copied();
  const old = repository.copy();
  const pin = pinOf(repository.bytes('1.root.json'));
  const looks: Looked[] = [];
  let recalled: Recalled = { is: 'none yet' };
  for (const [step, time] of [['wait', 0] as const, ...taken]) {
    repository.pass(time);
    await STEPS[step](repository, old);
    const { now } = repository;
    const before: Memory | undefined = recalled.is === 'kept' ? recalled.memory : undefined;
    const sight = await look({ metadata: repository.hosting }, pin, before);
    if (sight.is === 'blind') throw new Error(sight.message);
    const findings = findingsOf(judge(sight, recalled, POLICY, now), recalled, POLICY, now);
    const memory = remember(sight, recalled, findings, pin, now);
    looks.push({ sight, recalled, memory, now });
    recalled = { is: 'kept', memory: parseMemory(encodeMemory(memory), pin) };
  }
  return looks;
}

const versionOf = (bytes: Uint8Array) => parseTimestamp(bytes).version;
const codes = ({ sight, recalled }: Looked, now: Instant) =>
  judge(sight, recalled, POLICY, now).found.map(({ code }) => code);

/** Checks a property of all that may happen. */
async function always(property: (looks: readonly Looked[]) => void): Promise<void> {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      property(await live(taken));
    }),
    { numRuns: 60 },
  );
}

test('what is remembered never falls, never changes what it has, and reads back as it was written', async () => {
  await always((looks) => {
    for (const [index, { memory, recalled }] of looks.entries()) {
      expect(parseMemory(encodeMemory(memory), memory.pin)).toEqual(memory);
      if (recalled.is !== 'kept') continue;
      const { memory: before } = recalled;
      expect(memory.begunAt).toBe(looks[0]!.now);
      expect(memory.roots.slice(0, before.roots.length)).toEqual(before.roots);
      expect(versionOf(memory.timestamp!.bytes)).toBeGreaterThanOrEqual(versionOf(before.timestamp!.bytes));
      expect(memory.timestamp!.since).toBeGreaterThanOrEqual(before.timestamp!.since);
      for (const [name, { version, sha256 }] of before.targets) {
        const after = memory.targets.get(name)!;
        expect(after.version).toBeGreaterThanOrEqual(version);
        expect(after.version === version ? after.sha256 : sha256).toBe(sha256);
      }
      expect(index).toBeGreaterThan(0);
    }
  });
});

test('a timestamp older than a remembered one, or of its version with other bytes, is always found', async () => {
  let found = 0;
  await always((looks) => {
    for (const looked of looks) {
      const { recalled, sight, now } = looked;
      const { timestamp } = sight.served;
      if (recalled.is !== 'kept' || timestamp === undefined) continue;
      const known = parseTimestamp(recalled.memory.timestamp!.bytes);
      const wanted = timestamp.version < known.version ? 'VERSION_WENT_BACK' : 'EQUIVOCATION';
      const isWrong = timestamp.version <= known.version && timestamp.sha256 !== known.sha256;
      expect([wanted, codes(looked, now).includes(wanted)]).toEqual([wanted, isWrong]);
      if (isWrong) found++;
    }
  });
  expect(found).toBeGreaterThan(10); // else the steps would show nothing
});

test('healthy is said only if a new client gets through, nothing has expired, and it is not late', async () => {
  let said = 0;
  await always((looks) => {
    for (const { sight, recalled, now } of looks) {
      const judgement = judge(sight, recalled, POLICY, now);
      const { outcome } = reportOf('tests', judgement, findingsOf(judgement, recalled, POLICY, now));
      if (outcome !== 'healthy') continue;
      said++;
      const passes = judgement.found.filter(({ mayPass }) => mayPass === true);
      expect(judgement.newClientOk === true || passes.length > 0).toBe(true);
      expect(judgement.roles.every(({ expires }) => expires > now)).toBe(true);
      expect(judgement.age ?? 0).toBeLessThanOrEqual(stalenessLimit(POLICY));
    }
  });
  expect(said).toBeGreaterThan(10);
});

test('time alone never makes what is late or has expired well again, and the same look is judged alike', async () => {
  const LASTING = ['TIMESTAMP_STALE', 'TIMESTAMP_EXPIRED', 'SNAPSHOT_EXPIRED', 'TARGETS_EXPIRED', 'ROOT_EXPIRED', 'EQUIVOCATION', 'ROOT_GAP', 'ROOT_HIDDEN', 'VERSION_WENT_BACK']; // prettier-ignore
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 0, max: 4_000 * 86_400 }), async (taken, span) => {
      for (const looked of await live(taken)) {
        const now = codes(looked, looked.now);
        const later = codes(looked, after(looked.now, seconds(span)));
        expect(codes(looked, looked.now)).toEqual(now);
        expect(now.filter((code) => LASTING.includes(code) && !later.includes(code))).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});
