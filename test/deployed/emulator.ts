import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { node24 } from '../lambda/node24.ts';
import { ministackPython } from './ministack.ts';

const LAUNCHER = fileURLToPath(new URL('launch.py', import.meta.url));
const LOG = fileURLToPath(new URL('../../.cache/deployed/emulator.log', import.meta.url));
const READY_WITHIN = 30_000; // ms; it takes about one second

/** An AWS with many accounts, on this computer and with access control on. See launch.py for what it is. */
export class Emulator {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #home: string;

  private constructor(process: ChildProcess, port: number, home: string) {
    this.#process = process;
    this.port = port;
    this.#home = home;
  }

  /**
   * Starts one on a free port, with nothing of this process's environment: a function inherits the emulator's, secrets of the host included.
   * @param anonymous - the account in which a request without credentials is looked at, that is one through CloudFront
   * @returns undefined where it can't be had
   */
  static async start(anonymous: string): Promise<Emulator | undefined> {
    const [python, node] = [await ministackPython(), await node24()];
    if (python === undefined || node === undefined) return undefined;
    const home = await mkdtemp(join(tmpdir(), 'emulator-'));
    // Its workers are CommonJS, whatever a package.json further up says.
    await writeFile(join(home, 'package.json'), '{ "type": "commonjs" }\n');
    const port = await freePort();
    const environment = {
      PATH: `${dirname(node)}:/usr/local/bin:/usr/bin:/bin`, // the first `node` runs the functions; openssl makes the certificate
      HOME: home,
      TMPDIR: home,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      LAMBDA_EXECUTOR: 'local',
      MINISTACK_ACCOUNT_ID: anonymous,
      AUTH: 'true',
      USE_SSL: '1',
      NODE_EXTRA_CA_CERTS: certificateIn(home), // the functions' way to it
      NODE_NO_WARNINGS: '1',
    };
    await mkdir(dirname(LOG), { recursive: true });
    const log = createWriteStream(LOG);
    await once(log, 'open');
    const child = spawn(python, [LAUNCHER], { env: environment, stdio: ['ignore', log, log] });
    process.once('exit', () => child.kill('SIGKILL'));
    const emulator = new Emulator(child, port, home);
    await emulator.#untilReady();
    return emulator;
  }

  get endpoint(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Its certificate, which signs itself. */
  get certificate(): string {
    return certificateIn(this.#home);
  }

  /** Environment of a program that acts as the root of an account. */
  environment(account: string, region: string): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.#home,
      TMPDIR: this.#home,
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: account,
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: region,
      AWS_CA_BUNDLE: this.certificate,
      NODE_EXTRA_CA_CERTS: this.certificate,
      NODE_NO_WARNINGS: '1',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CI: 'true',
    };
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGTERM');
      await Promise.race([once(this.#process, 'exit'), wait(10_000, undefined, { ref: false })]);
      this.#process.kill('SIGKILL');
    }
    await rm(this.#home, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN;
    while (this.#process.exitCode === null && Date.now() < deadline) {
      if (await this.#isReady()) return;
      await wait(100);
    }
    await this.stop();
    throw new Error(`The emulator did not start:\n${await readFile(LOG, 'utf8')}`);
  }

  async #isReady(): Promise<boolean> {
    const ca = await readFile(this.certificate).catch(() => undefined);
    if (ca === undefined) return false;
    return new Promise((resolve) => {
      get(`${this.endpoint}/_ministack/ready`, { ca }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).on('error', () => {
        resolve(false);
      });
    });
  }
}

function certificateIn(home: string): string {
  return join(home, 'ministack-tls', 'server.crt');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}
