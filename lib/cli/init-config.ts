import { Command, Option } from 'commander';
import { CONFIGURATION_FILE } from '../config/configuration.ts';
import { orReport } from './run-command.ts';

/** What `timekeeper init-config` was told; it asks for the rest. */
export interface InitConfigOptions {
  readonly file: string;
  readonly name?: string;
  readonly root?: string;
  readonly hosting?: 'new' | 'bucket';
  readonly bucket?: string;
  readonly prefix?: string;
  readonly url?: string;
  readonly keyType?: string;
  readonly email?: string;
}

/** `timekeeper init-config`: asks five questions and writes `timekeeper.json`. What it needs is loaded only when it runs. */
export const initConfigCommand = new Command('init-config')
  .description('ask five questions and write timekeeper.json, or add a repository to it')
  .option('--file <file>', 'the file to write', CONFIGURATION_FILE)
  .option('--name <name>', "the repository's name")
  .option('--root <file>', 'a root.json that you trust: nothing is signed that it does not vouch for')
  .addOption(
    new Option('--hosting <kind>', 'new: a bucket and a distribution are made; bucket: one exists').choices([
      'new',
      'bucket',
    ]),
  )
  .option('--bucket <name>', 'the bucket that exists')
  .option('--prefix <folder>', 'the folder in that bucket (default: its top)')
  .option('--url <address>', 'where clients read the repository, if that is known')
  .option('--key-type <type>', 'what signs: go-tuf-file, kms-ed25519, kms-p256 or kms-rsa')
  .option('--email <address>', 'who gets the alarms; empty: nobody')
  .action(async (options: InitConfigOptions) => {
    await orReport({ repository: options.name ?? '', dryRun: false }, false, async () => {
      const { initConfig } = await import('./init-config-run.ts');
      await initConfig(options);
    });
  });
