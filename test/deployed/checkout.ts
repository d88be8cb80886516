import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../../', import.meta.url));

/** How a program ended and all that it printed. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A clone with nothing in it but what git would give, built; its packages are ours. Here an operator works. */
export class Checkout {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Checkout> {
    const folder = await mkdtemp(join(tmpdir(), 'checkout-'));
    const listed = await promisify(execFile)('git', ['ls-files', '-coz', '--exclude-standard'], {
      cwd: SOURCES,
      maxBuffer: 1 << 24,
    });
    const needed = /^(bin|lib|lambda)\/|^[^/]+\.(json|js)$/;
    for (const name of listed.stdout.split('\0').filter((file) => needed.test(file))) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await cp(join(SOURCES, name), join(folder, name));
    }
    await symlink(join(SOURCES, 'node_modules'), join(folder, 'node_modules'));
    const checkout = new Checkout(folder);
    const built = await checkout.run(process.execPath, ['esbuild.config.js'], process.env);
    if (built.status !== 0) throw new Error(`The build failed: ${built.stderr}`);
    return checkout;
  }

  /** Writes timekeeper.json. */
  async configure(configuration: object): Promise<void> {
    await writeFile(join(this.folder, 'timekeeper.json'), JSON.stringify(configuration, undefined, 2));
  }

  /** The CDK's own command, which needs a permission of nobody who sits there. */
  cdk(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
    return this.run(join(this.folder, 'node_modules', '.bin', 'cdk'), [...words, '--no-notices'], environment);
  }

  /** The operator's command. */
  timekeeper(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
    return this.run(process.execPath, [join(this.folder, 'dist', 'bin', 'timekeeper.js'), ...words], environment);
  }

  run(program: string, words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
    const child = spawn(program, words, { cwd: this.folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
      });
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (status) => {
        resolve({ status, ...printed });
      });
    });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
