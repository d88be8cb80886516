import { Command } from 'commander';
import { repeated, withPath, withValidity } from './updates-options.ts';
import type { ChangeKeyOptions, SignOptions, StageOptions } from './updates-root-run.ts';
import type { UpdatesOptions } from './updates-run.ts';

const run = () => import('./updates-root-run.ts');

const ROLE = 'root, targets, snapshot or timestamp';
const THRESHOLD = 'how many keys of the role have to sign from now on';

/** The commands of `timekeeper updates` that change who signs: on one machine, or with several holders of root keys. */
export const rootCommands: readonly Command[] = [
  withValidity(withPath('add-key'), 'root', 'targets', 'snapshot', 'timestamp')
    .description('list one more key for a role in a new root; what does not hold under it is signed again')
    .argument('<role>', ROLE)
    .argument('[public-key]', 'a file with the public key: as timekeeper enroll prints it, or PEM')
    .option('--generate', 'make a new key, and append it to the role’s key file')
    .option('--threshold <n>', THRESHOLD)
    .action(async (role: string, file: string | undefined, options: ChangeKeyOptions) =>
      (await run()).runAddKey(role, file, options),
    ),
  withValidity(withPath('revoke-key'), 'root', 'targets', 'snapshot', 'timestamp')
    .description('take a key of a role out, in a new root; what does not hold under it is signed again')
    .argument('<role>', ROLE)
    .argument('<key-id>', 'the key’s id, whole')
    .option('--threshold <n>', THRESHOLD)
    .action(async (role: string, id: string, options: ChangeKeyOptions) => (await run()).runRevokeKey(role, id, options)), // prettier-ignore
  withValidity(withPath('stage-root'), 'root')
    .description(
      'write the next root into a file for the holders of the root keys to sign; needs no key, publishes nothing',
    )
    .argument('<file>', 'a file that is not there yet, such as next-root.json')
    .option('--add-key <role=file>', 'list the public key in a file for a role; may be repeated', repeated, [])
    .option('--revoke-key <role=key-id>', 'take a key out of a role; may be repeated', repeated, [])
    .option('--threshold <role=n>', 'how many keys of a role have to sign from then on; may be repeated', repeated, [])
    .action(async (file: string, options: StageOptions) => (await run()).runStageRoot(file, options)),
  new Command('sign')
    .description('read in words what a staged root changes, then add your signature to its file; needs no repository')
    .argument('<file>', 'the staged root')
    .requiredOption('--trusted-root <file>', 'the root.json that you trust, from your own records')
    .option('--root <file>', 'a root between yours and the staged one; may be repeated', repeated, [])
    .option('--key <file>', 'your key file', 'keys/root.json')
    .option('--yes', 'sign without asking')
    .action(async (file: string, options: SignOptions) => (await run()).runSign(file, options)),
  withValidity(withPath('publish-root'), 'root', 'targets', 'snapshot', 'timestamp')
    .description('publish a root that its holders have signed; what does not hold under it is signed again')
    .argument('<file...>', 'the signed root, or several copies with one signature or more in each')
    .action(async (files: readonly string[], options: UpdatesOptions) => (await run()).runPublishRoot(files, options)),
  withPath('generate-key')
    .description('make a key for a role, append it to the role’s key file, and print its public half; changes no root')
    .argument('<role>', ROLE)
    .action(async (role: string, options: UpdatesOptions) => (await run()).runGenerateKey(role, options)),
];
