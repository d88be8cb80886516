import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Check, CheckOptions } from './go-tuf.ts';
import { PeerProcess } from './peer-process.ts';
import { pythonWith } from './python-environment.ts';

const PACKAGES = ['tuf==7.0.1', 'securesystemslib==1.6.0', 'cryptography==50.0.2'];
const CLIENT = fileURLToPath(new URL('python-tuf/client.py', import.meta.url));

/**
 * The client of python-tuf, as one process for many checks. Close it.
 * @returns undefined where it can't be had: no Python of 3.10 or newer with `venv` here, or no network to install it
 * @throws Error - the same, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export async function pythonTuf(): Promise<PythonTuf | undefined> {
  const python = await pythonWith('python-tuf', PACKAGES);
  return python === undefined ? undefined : new PythonTuf(new PeerProcess(spawn(python, [CLIENT], { stdio: 'pipe' })));
}

/** A client with memories, which the folders that it is given keep. A check never rejects. */
export class PythonTuf {
  readonly #peer: PeerProcess;

  constructor(peer: PeerProcess) {
    this.#peer = peer;
  }

  /** Gives a client the root that it trusts from the start; it forgets all else. */
  async init(stateDir: string, root: Uint8Array): Promise<Check> {
    return (await this.#peer.ask({ do: 'init', state: stateDir, root: Buffer.from(root).toString('base64') })) as Check;
  }

  /** One check for updates in a published directory. */
  async update(stateDir: string, repository: string, { now, targets = false }: CheckOptions = {}): Promise<Check> {
    return (await this.#peer.ask({ do: 'update', state: stateDir, repository, now, targets })) as Check;
  }

  close(): Promise<void> {
    return this.#peer.close();
  }
}
