import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ratio, timeInTurn, type Candidate, type Measured } from './in-turn.ts';
import { manyFiles, staged } from './many-files.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';
import { copyOfFixture, repositoryWithTargets } from './repositories.ts';

const FILES = 10_000;
const FILE_BYTES = 4_096;
const LISTED = 100_000;

/** Many small targets in one commit. go-tuf finds them staged already: it is spared the copy that it would begin with. */
export async function compareMany(programs: Programs, folder: string): Promise<readonly Bound[]> {
  const build = manyFiles(join(folder, 'build'), 'many', FILES, FILE_BYTES);
  const fresh = await copyOfFixture(join(folder, 'many-fresh'));
  const candidates = candidatesFor(programs, join(folder, 'many'), fresh, build);
  const measured = timeInTurn(candidates, 3);
  rmSync(join(folder, 'many-ours'), { recursive: true });
  return boundOf('f. add 10,000 targets of 4 KiB', measured, 0.33);
}

/** One target, and a hundred, onto very many. */
export async function compareOnto(programs: Programs, folder: string): Promise<readonly Bound[]> {
  const fresh = await repositoryWithTargets(join(folder, 'onto-fresh'), LISTED);
  const one = manyFiles(join(folder, 'one'), 'one', 1, FILE_BYTES);
  const hundred = manyFiles(join(folder, 'hundred'), 'hundred', 100, FILE_BYTES);
  const ofOne = timeInTurn(candidatesFor(programs, join(folder, 'onto'), fresh, one), 5);
  const ofHundred = timeInTurn(candidatesFor(programs, join(folder, 'onto'), fresh, hundred), 1, 0); // go-tuf takes half a minute
  return [
    ...boundOf('g. add 1 target onto 100,000', ofOne, 0.2),
    ...boundOf('h. add 100 targets onto 100,000', ofHundred, 0.05),
  ];
}

function boundOf(what: string, measured: readonly Measured[], atMost: number): readonly Bound[] {
  const [ours, goTuf] = measured;
  if (ours === undefined || goTuf === undefined) return [];
  const found = ratio(ours, goTuf);
  console.log(table(what, [goTuf, ours], [found]));
  return [{ what: `${what}, to go-tuf`, ratio: found, atMost, tolerance: atMost / 10 }];
}

/** Ours, and go-tuf if it is there, each on its own copy of a repository. */
export function candidatesFor(
  { node, timekeeper, goTuf }: Programs,
  place: string,
  fresh: string,
  build: string,
): readonly Candidate[] {
  const anew = (repository: string) => () => {
    rmSync(repository, { recursive: true, force: true });
    cpSync(fresh, repository, { recursive: true });
  };
  const [ours, peers] = [`${place}-ours`, `${place}-go-tuf`];
  const our = {
    name: 'timekeeper updates add --folder',
    before: anew(ours),
    command: [node, timekeeper, 'updates', 'add', '--path', ours, '--folder', build],
  };
  if (goTuf === undefined) return [our];
  const before = () => {
    anew(peers)();
    staged(build, peers);
  };
  return [our, { name: 'go-tuf v0.5.2, already staged', before, command: [goTuf, 'add-staged', peers, '1.0'] }];
}
