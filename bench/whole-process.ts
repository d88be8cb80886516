import { join } from 'node:path';
import { peakMemory, ratio, timeInTurn, type Candidate } from './in-turn.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';
import { copyOfFixture, repositoryWithTargets } from './repositories.ts';

/** One re-sign as a process of its own, against go-tuf's on a copy of the same repository. */
export async function compareResign(programs: Programs, folder: string): Promise<readonly Bound[]> {
  const { node, nothing, oneScrypt } = programs;
  const ours = resign(programs, await copyOfFixture(join(folder, 'ours')), 'timekeeper resign --force');
  const floors = [
    { name: 'Node, one scrypt and nothing else (floor)', command: [node, oneScrypt] },
    { name: 'Node, nothing', command: [node, nothing] },
  ];
  const peers = await goTufs(programs, folder);
  const measured = timeInTurn([...peers, ours, ...floors], 25);
  const [reference, ...others] = measured;
  if (reference === undefined) return [];
  const ratios = others.map((other) => ratio(other, reference));
  console.log(table('a. Re-sign a repository of 3 targets', measured, ratios));
  const index = others.findIndex(({ name }) => name === ours.name);
  if (peers.length === 0) return [];
  return [{ what: 'a. timekeeper to go-tuf', ratio: ratios[index] ?? NaN, atMost: 0.8, tolerance: 0.04 }];
}

async function goTufs(programs: Programs, folder: string): Promise<readonly Candidate[]> {
  if (programs.goTuf === undefined) {
    console.log('\nLEFT OUT: go-tuf, which needs Go and its module proxy.');
    return [];
  }
  const one = await copyOfFixture(join(folder, 'go-tuf'));
  const two = await copyOfFixture(join(folder, 'go-tuf-as-fleetctl'));
  return [
    { name: 'go-tuf v0.5.2', command: goTuf(programs.goTuf, one) },
    { name: 'go-tuf v0.5.2, keys checked beforehand as fleetctl does', command: [programs.goTuf, 'timestamp', two] },
  ];
}

const goTuf = (program: string, folder: string) => [program, 'timestamp', folder, '--unchecked-keys'];

const MANY = 100_000;

/** Our own re-sign with 100,000 targets against the one with 3; go-tuf's beside it, to see what it could cost. */
export async function compareManyTargets(programs: Programs, folder: string): Promise<readonly Bound[]> {
  const [few, many] = await Promise.all([3, MANY].map((count) => repositoryWithTargets(join(folder, `targets-${count}`), count))); // prettier-ignore
  if (few === undefined || many === undefined) return [];
  const candidates = [
    resign(programs, few, 'timekeeper, 3 targets'),
    resign(programs, many, 'timekeeper, 100,000 targets'),
  ] as const;
  const [small, large] = candidates;
  const measured = timeInTurn(candidates, 25);
  const [first, second] = measured;
  if (first === undefined || second === undefined) return [];
  const time = ratio(second, first);
  console.log(table('b. Re-sign, few targets and many', measured, [time]));

  const peaks = [peakMemory(small, 9), peakMemory(large, 9)] as const;
  const memory = peaks[0] === undefined || peaks[1] === undefined ? undefined : peaks[1] / peaks[0];
  console.log(
    memory === undefined
      ? '\nLEFT OUT: memory, which needs GNU time in /usr/bin/time.'
      : `\nPeak memory, MiB: ${peaks.map((peak) => peak?.toFixed(1)).join(' and ')}.`,
  );
  if (programs.goTuf !== undefined) {
    const peers = [few, many].map((repository, index) => ({
      name: `go-tuf v0.5.2, ${['3', '100,000'][index]} targets`,
      command: goTuf(programs.goTuf ?? '', repository),
    }));
    const [one, other] = timeInTurn(peers, 3);
    if (one !== undefined && other !== undefined)
      console.log(table('For comparison', [one, other], [ratio(other, one)]));
  }
  return [
    { what: 'b. time with 100,000 targets to time with 3', ratio: time, atMost: 1.1, tolerance: 0.05 },
    ...(memory === undefined ? [] : [{ what: 'b. memory, the same', ratio: memory, atMost: 1.1, tolerance: 0.02 }]),
  ];
}

/** Begins the state, so that what is timed is what happens every three days. */
function resign({ node, timekeeper }: Programs, repository: string, name: string): Candidate {
  const root = join(repository, 'repository', 'root.json');
  timeInTurn(
    [{ name: 'enrol', command: [node, timekeeper, 'resign', '--path', repository, '--trusted-root', root] }],
    0,
  );
  return { name, command: [node, timekeeper, 'resign', '--force', '--path', repository] };
}
