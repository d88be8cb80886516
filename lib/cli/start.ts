import { Command } from 'commander';
import { orReport } from './run-command.ts';

/** What `timekeeper start` was told, word for word. Durations have other defaults for the demonstration. */
export interface StartOptions {
  readonly host: string;
  readonly port: string;
  readonly fresh?: true;
  readonly trustedRoot?: string;
  readonly validity?: string;
  readonly resignAfter?: string;
  readonly check?: string;
  readonly key?: string;
  readonly state?: string;
}

/** `timekeeper start`: serves a repository, keeps it fresh and shows how it is. What it needs is loaded only when it runs. */
export const startCommand = new Command('start')
  .description('serve a repository, keep it fresh and show how it is; without DIR a demonstration is made')
  .argument('[dir]', 'working directory of fleetctl updates, or the folder with the metadata')
  .option('--host <address>', 'the address to listen on', '127.0.0.1')
  .option('--port <number>', 'the port to listen on, or the next free one', '8787')
  .option('--fresh', 'make a new demonstration in place of the one that is there')
  .option('--trusted-root <file>', 'a root.json that you trust; begins the state at the first run')
  .option('--validity <duration>', 'how long a new timestamp lives (default: 14 days; demonstration: 1 hour)')
  .option('--resign-after <duration>', 'how old a timestamp is when the next is signed (3 days; 1 minute)')
  .option('--check <duration>', 'how often to look whether there is something to do (1 minute; 10 seconds)')
  .option('--key <file>', 'the key file (default: DIR/keys/timestamp.json)')
  .option('--state <dir>', 'where our state is kept (default: DIR/.timekeeper)')
  .action(async (dir: string | undefined, options: StartOptions) => {
    await orReport({ repository: dir ?? '', dryRun: false }, false, async () => {
      const { start } = await import('./start-run.ts');
      await start(dir, options);
    });
  });
