import { closeSync, cpSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { peakMemory, ratio, timeInTurn, type Candidate } from './in-turn.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';
import { copyOfFixture } from './repositories.ts';

const GIB = 2 ** 30;
const ROUNDS = 3;

/** `updates add` of one target of 1 GiB, against go-tuf's and against one SHA-512 of it; and the memory that it takes. */
export async function compareLarge(programs: Programs, folder: string, disk: string): Promise<readonly Bound[]> {
  const [small, large] = [fileOf(folder, 'small', 2 ** 20), fileOf(folder, 'large', GIB)];
  const hashing = { name: 'openssl dgst -sha512', command: ['openssl', 'dgst', '-sha512', large] };
  const ours = await adding(programs, folder, large, 'timekeeper updates add');
  const peer = await goTufAdding(programs, folder, large);
  const measured = timeInTurn([hashing, ours, ...peer], ROUNDS);
  const [hash, our, goTuf] = measured;
  if (hash === undefined || our === undefined) return [];
  const toHash = ratio(our, hash);
  const toGoTuf = goTuf === undefined ? undefined : ratio(our, goTuf);
  console.log(table('e. add one target of 1 GiB', measured, [toHash, ...(goTuf === undefined ? [] : [ratio(goTuf, hash)])])); // prettier-ignore

  const few = await adding(programs, folder, small, '1 MiB');
  const peaks = [few, ours].map((candidate) => peakOf(candidate));
  const memory = peaks[0] === undefined || peaks[1] === undefined ? undefined : peaks[1] / peaks[0];
  console.log(`\nPeak memory for 1 MiB and for 1 GiB, MiB: ${peaks.map((peak) => peak?.toFixed(0) ?? 'unknown').join(' and ')}.`); // prettier-ignore
  rmSync(ours.repository, { recursive: true });

  await onDisk(programs, disk, large);
  return [
    { what: 'e. add 1 GiB, to one SHA-512 by openssl', ratio: toHash, atMost: 1.5, tolerance: 0.1 },
    ...(toGoTuf === undefined ? [] : [{ what: 'e. add 1 GiB, to go-tuf', ratio: toGoTuf, atMost: 0.3, tolerance: 0.03 }]), // prettier-ignore
    ...(memory === undefined ? [] : [{ what: 'e. memory for 1 GiB to memory for 1 MiB', ratio: memory, atMost: 1.1, tolerance: 0.05 }]), // prettier-ignore
  ];
}

function peakOf(candidate: Resettable): number | undefined {
  candidate.before();
  return peakMemory(candidate, 1);
}

/** For information only: disks differ more than programs do. */
async function onDisk(programs: Programs, disk: string, large: string): Promise<void> {
  const ours = await adding(programs, disk, large, 'timekeeper updates add, on the disk, flushed');
  const peer = await goTufAdding(programs, disk, large);
  const measured = timeInTurn([ours, ...peer], 1);
  const [our, goTuf] = measured;
  if (our !== undefined && goTuf !== undefined)
    console.log(table('For information: the same onto the disk', measured, [ratio(goTuf, our)]));
}

/** A candidate that begins anew each time. */
type Resettable = Candidate & { readonly before: () => void; readonly repository: string };

async function resettable(
  folder: string,
  name: string,
  commandOf: (repository: string) => readonly string[],
): Promise<Resettable> {
  // prettier-ignore
  const repository = join(folder, name.replaceAll(/\W+/g, '-'));
  const fresh = await copyOfFixture(`${repository}-fresh`);
  const before = () => {
    rmSync(repository, { recursive: true, force: true });
    cpSync(fresh, repository, { recursive: true });
  };
  return { name, repository, before, command: commandOf(repository) };
}

function adding({ node, timekeeper }: Programs, folder: string, file: string, name: string): Promise<Resettable> {
  return resettable(folder, name, (repository) => [node, timekeeper, 'updates', 'add', '--path', repository, '--target', file, '--name', 'large', '--platform', 'linux', '--version', '1.0']); // prettier-ignore
}

async function goTufAdding({ goTuf }: Programs, folder: string, file: string): Promise<readonly Resettable[]> {
  if (goTuf === undefined) return [];
  return [await resettable(folder, 'go-tuf v0.5.2 add', (repository) => [goTuf, 'add', repository, file, '1.0', 'large/linux/1.0/large'])]; // prettier-ignore
}

function fileOf(folder: string, name: string, bytes: number): string {
  const path = join(folder, name);
  const piece = Buffer.alloc(2 ** 20, name);
  const file = openSync(path, 'w');
  for (let written = 0; written < bytes; written += piece.length) writeSync(file, piece);
  closeSync(file);
  return path;
}
