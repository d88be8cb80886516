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

/** The same, but for several questions: answers each with the next line of argv[1], once the terminal is quiet and its last line asks for a passphrase. */
const CONVERSATION = `
import os, pty, re, select, sys
answers, command = sys.argv[1].split('\\n'), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b''
while True:
    if not select.select([terminal], [], [], 0.3)[0]:
        line = re.sub(r'\\x1b\\[[0-9;?]*[A-Za-z]', '', shown.decode(errors='replace')).split('\\n')[-1]
        if answers and line.split('\\r')[-1].startswith('? '):
            os.write(terminal, (answers.pop(0) + '\\r').encode())
        continue
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** A pseudo-terminal with somebody who types. */
export interface Terminal {
  /** Runs a program that asks for passphrases, and answers them one after the other. */
  converse(command: readonly string[], answers: readonly string[], env: NodeJS.ProcessEnv): Promise<Shown>;
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
    return { run, converse };
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

function run(
  command: readonly string[],
  typed: string,
  awaited: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Shown> {
  return shownBy(['-c', PROGRAM, typed, awaited, ...command], env);
}

function converse(command: readonly string[], answers: readonly string[], env: NodeJS.ProcessEnv): Promise<Shown> {
  return shownBy(['-c', CONVERSATION, answers.join('\n'), ...command], env);
}

async function shownBy(program: readonly string[], env: NodeJS.ProcessEnv): Promise<Shown> {
  const child = spawn('python3', program, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [raw] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { status: child.exitCode, raw, screen: raw.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n') };
}
