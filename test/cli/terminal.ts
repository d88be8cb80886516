import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { commandLine, environment, type RunOptions } from './timekeeper.ts';

/** Runs argv[3:] on a pseudo-terminal that echoes; types argv[1] once argv[2] was printed; prints what the terminal showed. */
const PROGRAM = `
import os, pty, sys, time
typed, awaited, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown, waits = b'', True
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if waits and awaited.encode() in shown:
        waits = False
        time.sleep(0.1)
        os.write(terminal, typed.encode())
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** A pseudo-terminal with somebody who types. */
export interface Terminal {
  /** Runs any program; resolves to all that the terminal showed, and the exit status. */
  run(command: readonly string[], typed: string, awaited: string, env?: NodeJS.ProcessEnv): Promise<Shown>;
}

/** What one saw. */
export interface Shown {
  readonly status: number | null;
  /** Without the sequences that colour it and move the cursor. */
  readonly screen: string;
  readonly raw: string;
}

/** A terminal, undefined where there is no Python 3.9 to make one. */
export function findTerminal(): Terminal | undefined {
  try {
    execFileSync('python3', ['-c', 'import os, pty; os.waitstatus_to_exitcode'], { stdio: 'ignore' });
    return { run };
  } catch {
    return undefined;
  }
}

/** Runs our command on a terminal: nothing is in the environment, so it has to ask. */
export function ask(
  terminal: Terminal,
  words: readonly string[],
  typed: string,
  options: RunOptions = {},
): Promise<Shown> {
  const shell = ['sh', '-c', 'cd "$0" && exec "$@"', options.cwd ?? '.'];
  return terminal.run(
    [...shell, ...commandLine(words, options)],
    typed,
    'passphrase:',
    environment({ ...options, passphrase: null }),
  );
}

async function run(
  command: readonly string[],
  typed: string,
  awaited: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Shown> {
  const child = spawn('python3', ['-c', PROGRAM, typed, awaited, ...command], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [raw] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { status: child.exitCode, raw, screen: raw.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n') };
}
