import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PeerProcess } from './peer-process.ts';

const SOURCES = fileURLToPath(new URL('go-tuf/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/peers/', import.meta.url));

let built: Promise<GoTuf | undefined> | undefined;

/**
 * The library that fleetctl and Orbit use, as a program; compiled at the first call, and again when its sources change.
 *
 * @returns undefined where it can't be compiled: no Go here, too old a Go, or no network to fetch its modules
 * @throws Error - the same, if the environment has TIMEKEEPER_REQUIRE_PEERS=1; and always where the sources don't compile
 */
export function goTuf(): Promise<GoTuf | undefined> {
  built ??= build();
  return built;
}

async function build(): Promise<GoTuf | undefined> {
  const program = join(CACHE, `go-tuf-${await sourcesDigest()}`);
  if (await exists(program)) return new GoTuf(program);

  const go = (...words: readonly string[]) => promisify(execFile)('go', words, { cwd: SOURCES, timeout: 300_000 });
  try {
    await go('mod', 'download');
  } catch (cause) {
    if (process.env.TIMEKEEPER_REQUIRE_PEERS === '1') throw new Error('The go-tuf peer is not available.', { cause });
    return undefined;
  }
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${program}.${randomUUID()}`; // jest's workers may all be here at once
  await go('build', '-trimpath', '-buildvcs=false', '-o', unfinished, '.');
  await rename(unfinished, program);
  return new GoTuf(program);
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(SOURCES)).sort()) hash.update(name).update(await readFile(join(SOURCES, name)));
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export type Role = 'root' | 'targets' | 'snapshot' | 'timestamp';
export type KeyType = 'ed25519' | 'ecdsa' | 'rsa';

/** By role. A role that is left out gets a plain key file, and its encrypted one can't be read. */
export type Passphrases = Readonly<Partial<Record<Role, string>>>;

/** A string is RFC 3339; its zone is kept, and so appears in the expiries that are counted from it. */
export type Moment = Date | string;

export interface RepositoryOptions {
  readonly passphrases?: Passphrases;
  /** The clock. Without it, the real one. */
  readonly now?: Moment;
  /** From what keys, salts and nonces are made. Without it, they are random. */
  readonly random?: string;
}

export interface RootOptions extends RepositoryOptions {
  /** Publish even what go-tuf would refuse to commit, say a threshold that the local keys can't reach. */
  readonly unchecked?: boolean;
}

/** What one check by a client gave, and what the client knows since. */
export interface Check {
  readonly ok: boolean;
  readonly error?: string;
  readonly versions: Readonly<Partial<Record<Role, number>>>;
  /** The paths of all targets, if they were asked for. Each was looked up, downloaded and verified. */
  readonly targets?: readonly string[];
}

export interface CheckOptions {
  readonly now?: Moment;
  /** Also look up and download every target. */
  readonly targets?: boolean;
}

/** The program said no. The message is go-tuf's (with fleetctl's words before it), and nothing else. */
export class GoTufError extends Error {
  override readonly name = 'GoTufError';
}

/**
 * Commands on a working directory (`keys/ repository/ staged/`), in the order of calls and with the expiries of fleetctl;
 * and a client with a memory, like Orbit. The commands reject with a {@link GoTufError}; a client's check never does.
 */
export class GoTuf {
  /** The compiled program, for a test that wants to start it by itself. */
  readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  /** `fleetctl updates init`. Resolves to the key IDs. */
  async init(
    dir: string,
    options: RepositoryOptions & { readonly consistentSnapshot?: boolean; readonly timestampKey?: KeyType } = {},
  ): Promise<Readonly<Record<Role, string>>> {
    const { consistentSnapshot = false, timestampKey = 'ed25519' } = options;
    const printed = await this.#command(
      ['init', dir, '--type', timestampKey, ...(consistentSnapshot ? ['--consistent-snapshot'] : [])],
      options,
    );
    return (JSON.parse(printed) as { readonly keyids: Record<Role, string> }).keyids;
  }

  /** `fleetctl updates add`, but with the target paths written out. */
  async add(
    dir: string,
    target: { readonly source: string; readonly version: string; readonly paths: readonly string[] },
    options: RepositoryOptions = {},
  ): Promise<void> {
    await this.#command(['add', dir, target.source, target.version, ...target.paths], options);
  }

  /** What the library does to targets that are removed; fleetctl has no command for it. */
  async remove(dir: string, paths: readonly string[], options: RepositoryOptions = {}): Promise<void> {
    await this.#command(['remove', dir, ...paths], options);
  }

  /** Several files in one commit, which fleetctl cannot. */
  async addList(
    dir: string,
    list: readonly { readonly source: string; readonly version: string; readonly paths: readonly string[] }[],
    options: RepositoryOptions = {},
  ): Promise<void> {
    await this.#command(['add-list', dir], options, list.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /** `fleetctl updates timestamp`. */
  async timestamp(dir: string, options: RepositoryOptions & { readonly expires?: Moment } = {}): Promise<void> {
    const { expires } = options;
    await this.#command(['timestamp', dir, ...(expires ? ['--expires', rfc3339(expires)] : [])], options);
  }

  /** `fleetctl updates roots`. Resolves to what it prints. */
  async roots(dir: string): Promise<string> {
    return (JSON.parse(await this.#command(['roots', dir], {})) as { readonly roots: string }).roots;
  }

  /** `fleetctl updates rotate`, without its roll-back after an error. Resolves to the new key's ID. */
  async rotate(
    dir: string,
    role: Role,
    options: RepositoryOptions & { readonly keyType?: KeyType } = {},
  ): Promise<string> {
    return keyIdIn(await this.#command(['rotate', dir, role, '--type', options.keyType ?? 'ed25519'], options));
  }

  /** Gives one role any expiry, also a past one, and re-signs what depends on it. No other expiry is checked. */
  async setExpiry(dir: string, role: Role, expires: Moment, options: RepositoryOptions = {}): Promise<void> {
    await this.#command(['expires', dir, role, rfc3339(expires)], options);
  }

  /** Makes one more key for a role, in its key file too. Resolves to its ID. */
  async genKey(dir: string, role: Role, options: RootOptions & { readonly keyType?: KeyType } = {}): Promise<string> {
    return keyIdIn(await this.#changeRoot(['gen-key', dir, role, '--type', options.keyType ?? 'ed25519'], options));
  }

  /** Adds a key whose private half is elsewhere (a KMS). The object is as in root.json. Resolves to its ID. */
  async addKey(dir: string, role: Role, publicKey: object, options: RootOptions = {}): Promise<string> {
    return keyIdIn(await this.#changeRoot(['add-key', dir, role, '-'], options, JSON.stringify(publicKey)));
  }

  /** Takes a key from a role. It stays in the key file. */
  async revokeKey(dir: string, role: Role, keyId: string, options: RootOptions = {}): Promise<void> {
    await this.#changeRoot(['revoke-key', dir, role, keyId], options);
  }

  async setThreshold(dir: string, role: Role, threshold: number, options: RootOptions = {}): Promise<void> {
    await this.#changeRoot(['threshold', dir, role, String(threshold)], options);
  }

  /** The library's; fleetctl has no command for it. */
  async changePassphrase(
    dir: string,
    role: Role,
    next: string,
    options: Pick<RepositoryOptions, 'passphrases' | 'random'>,
  ): Promise<void> {
    await this.#command(['passphrase', dir, role, next], options);
  }

  /** Writes an encrypted key file anew with another scrypt N. The file is named after its role. */
  async reencrypt(keyFile: string, n: number, passphrases: Passphrases): Promise<void> {
    await this.#command(['reencrypt', keyFile, String(n)], { passphrases });
  }

  /** Gives a client the root that it trusts from the start; it forgets all else. */
  async clientInit(stateDir: string, rootFile: string): Promise<Check> {
    return this.#check(['client-init', stateDir, rootFile]);
  }

  /**
   * One check for updates by a client that remembers the earlier ones.
   *
   * @param where - a URL, or the published directory (not the working directory around it)
   */
  async clientUpdate(stateDir: string, where: string, { now, targets = false }: CheckOptions = {}): Promise<Check> {
    const flags = [...(now ? ['--now', rfc3339(now)] : []), ...(targets ? ['--targets'] : [])];
    return this.#check(['client-update', stateDir, where, ...flags]);
  }

  /** Starts one process for many checks and readings, as a property test needs. Close it. */
  loop(): GoTufLoop {
    return new GoTufLoop(new PeerProcess(spawn(this.program, ['client-loop'], { stdio: 'pipe' })));
  }

  async #changeRoot(words: readonly string[], options: RootOptions, input?: string): Promise<string> {
    return this.#command([...words, ...(options.unchecked === true ? ['--unchecked'] : [])], options, input);
  }

  async #command(words: readonly string[], options: RepositoryOptions, input?: string): Promise<string> {
    const { now, random, passphrases = {} } = options;
    const flags = [...(now ? ['--now', rfc3339(now)] : []), ...(random === undefined ? [] : ['--random', random])];
    const run = await this.#run([...words, ...flags], passphrases, input);
    if (run.exit !== 0) throw new GoTufError(run.stderr.trim());
    return run.stdout;
  }

  async #check(words: readonly string[]): Promise<Check> {
    const run = await this.#run(words, {});
    if (run.stdout === '') throw new GoTufError(run.stderr.trim());
    return JSON.parse(run.stdout) as Check;
  }

  async #run(words: readonly string[], passphrases: Passphrases, input = ''): Promise<Run> {
    const running = promisify(execFile)(this.program, words, { env: environment(passphrases) });
    running.child.stdin?.on('error', () => undefined); // most commands end without having read
    running.child.stdin?.end(input);
    try {
      return { exit: 0, ...(await running) };
    } catch (error) {
      if (isRun(error)) return { exit: error.code, stdout: error.stdout, stderr: error.stderr };
      throw error;
    }
  }
}

interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that ran and failed, unlike one that could not be started or was killed. (Under jest it is no `instanceof` our Error.) */
function isRun(error: unknown): error is { code: number; stdout: string; stderr: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number';
}

/** Ours, but with no other passphrases than those given. */
function environment(passphrases: Passphrases): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEET_'));
  const given = Object.entries(passphrases).map(([role, value]) => [`FLEET_${role.toUpperCase()}_PASSPHRASE`, value]);
  return Object.fromEntries([...inherited, ...given]) as NodeJS.ProcessEnv;
}

function keyIdIn(printed: string): string {
  return (JSON.parse(printed) as { readonly keyid: string }).keyid;
}

function rfc3339(moment: Moment): string {
  return typeof moment === 'string' ? moment : moment.toISOString();
}

/** What go-tuf takes from one metadata file, or why it takes none. */
export type Reading =
  | {
      readonly ok: true;
      readonly version: number;
      /** UTC, with as many decimals as there are. */
      readonly expires: string;
      /** Of a timestamp or a snapshot its `meta`, of targets its `targets`; of a root nothing. What lacks is 0 or empty. */
      readonly files: Readonly<Record<string, FileInfo>>;
    }
  | { readonly ok: false; readonly at: 'root' | 'file'; readonly error: string };

export interface FileInfo {
  readonly version: number;
  readonly length: number;
  /** Hexadecimal, by algorithm. */
  readonly hashes: Readonly<Record<string, string>>;
}

export type CanonicalBytes =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: string };

/** Go-tuf signs and verifies by different ways: a verifier first makes a 64-bit float of every number. */
export interface Canonicalisation {
  readonly signing: CanonicalBytes;
  readonly verifying: CanonicalBytes;
}

/** One process that answers many requests, in their order. */
export class GoTufLoop {
  readonly #peer: PeerProcess;

  constructor(peer: PeerProcess) {
    this.#peer = peer;
  }

  /** As {@link GoTuf.clientInit}. */
  async init(stateDir: string, root: Uint8Array): Promise<Check> {
    return (await this.#peer.ask({ do: 'init', state: stateDir, root: base64(root) })) as Check;
  }

  /** As {@link GoTuf.clientUpdate}. */
  async update(stateDir: string, where: string, { now, targets = false }: CheckOptions = {}): Promise<Check> {
    return (await this.#peer.ask({ do: 'update', state: stateDir, repository: where, now, targets })) as Check;
  }

  /**
   * Verifies a root by itself and a file by that root, and reads the file.
   *
   * @param now - the clock; without it no expiry is checked
   */
  async read(root: Uint8Array, role: Role, file: Uint8Array, now?: Moment): Promise<Reading> {
    return (await this.#peer.ask({ do: 'read', root: base64(root), role, bytes: base64(file), now })) as Reading;
  }

  /** The bytes that go-tuf would sign, and those that it would verify, for any JSON text. */
  async canonicalise(json: Uint8Array): Promise<Canonicalisation> {
    const { signing, verifying } = (await this.#peer.ask({
      do: 'cjson',
      bytes: base64(json),
    })) as Encoded<Canonicalisation>;
    return { signing: decoded(signing), verifying: decoded(verifying) };
  }

  close(): Promise<void> {
    return this.#peer.close();
  }
}

/** The same in JSON, where bytes are base64. */
type Encoded<T> = {
  readonly [K in keyof T]: Exclude<T[K], { ok: true }> | { readonly ok: true; readonly bytes: string };
};

function decoded(answer: Encoded<Canonicalisation>['signing']): CanonicalBytes {
  return answer.ok ? { ok: true, bytes: Buffer.from(answer.bytes, 'base64') } : answer;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
