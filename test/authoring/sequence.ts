import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Artefact } from '../../lib/authoring/target-paths.ts';
import { timekeeper } from '../cli/timekeeper.ts';
import type { Passphrases, Role } from '../peers/go-tuf.ts';
import { ours, seeded, WORDS } from './updates.ts';

/** How many sequences a test runs of a kind. The ordinary number keeps it short; `TIMEKEEPER_SEQUENCES` asks for more. */
export const SEQUENCES = Number(process.env.TIMEKEEPER_SEQUENCES ?? 6);

const DAY = 86_400_000; // ms
const ROLES: readonly Role[] = ['root', 'targets', 'snapshot', 'timestamp'];

/** Under what one command runs. */
export interface StepConditions {
  readonly now: string;
  readonly random: string;
  readonly passphrases: Passphrases;
  readonly consistentSnapshots: boolean;
}

/** One command, and what is to go wrong with it. */
export type Step = StepConditions &
  (
    | { readonly do: 'init' | 'timestamp' | 'roots' }
    | { readonly do: 'add'; readonly artefact: Artefact }
    | { readonly do: 'rotate'; readonly role: Role }
  );

/** A random sequence of commands. */
export interface Sequence {
  readonly init: StepConditions;
  /** What comes after `init`. */
  readonly steps: readonly Step[];
}

/**
 * A random sequence of commands, over days or years: so metadata expires. A third has encrypted key files, and now and then a wrong passphrase;
 * a quarter has consistent snapshots. The same number gives the same one.
 * @param newPlace - gives a path for an artefact
 */
export function sequence(number: number, newPlace: () => string): Sequence {
  const random = seeded(`sequence ${number}`);
  const below = (n: number) => Buffer.from(random(4)).readUInt32BE() % n;
  const oneOf = <T>(list: readonly T[]) => list[below(list.length)]!;
  const isEncrypted = number % 3 === 0; // the others have plain key files: scrypt takes its time
  const consistentSnapshots = number % 4 === 1;
  const right: Passphrases = isEncrypted ? WORDS : {};
  let now = Date.parse('2026-11-24T00:00:00.000Z');
  const conditions = (index: number): StepConditions => {
    now += oneOf([0, 1_499, DAY / 3, DAY, 20 * DAY, 20 * DAY, 400 * DAY, 1_200 * DAY, 3_700 * DAY]);
    const isWrong = isEncrypted && below(6) === 0;
    const passphrases = isWrong ? { ...right, [oneOf(ROLES)]: 'wrong' } : right;
    return { now: new Date(now).toISOString(), random: `${number} ${index}`, passphrases, consistentSnapshots };
  };
  const steps = Array.from({ length: 3 + below(6) }, (_, index): Step => {
    const command = oneOf([
      'init',
      'roots',
      'timestamp',
      'timestamp',
      'add',
      'add',
      'add',
      'rotate',
      'rotate',
    ] as const);
    switch (command) {
      case 'rotate':
        return { do: command, role: oneOf(ROLES), ...conditions(index) };
      case 'add':
        return {
          do: command,
          artefact: anArtefact(random(below(60_000)), newPlace(), oneOf, below),
          ...conditions(index),
        };
      case 'init':
      case 'roots':
      case 'timestamp':
        return { do: command, ...conditions(index) };
    }
  });
  return { init: { ...conditions(-1), passphrases: right }, steps };
}

function anArtefact(
  content: Uint8Array,
  folder: string,
  oneOf: <T>(list: readonly T[]) => T,
  below: (n: number) => number,
): Artefact {
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

/** Does a step with our commands. Resolves to what it prints for scripts; rejects where the command refuses. */
export async function byUs(folder: string, step: Step): Promise<string> {
  switch (step.do) {
    case 'init':
      await ours.init(folder, step);
      return '';
    case 'add':
      await ours.add(folder, step.artefact, step);
      return '';
    case 'rotate':
      await ours.rotate(folder, step.role, step);
      return '';
    case 'timestamp':
      await ours.timestamp(folder, step);
      return '';
    case 'roots':
      return (await timekeeper(['updates', 'roots', '--path', folder])).stdout;
  }
}
