import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { targetPaths } from '../../lib/authoring/target-paths.ts';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTuf, GoTufLoop } from '../peers/go-tuf.ts';
import { byUs, sequence, SEQUENCES, type Step } from './sequence.ts';
import { contentOf, ours } from './updates.ts';

const PATIENCE = 300_000 + SEQUENCES * 20_000; // ms

const scratch = mkdtempSync(join(tmpdir(), 'sequences-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

async function byGoTuf(peer: GoTuf, folder: string, step: Step): Promise<string> {
  switch (step.do) {
    case 'init':
      await peer.init(folder, { ...step, consistentSnapshot: step.consistentSnapshots });
      return '';
    case 'add': {
      const { file, version } = step.artefact;
      await peer.add(folder, { source: file, version, paths: targetPaths(step.artefact) }, step);
      return '';
    }
    case 'rotate':
      await peer.rotate(folder, step.role, step);
      return '';
    case 'timestamp':
      await peer.timestamp(folder, step);
      return '';
    case 'roots':
      return peer.roots(folder);
  }
}

/** Why a command refuses, in words that either tool uses. */
const REASONS = { passphrase: /passphrase/, expired: /expired/, 'is there already': /already initialized/ } as const;

/** What scripts see of a command. What a refused go-tuf leaves in `staged/` is removed, as an operator has to. */
async function outcomeOf(folder: string, run: Promise<string>): Promise<string> {
  const outcome = await run.then(
    (printed) => `done ${printed}`,
    (error: unknown) => `refused: ${reasonIn(String(error))}`,
  );
  if (!outcome.startsWith('done')) {
    rmSync(join(folder, 'staged'), { recursive: true });
    mkdirSync(join(folder, 'staged', 'targets'), { recursive: true });
  }
  return outcome;
}

function reasonIn(message: string): string {
  return Object.entries(REASONS).find(([, words]) => words.test(message))?.[0] ?? message;
}

await describeWithGoTuf(`${SEQUENCES} random sequences of commands`, (peer) => {
  let loop: GoTufLoop;
  const tally: Record<string, number> = {};
  beforeAll(() => {
    loop = peer.loop();
  });
  afterAll(async () => {
    await loop.close();
    if (process.env.MEASURE) console.log(tally);
  });

  /** Runs a sequence by go-tuf alone and by somebody else beside it, and compares all there is after each command. A client with memory follows. */
  async function expectSame(number: number, other: (folder: string, step: Step, index: number) => Promise<string>) {
    const { init, steps } = sequence(number, newPlace);
    const [one, two] = [newPlace(), newPlace()];
    await peer.init(one, { ...init, consistentSnapshot: init.consistentSnapshots });
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
      const kind = `${step.do}${our.startsWith('done') ? ' done' : ` ${our}`}`;
      tally[kind] = (tally[kind] ?? 0) + 1;
      if (!our.startsWith('done') || step.do === 'roots') continue;
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
