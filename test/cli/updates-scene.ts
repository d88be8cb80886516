import { writeFileSync } from 'node:fs';
import { ours } from '../authoring/updates.ts';
import { newPath } from './working-copy.ts';

/** The environment of a command: the passphrases of a new repository. */
export const WORDS = { FLEET_ROOT_PASSPHRASE: 'r', FLEET_TARGETS_PASSPHRASE: 's', FLEET_SNAPSHOT_PASSPHRASE: 't', FLEET_TIMESTAMP_PASSPHRASE: 'u' }; // prettier-ignore

/** Repositories with one target, from which commands that are killed begin. */
export interface Scene {
  /** A file with what is to be published next. */
  readonly source: string;
  /** A working directory with plain key files, by whether its snapshots are consistent. Not to be changed. */
  folder(consistentSnapshots: boolean): string;
}

export async function updatesScene(): Promise<Scene> {
  const [source, plain, consistent] = [newPath(), newPath(), newPath()];
  writeFileSync(source, 'the first');
  for (const folder of [plain, consistent]) {
    await ours.init(folder, { random: 'init', consistentSnapshots: folder === consistent });
    const artefact = { file: source, name: 'orbit', platform: 'linux', version: '1', tags: ['stable'] };
    await ours.add(folder, artefact, { random: 'add' });
  }
  writeFileSync(source, 'the second');
  return { source, folder: (consistentSnapshots) => (consistentSnapshots ? consistent : plain) };
}
