import { Command, Option } from 'commander';
import { orReport } from './run-command.ts';

/** What `timekeeper status` was told, word for word. */
export interface StatusOptions {
  readonly trustedRoot?: string;
  readonly state?: string;
  readonly mode: 'refresh' | 'advance';
  readonly validity: string;
  readonly resignAfter: string;
  readonly check: string;
  readonly config?: string;
  readonly profile?: string;
  readonly html?: string;
  readonly json?: true;
}

/** `timekeeper status`: how a repository is, until when clients can update, what happens next, and what to do. What it needs is loaded only when it runs. */
export const statusCommand = new Command('status')
  .description('show until when clients can update, what happens next, what is wrong and what to do; changes nothing')
  .argument('[where]', 'a name in timekeeper.json, a folder, or a URL (default: the only name there, or this folder)')
  .option('--trusted-root <file>', 'a root.json that you trust (default: the one of the state or of timekeeper.json)')
  .option('--state <dir>', 'where the state of a folder is kept (default: DIR/.timekeeper)')
  .addOption(
    new Option('--mode <mode>', 'how a folder is kept fresh').choices(['refresh', 'advance']).default('refresh'),
  )
  .option('--validity <duration>', 'how long a timestamp lives, of a folder or a URL', '14 days')
  .option('--resign-after <duration>', 'how old one is when the next is signed, of a folder or a URL', '3 days')
  .option('--check <duration>', 'how often somebody looks whether it is due, of a folder or a URL', '1 hour')
  .option('--config <file>', 'the configuration (default: timekeeper.json)')
  .option('--profile <name>', "a profile of AWS's own configuration files")
  .option('--html <file>', 'also write it as a page that needs no server')
  .option('--json', 'print one JSON object and nothing else')
  .action(async (where: string | undefined, options: StatusOptions) => {
    const json = options.json ?? false;
    await orReport({ repository: where ?? '', dryRun: true }, json, async () => {
      const { showStatus } = await import('./status-run.ts');
      await showStatus(where, options);
    });
  });
