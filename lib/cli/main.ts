import { Command, CommanderError } from 'commander';
import { bareOutcome } from '../refresh/outcome.ts';
import { enrollCommand } from './enroll.ts';
import { planCommand } from './plan.ts';
import { resignCommand } from './resign.ts';
import { report } from './run-command.ts';

/**
 * Runs the command line.
 * @param argv - as node has it, with the program's two words in front
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('timekeeper')
    .description('Keeps a TUF repository fresh: verifies it, then re-signs timestamp.json before it expires.')
    .version(VERSION);
  for (const command of [resignCommand, planCommand, enrollCommand]) program.addCommand(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => undefined });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // --help, --version
    report(bareOutcome({ repository: '', dryRun: false }, 'USAGE', sentence(error.message)), argv.includes('--json'));
  }
}

/** commander's messages begin with "error: " in lower case. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.');
}

declare const VERSION: string; // put in by the build
