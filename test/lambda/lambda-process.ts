import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Outcome } from '../../lib/contract/outcome.ts';
import { BUILT } from '../built.ts';

/** What `npm run build` makes of lambda/resign.ts. */
export const BUNDLE = join(BUILT, 'lambda', 'resign.mjs');

const RUNNER = fileURLToPath(new URL('./runner.mjs', import.meta.url));

/** What the handler threw. Lambda reports name and message; the stack ends up in its log. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What one invocation came to. */
export interface Invocation {
  readonly outcome?: Outcome;
  readonly error?: Thrown;
  /** What the handler printed. */
  readonly stdout: string;
}

/** A fresh process with the Lambda's file in it, and an environment of nothing but what it is given. */
export class LambdaProcess {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #errors: Buffer[] = [];
  #printed = '';
  #version = '';
  #hasEnded = false;
  #wake: () => void = () => undefined;

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#wake();
    });
    process.stderr.on('data', (bytes: Buffer) => this.#errors.push(bytes));
    process.on('close', () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** @param node - the Node to run it on */
  static async start(node: string, bundle: string, environment: Readonly<Record<string, string>>) {
    const child = spawn(node, [RUNNER, pathToFileURL(bundle).href], { env: environment });
    const started = new LambdaProcess(child);
    const { ready } = JSON.parse((await started.#answer()).answer) as { readonly ready: string };
    started.#version = ready;
    return started;
  }

  /** The version of its Node, such as `v24.21.0`. */
  get version(): string {
    return this.#version;
  }

  /** All that was printed to stderr so far. */
  get stderr(): string {
    return Buffer.concat(this.#errors).toString();
  }

  /**
   * Invokes the handler; one call at a time, as Lambda does.
   * @param event - as JSON text, so that a key such as `__proto__` gets there
   * @param at - the clock, in milliseconds since 1970; without it this computer's
   */
  async invoke(event: string, at?: number): Promise<Invocation> {
    const line = JSON.stringify({ event, at }).replace(/[\u2028\u2029]/g, escaped); // a new line for Node's readline
    this.#process.stdin.write(`${line}\n`);
    const { answer, before } = await this.#answer();
    return { ...(JSON.parse(answer) as Pick<Invocation, 'outcome' | 'error'>), stdout: before };
  }

  /** Ends it as the kernel would, in the middle of whatever it does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Ends it. @returns what it printed after the last answer, which should be nothing */
  async end(): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
    this.#process.stdin.end();
    if (!this.#hasEnded) await once(this.#process, 'close');
    return { status: this.#process.exitCode, stdout: this.#printed, stderr: this.stderr };
  }

  async #answer(): Promise<{ readonly answer: string; readonly before: string }> {
    for (;;) {
      const [, before = '', answer] = /^([^\0]*)\0([^\0]*)\0/.exec(this.#printed) ?? [];
      if (answer !== undefined) {
        this.#printed = this.#printed.slice(before.length + answer.length + 2);
        return { answer, before };
      }
      if (this.#hasEnded) throw new Error(`The process ended: ${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
