import { readdirSync, type Dirent } from 'node:fs';
import { UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { diskError } from '../stores/disk-error.ts';
import { targetPaths, type Artefact } from './target-paths.ts';

/**
 * The artefacts of a folder that is laid out as `targets/` is: every file below it is to become the target of its path, `NAME/PLATFORM/VERSION/FILE`.
 * @param tags - for all of them
 * @throws UsageError that names the first file which cannot: none is left out silently
 * @throws FailureError STORE_UNREACHABLE, ACCESS_DENIED
 */
export function artefactsOfFolder(folder: string, tags: readonly string[]): readonly Artefact[] {
  const artefacts = filesBelow(folder, '').map((path) => artefactOf(path, folder, tags));
  if (artefacts.length === 0) throw new UsageError(`There is no file below ${quote(folder)}.`, { remedy: LAYOUT });
  return artefacts;
}

const LAYOUT = 'Lay the folder out as NAME/PLATFORM/VERSION/FILE, say orbit/linux/1.2.3/orbit, and nothing else in it.';

function artefactOf(path: string, folder: string, tags: readonly string[]): Artefact {
  const parts = path.split('/');
  const [version = '', platform = '', ...name] = parts.slice(0, -1).toReversed();
  const isNamed = name.length === 1 || (name.length === 2 && name[1] === 'extensions');
  if (!isNamed) throw fault(path, folder, 'is not at NAME/PLATFORM/VERSION/FILE');
  const origin = `${printable(path)} in ${printable(folder)}`;
  const artefact = { file: `${folder}/${path}`, name: name.toReversed().join('/'), platform, version, tags, origin };
  const [asked = ''] = targetPaths(artefact);
  if (asked !== path) throw fault(path, folder, `is not called as what asks for it expects: ${quote(asked)}`);
  return artefact;
}

/** Every file, by its path below the folder, in the order of names. */
function filesBelow(folder: string, path: string): readonly string[] {
  return entriesOf(`${folder}/${path}`).flatMap((entry) => {
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(folder, below);
    if (entry.isFile()) return [below];
    throw fault(below, folder, 'is neither a file nor a folder');
  });
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw diskError(error, folder, 'listed');
  }
}

function fault(path: string, folder: string, what: string): UsageError {
  return new UsageError(`${printable(path)} in ${printable(folder)} ${what}.`, { remedy: LAYOUT });
}
