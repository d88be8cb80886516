import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Ailment } from '../authoring/diagnosis.ts';
import { beginWith } from '../client/fetch.ts';
import { overlay, stateFolder } from '../client/state-folder.ts';
import { update } from '../client/update.ts';
import { isCoded, UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { directoryStore } from '../stores/directory.ts';
import { ABSENT_TO_CLIENTS, httpStore } from '../stores/http.ts';
import type { ReadStore } from '../stores/store.ts';
import type { Known } from '../tuf/client.ts';
import { instantOf, parseInstant, type Instant } from '../tuf/instant.ts';
import { runAsClient } from './client-result.ts';
import { named } from './fetch.ts';
import { trustedRootOf } from './options.ts';

interface VerifyOptions {
  readonly trustedRoot?: string;
  readonly at?: string;
  readonly from?: string;
  readonly json?: true;
}

/**
 * `timekeeper verify WHERE`: a client's whole workflow from a root that one trusts, every delegated role included; in a working directory of fleetctl also
 * the files of the targets, and what keeps the next command from working. Keeps nothing.
 */
export const verifyCommand = new Command('verify')
  .description(
    'check a repository as a client does, with every role that its snapshot lists; in fleetctl’s working directory also every target’s file; keeps and changes nothing',
  )
  .argument('<where>', 'a folder (with the metadata, or fleetctl’s working directory) or a URL')
  .option('--trusted-root <file>', 'a root.json that you trust')
  .option('--at <time>', 'judge it at another moment, such as 2030-01-31T00:00:00Z')
  .option('--from <dir>', 'begin as a client that holds this state (of fetch --state); it is not changed')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (where: string, options: VerifyOptions) => {
    const known: Known = new Map();
    let now = instantOf(Date.now());
    const ailments: Ailment[] = [];
    await runAsClient(
      { known, fetched: [], ailments },
      options.json ?? false,
      () => now,
      async () => {
        now = options.at === undefined ? now : moment(options.at);
        const store = storeOf(where);
        const memory = overlay(
          options.from === undefined ? new Map<string, Uint8Array>() : stateFolder(folder(options.from)),
        );
        await beginWith(memory, () => named(trustedRootOf(options)));
        try {
          await update(store, memory, now, known);
        } finally {
          if (isWorkingDirectory(where)) ailments.push(...(await diagnosed(where, now)));
        }
      },
    );
  });

/** Loaded only where it is needed. */
async function diagnosed(where: string, now: Instant): Promise<readonly Ailment[]> {
  const { diagnose } = await import('../authoring/diagnosis.ts');
  return diagnose(where, 'hash', now);
}

function isWorkingDirectory(where: string): boolean {
  return !isUrl(where) && isFolder(join(where, 'repository'));
}

function isUrl(where: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(where);
}

function storeOf(where: string): ReadStore {
  if (isUrl(where)) return httpStore(where, { absent: ABSENT_TO_CLIENTS });
  const repository = join(folder(where), 'repository'); // fleetctl's layout
  return directoryStore(isFolder(repository) ? repository : where);
}

function folder(path: string): string {
  if (isFolder(path)) return path;
  throw new UsageError(`There is no folder ${quote(path)}.`, { remedy: 'Name a folder that is there.' });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // not there, or not to be looked at: the message names it
  }
}

function moment(text: string): Instant {
  try {
    return parseInstant(text, '--at');
  } catch (error) {
    if (isCoded(error)) throw new UsageError(error.message, { remedy: 'Write it as 2030-01-31T00:00:00Z.' });
    throw error;
  }
}
