import { Command } from 'commander';
import { beginWith, fetchTargets, type Fetching } from '../client/fetch.ts';
import { stateFolder } from '../client/state-folder.ts';
import { UsageError } from '../contract/errors.ts';
import { ABSENT_TO_CLIENTS, httpStore } from '../stores/http.ts';
import { parseBase } from '../stores/http-request.ts';
import { instantOf } from '../tuf/instant.ts';
import { runAsClient } from './client-result.ts';
import { trustedRootOf } from './options.ts';

interface FetchOptions {
  readonly trustedRoot?: string;
  readonly state?: string;
  readonly targetsUrl?: string;
  readonly out: string;
  readonly json?: true;
}

/** `timekeeper fetch URL TARGET…`: refreshes and downloads as a client does. */
export const fetchCommand = new Command('fetch')
  .description('refresh as a client does and download targets')
  .argument('<metadata-url>', 'where clients read the metadata')
  .argument('[targets...]', 'paths of targets, as the metadata names them; none: refresh only')
  .option('--trusted-root <file>', 'a root.json that you trust; used while the state has none')
  .option('--state <dir>', 'where the client keeps what it knows (default: nowhere)')
  .option('--targets-url <url>', 'where clients read the targets (default: targets/ below the metadata)')
  .option('--out <dir>', 'where the targets are put, each under its own path', '.')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (url: string, targets: readonly string[], options: FetchOptions) => {
    const now = instantOf(Date.now());
    const fetched: Fetching['fetched'] = [];
    const known: Fetching['known'] = new Map();
    await runAsClient(
      { known, fetched },
      options.json ?? false,
      () => now,
      async () => {
        const store = httpStore(url, { absent: ABSENT_TO_CLIENTS });
        const places = {
          url: parseBase(options.targetsUrl ?? new URL('targets/', parseBase(url)).href).href,
          folder: options.out,
        };
        const memory = options.state === undefined ? new Map<string, Uint8Array>() : stateFolder(options.state);
        await beginWith(memory, () => named(trustedRootOf(options)));
        await fetchTargets(store, memory, { targets, places, known, fetched }, now);
      },
    );
  });

/** There has to be a root to begin with. */
export function named(root: Uint8Array | undefined): Uint8Array {
  if (root !== undefined) return root;
  throw new UsageError('Nothing is trusted yet.', { remedy: 'Name a root.json that you trust with --trusted-root.' });
}
