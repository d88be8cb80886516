import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fillRepository } from '../authoring/init.ts';
import { newFolder } from '../authoring/new-folder.ts';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import type { Instant, Seconds } from '../tuf/instant.ts';
import { readOptionalFile } from './read-file.ts';

/** Where the demonstration is made, in the folder in which the command was started. */
export const DEMONSTRATION = 'timekeeper-demo';

const MARKER = '.timekeeper-demo';
const MARK = 'Made by `timekeeper start`; `timekeeper start --fresh` deletes this folder.\n';
const PASSPHRASES = 'passphrases.env';
const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;

const README = `A demonstration of Timekeeper. Made by \`timekeeper start\`, for demonstration only.

The keys in keys/ are real, and their passphrases lie beside them in passphrases.env, which nobody should
do who wants to be safe. So trust nothing that this repository says, and publish nothing of it.

keys/, repository/ and staged/ are what \`fleetctl updates init\` makes. To publish something in it while
\`timekeeper start\` runs:

  set -a; . ./passphrases.env; set +a
  fleetctl updates add --path . --target FILE --name orbit --platform linux --version 1.0.0

\`timekeeper start --fresh\` deletes this folder and makes a new one. You may delete it too.
`;

/** Whether the demonstration was there already. */
export type Found = 'made just now' | 'from before';

/**
 * Makes the demonstration, or uses on the one that is there.
 * @param fresh - delete the one that is there; only a folder that carries our mark is ever deleted
 * @param timestampValidity - how long the first timestamp of a new one lives
 * @throws UsageError if something else is in its place
 */
export async function prepareDemonstration(fresh: boolean, timestampValidity: Seconds, now: Instant): Promise<Found> {
  const folder = resolve(DEMONSTRATION);
  if (isThere(folder)) {
    if (!isOurs(folder)) {
      throw new UsageError(
        `${quote(DEMONSTRATION)} is there, but was not made by this command: move it away, or name the repository that you mean.`,
      );
    }
    if (!fresh) return 'from before';
    rmSync(folder, { recursive: true });
  }
  const words = new Map(ROLES.map((role) => [role, randomBytes(16).toString('hex')]));
  const bytes = (role: (typeof ROLES)[number]) => Buffer.from(words.get(role) ?? '', 'utf8');
  const passphrases = { root: bytes('root'), targets: bytes('targets'), snapshot: bytes('snapshot'), timestamp: bytes('timestamp') }; // prettier-ignore
  await newFolder(folder, async (unfinished) => {
    const lines = Array.from(words, ([role, word]) => `${variable(role)}=${word}\n`);
    writeFileSync(join(unfinished, MARKER), MARK);
    writeFileSync(join(unfinished, 'README.txt'), README);
    writeFileSync(join(unfinished, PASSPHRASES), lines.join(''), { mode: 0o600 });
    await fillRepository(unfinished, { passphrases, timestampValidity }, now);
  });
  return 'made just now';
}

/**
 * The passphrase of the demonstration's timestamp key. Never the environment's, which belongs to a real repository.
 * @throws UsageError
 */
export function demonstrationPassphrase(): Uint8Array {
  const file = readOptionalFile(join(DEMONSTRATION, PASSPHRASES), 4_096);
  const text = file === undefined ? '' : Buffer.from(file).toString('utf8');
  const word = new RegExp(`^${variable('timestamp')}=(\\S+)$`, 'm').exec(text)?.[1];
  if (word !== undefined) return Buffer.from(word, 'utf8');
  throw new UsageError(
    `The demonstration lacks the passphrase of its timestamp key (${PASSPHRASES}): make a new one with --fresh.`,
  );
}

function variable(role: string): string {
  return `FLEET_${role.toUpperCase()}_PASSPHRASE`;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A symbolic link leads to somebody else's folder, whatever is in it. */
function isOurs(folder: string): boolean {
  if (!lstatSync(folder).isDirectory()) return false;
  const marker = join(folder, MARKER);
  return (lstatSync(marker, { throwIfNoEntry: false })?.isFile() ?? false) && readFileSync(marker, 'utf8') === MARK;
}
