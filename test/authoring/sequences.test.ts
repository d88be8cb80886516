import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { targetPaths, type Artefact } from '../../lib/authoring/target-paths.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTuf, GoTufLoop, Passphrases, Role } from '../peers/go-tuf.ts';
import { contentOf, ours, seeded, WORDS } from './updates.ts';

const SEQUENCES = Number(process.env.TIMEKEEPER_SEQUENCES ?? 6); // of each kind; 200 take about ten minutes
const PATIENCE = 60_000 + SEQUENCES * 20_000; // ms
const DAY = 86_400_000; // ms
const ROLES: readonly Role[] = ['root', 'targets', 'snapshot', 'timestamp'];

const scratch = mkdtempSync(join(tmpdir(), 'sequences-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** One command, and what is to go wrong with it. */
type Step = { readonly now: string; readonly random: string; readonly passphrases: Passphrases } & (
  | { readonly do: 'timestamp' }
  | { readonly do: 'add'; readonly artefact: Artefact }
  | { readonly do: 'rotate'; readonly role: Role }
);

/** A random sequence of commands, over days or years. The same number gives the same one. */
function sequence(number: number): { readonly init: Step; readonly steps: readonly Step[] } {
  const random = seeded(`sequence ${number}`);
  const below = (n: number) => Buffer.from(random(4)).readUInt32BE() % n;
  const oneOf = <T>(list: readonly T[]) => list[below(list.length)]!;
  const right: Passphrases = number % 3 === 0 ? WORDS : {}; // the others have plain key files: scrypt takes its time
  let now = Date.parse('2026-11-24T00:00:00.000Z');
  const given = (index: number) => {
    now += oneOf([0, 1_499, DAY / 3, DAY, 20 * DAY, 20 * DAY, 400 * DAY, 1_200 * DAY]);
    const isWrong = number % 3 === 0 && below(6) === 0;
    const passphrases = isWrong ? { ...right, [oneOf(ROLES)]: 'wrong' } : right;
    return { now: new Date(now).toISOString(), random: `${number} ${index}`, passphrases };
  };
  const steps = Array.from({ length: 3 + below(5) }, (_, index): Step => {
    switch (oneOf(['timestamp', 'add', 'add', 'add', 'rotate'] as const)) {
      case 'timestamp':
        return { do: 'timestamp', ...given(index) };
      case 'rotate':
        return { do: 'rotate', role: oneOf(ROLES), ...given(index) };
      case 'add':
        return { do: 'add', artefact: anArtefact(random(below(60_000)), oneOf, below), ...given(index) };
    }
  });
  return { init: { do: 'timestamp', ...given(-1), passphrases: right }, steps };
}

function anArtefact(content: Uint8Array, oneOf: <T>(list: readonly T[]) => T, below: (n: number) => number): Artefact {
  const folder = newPlace();
  mkdirSync(folder);
  const file = join(folder, `file${oneOf(['', '.exe', '.app.tar.gz', '.pkg', '.ext', '.ext.exe', '.tar.gz'])}`);
  writeFileSync(file, content);
  return {
    file,
    name: oneOf(['orbit', 'osqueryd', 'desktop', 'nudge', 'extensions/hello', 'a <b> & "c"']),
    platform: oneOf(['linux', 'linux-arm64', 'macos', 'macos-app', 'windows']),
    version: `${below(3)}.${below(3)}`,
    tags: oneOf([[], ['stable'], ['edge', 'stable'], ['0', '1', '2'], ['Ünï <&> 𝒳', '\ufb00', '\u2028']]),
  };
}

async function byUs(folder: string, step: Step): Promise<void> {
  if (step.do === 'add') await ours.add(folder, step.artefact, step);
  else if (step.do === 'rotate') await ours.rotate(folder, step.role, step);
  else await ours.timestamp(folder, step);
}

async function byGoTuf(peer: GoTuf, folder: string, step: Step): Promise<void> {
  if (step.do === 'rotate') await peer.rotate(folder, step.role, step);
  else if (step.do === 'timestamp') await peer.timestamp(folder, step);
  else {
    const { file, version } = step.artefact;
    await peer.add(folder, { source: file, version, paths: targetPaths(step.artefact) }, step);
  }
}

/** What scripts see of it: whether it worked. What a refused go-tuf leaves in `staged/` is removed, as an operator has to. */
async function outcomeOf(folder: string, run: Promise<void>): Promise<'done' | 'refused'> {
  const outcome = await run.then(
    () => 'done' as const,
    () => 'refused' as const,
  );
  if (outcome === 'refused') {
    rmSync(join(folder, 'staged'), { recursive: true });
    mkdirSync(join(folder, 'staged', 'targets'), { recursive: true });
  }
  return outcome;
}

await describeWithGoTuf(`${SEQUENCES} random sequences of commands`, (peer) => {
  let loop: GoTufLoop;
  const tally = { done: 0, refused: 0 };
  beforeAll(() => {
    loop = peer.loop();
  });
  afterAll(async () => {
    await loop.close();
    if (process.env.MEASURE) console.log(tally);
  });

  /** Runs a sequence by go-tuf alone and by somebody else beside it, and compares all there is after each command. A client with memory follows. */
  async function expectSame(number: number, other: (folder: string, step: Step, index: number) => Promise<void>) {
    const { init, steps } = sequence(number);
    const [one, two] = [newPlace(), newPlace()];
    await peer.init(one, init);
    await ours.init(two, init);
    expect(contentOf(two)).toEqual(contentOf(one));
    const client = newPlace();
    await loop.init(client, readFileSync(join(two, 'repository', '1.root.json')));
    for (const [index, step] of steps.entries()) {
      const [theirs, our] = await Promise.all([
        outcomeOf(one, byGoTuf(peer, one, step)),
        outcomeOf(two, other(two, step, index)),
      ]);
      expect({ number, index, step, outcome: our }).toEqual({ number, index, step, outcome: theirs });
      expect(contentOf(two)).toEqual(contentOf(one));
      tally[our]++;
      if (our === 'refused') continue;
      const check = await loop.update(client, join(two, 'repository'), { now: step.now, targets: true });
      expect(check).toMatchObject({ ok: true });
    }
    rmSync(one, { recursive: true });
    rmSync(two, { recursive: true });
  }

  const numbers = Array.from({ length: SEQUENCES }, (_, index) => index);

  describe('by go-tuf and by us', () => {
    test(
      'give the same files, to the byte, and the same refusals',
      async () => {
        for (const number of numbers) await expectSame(number, byUs);
      },
      PATIENCE,
    );
  });

  describe('by go-tuf, and by the two in turn', () => {
    test(
      'give the same files, to the byte, and the same refusals',
      async () => {
        for (const number of numbers) {
          const other = (folder: string, step: Step, index: number) =>
            (number + index) % 2 === 0 ? byUs(folder, step) : byGoTuf(peer, folder, step);
          await expectSame(1_000 + number, other);
        }
      },
      PATIENCE,
    );
  });
});
