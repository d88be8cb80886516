import { Command } from 'commander';

const LIVES = { root: '3650 days', targets: '1095 days', snapshot: '1095 days', timestamp: '14 days' } as const;

/** A command of the group, on the repository that `--path` names. */
export function withPath(name: string): Command {
  return new Command(name).option('--path <dir>', 'folder of the repository: keys/ repository/ staged/', '.');
}

/** The same with an option for how long what it signs lives, role by role. */
export function withValidity(command: Command, ...roles: readonly (keyof typeof LIVES)[]): Command {
  for (const role of roles) {
    command.option(`--${role}-validity <duration>`, `how long the new ${role}.json lives`, LIVES[role]);
  }
  return command;
}

/** Gathers an option that may be given more than once. */
export function repeated(given: string, before: readonly string[]): readonly string[] {
  return [...before, given];
}
