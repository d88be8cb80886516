import { Command, CommanderError } from 'commander';
import { bareOutcome } from '../refresh/outcome.ts';
import { auditCommand } from './audit.ts';
import { drillCommand } from './drill.ts';
import { enrollCommand } from './enroll.ts';
import { examplesOf } from './examples.ts';
import { fetchCommand } from './fetch.ts';
import { initConfigCommand } from './init-config.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { planCommand } from './plan.ts';
import { publishCommand } from './publish.ts';
import { resignCommand } from './resign.ts';
import { report } from './run-command.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { updatesCommand } from './updates.ts';
import { errorAsFleetctl } from './updates-error.ts';
import { verifyCommand } from './verify.ts';

/**
 * Runs the command line.
 * @param argv - as node has it, with the program's two words in front
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('timekeeper')
    .description('Keeps a TUF repository fresh: verifies it, then re-signs timestamp.json before it expires.')
    .version(VERSION)
    .enablePositionalOptions(); // `updates add` has a --version of its own
  for (const command of [startCommand, resignCommand, planCommand, enrollCommand, verifyCommand, fetchCommand])
    program.addCommand(command);
  program.addCommand(initConfigCommand);
  program.addCommand(updatesCommand);
  program.addCommand(publishCommand);
  program.addCommand(statusCommand);
  for (const command of [pauseCommand, resumeCommand, auditCommand, drillCommand]) program.addCommand(command);
  for (const command of [program, ...program.commands, ...updatesCommand.commands])
    command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const command of program.commands) command.addHelpText('after', () => examplesOf(command.name()));
  for (const command of updatesCommand.commands)
    command.addHelpText('after', () => examplesOf(`updates ${command.name()}`));
  process.stdout.on('error', outputLost);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // --help, --version
    const outcome = bareOutcome({ repository: '', dryRun: false }, 'USAGE', sentence(error.message));
    const isFleetctls = argv[2] === updatesCommand.name();
    if (error.code !== 'commander.help' && isFleetctls) process.stderr.write(errorAsFleetctl(outcome));
    else if (error.code !== 'commander.help') report(outcome, argv.includes('--json'));
    process.exitCode = isFleetctls ? 1 : 2; // commander.help: no command was named, and the help that was shown says so
  }
}

/** What was done stays done when nobody reads on (`| head`); but who keeps our output in a file has to know that it is not there. */
function outputLost(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = 3;
  process.stderr.write(
    `The output could not be written: ${error.message}.\n  What to do:  Make room, then look with timekeeper plan what was done.\n`,
  );
}

/** commander's messages begin with "error: " in lower case, and have a line of their own for what one may have meant. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.');
}

declare const VERSION: string; // put in by the build
