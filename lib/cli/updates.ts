import { Command } from 'commander';
import type { ArtefactOptions, UpdatesOptions } from './updates-run.ts';

const run = () => import('./updates-run.ts');

const LIVES = { root: '3650 days', targets: '1095 days', snapshot: '1095 days', timestamp: '14 days' } as const;

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
    withValidity(withPath('timestamp'), 'timestamp')
      .description('sign timestamp.json again')
      .action(async (options: UpdatesOptions) => (await run()).runTimestamp(options)),
  )
  .addCommand(
    withValidity(withPath('rotate'), 'root', 'targets', 'snapshot', 'timestamp')
      .description('give a role a new key in place of those in its key file, and sign everything again')
      .argument('[role...]', 'root, targets, snapshot or timestamp')
      .action(async (roles: readonly string[], options: UpdatesOptions) => (await run()).runRotate(roles, options)),
  );

function withPath(name: string): Command {
  return new Command(name).option('--path <dir>', 'folder of the repository: keys/ repository/ staged/', '.');
}

function withValidity(command: Command, ...roles: readonly (keyof typeof LIVES)[]): Command {
  for (const role of roles) {
    command.option(`--${role}-validity <duration>`, `how long the new ${role}.json lives`, LIVES[role]);
  }
  return command;
}

function appended(given: string, before: readonly string[]): readonly string[] {
  return [...before, ...given.split(',')];
}
