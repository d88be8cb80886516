import { Command } from 'commander';
import { withPath, withValidity } from './updates-options.ts';
import { rootCommands } from './updates-root.ts';
import type { ArtefactOptions, RemovalOptions, TimestampOptions, UpdatesOptions } from './updates-run.ts';

const run = () => import('./updates-run.ts');

/** `timekeeper updates`: works on a local repository as `fleetctl updates` does. */
export const updatesCommand = new Command('updates')
  .description('work on a local repository as fleetctl updates does: the same folders, flags, passphrases and files')
  .addCommand(
    withValidity(withPath('init'), 'root', 'targets', 'snapshot', 'timestamp')
      .description('make a new repository: four keys, and version 1 of everything')
      .option(
        '--consistent-snapshots',
        'also write the numbered files that some clients want; fleetctl has no such option',
      )
      .action(async (options: UpdatesOptions) => (await run()).runInit(options)),
  )
  .addCommand(
    withPath('roots')
      .description('print root.json, for fleetctl package --update-roots')
      .action(async (options: UpdatesOptions) => (await run()).runRoots(options)),
  )
  .addCommand(
    withValidity(withPath('add'), 'targets', 'snapshot', 'timestamp')
      .description('publish a file as a target, under its version and its tags; or many files in one commit')
      .option('--target <file>', 'the file (required)')
      .option('--name <name>', 'name of the target, such as orbit, osqueryd or extensions/NAME (required)')
      .option('--platform <platform>', 'platform of the target, such as linux, macos or windows (required)')
      .option('--version <version>', 'version of the target (required)')
      .option('--folder <dir>', 'in place of these four: a folder of files at NAME/PLATFORM/VERSION/FILE; all of them')
      .option(
        '--list <file>',
        'in place of these four: a file of lines {"target": FILE, "name": …, "platform": …, "version": …, "tags": […]}',
      )
      .option(
        '-t, --tag <tags>',
        'further tags, such as stable; may be repeated, and hold several with commas',
        appended,
        [],
      )
      .action(async (options: ArtefactOptions) => (await run()).runAdd(options)),
  )
  .addCommand(
    withPath('list')
      .description('show what is in there, and which tags lead to which version; fleetctl has no such command')
      .option('--json', 'print one JSON object and nothing else')
      .action(async (options: UpdatesOptions & { readonly json?: true }) => (await run()).runList(options)),
  )
  .addCommand(
    withValidity(withPath('remove'), 'targets', 'snapshot', 'timestamp')
      .description('list targets no more, then remove their files; fleetctl has no such command')
      .argument('[target...]', 'paths of targets, such as orbit/linux/1.0.0/orbit')
      .option('--name <name>', 'name of the targets, in place of paths')
      .option('--platform <platform>', 'platform of the targets')
      .option('--version <version>', 'their version')
      .option(
        '-t, --tag <tags>',
        'their tags, such as edge; may be repeated, and hold several with commas',
        appended,
        [],
      ) // prettier-ignore
      .action(async (paths: readonly string[], options: RemovalOptions) => (await run()).runRemove(paths, options)),
  )
  .addCommand(
    withValidity(withPath('timestamp'), 'timestamp')
      .description('sign timestamp.json again')
      .option('--above <version>', 'give it a version above this one, say of the published timestamp')
      .action(async (options: TimestampOptions) => (await run()).runTimestamp(options)),
  )
  .addCommand(
    withValidity(withPath('rotate'), 'root', 'targets', 'snapshot', 'timestamp')
      .description('give a role a new key in place of those in its key file, and sign everything again')
      .argument('[role...]', 'root, targets, snapshot or timestamp')
      .action(async (roles: readonly string[], options: UpdatesOptions) => (await run()).runRotate(roles, options)),
  )
  .addCommand(
    withValidity(withPath('extend'), 'root', 'targets', 'snapshot', 'timestamp')
      .description('give a role a later expiry and change nothing else; fleetctl has no such command')
      .argument('<role>', 'root, targets or snapshot')
      .action(async (role: string, options: UpdatesOptions) => (await run()).runExtend(role, options)),
  )
  .addCommand(
    withPath('change-passphrase')
      .description('encrypt a role’s key file under a new passphrase; fleetctl has no such command')
      .argument('<role>', 'root, targets, snapshot or timestamp')
      .option('--plain', 'write it without a passphrase: whoever reads the file can sign')
      .action(async (role: string, options: UpdatesOptions & { readonly plain?: true }) =>
        (await run()).runChangePassphrase(role, options),
      ),
  );
for (const command of rootCommands) updatesCommand.addCommand(command);

function appended(given: string, before: readonly string[]): readonly string[] {
  return [...before, ...given.split(',')];
}
