import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { Check, CheckOptions, Role } from '../peers/go-tuf.ts';
import type { Facts } from './facts.ts';

/** What came of a check by the client of tuf-js. */
export interface TufJsCheck {
  readonly ok: boolean;
  readonly error?: string;
  readonly memory: ReadonlyMap<string, Uint8Array>;
}

/** One refresh by the client of tuf-js, with a memory. It looks at the real clock. */
export async function tufJsRefresh(
  files: ReadonlyMap<string, Uint8Array>,
  memory: ReadonlyMap<string, Uint8Array>,
): Promise<TufJsCheck> {
  const metadataDir = await mkdtemp(join(tmpdir(), 'tuf-js-'));
  try {
    for (const [name, bytes] of memory) await writeFile(join(metadataDir, name), bytes);
    const fetcher = new MemoryFetcher(files);
    const error = await new Updater({ metadataDir, metadataBaseUrl: 'https://tests.invalid', fetcher }).refresh().then(
      () => undefined,
      (reason: unknown) => String(reason),
    );
    const kept = new Map<string, Uint8Array>();
    for (const name of await readdir(metadataDir)) kept.set(name, await readFile(join(metadataDir, name)));
    return error === undefined ? { ok: true, memory: kept } : { ok: false, error, memory: kept };
  } finally {
    await rm(metadataDir, { recursive: true });
  }
}

class MemoryFetcher extends BaseFetcher {
  private readonly files: ReadonlyMap<string, Uint8Array>;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    super();
    this.files = files;
  }

  override fetch(url: string): ReturnType<BaseFetcher['fetch']> {
    const bytes = this.files.get(basename(new URL(url).pathname));
    if (bytes === undefined) return Promise.reject(new DownloadHTTPError(`no ${url}`, 404));
    return Promise.resolve(new Blob([Buffer.from(bytes)]).stream() as Awaited<ReturnType<BaseFetcher['fetch']>>);
  }
}

/** A client of tuf-js with a memory in a folder, as {@link GoTufLoop} and python-tuf are asked. */
export const tufJs = {
  /** Gives a client the root that it trusts from the start; it forgets all else. */
  async init(stateDir: string, root: Uint8Array): Promise<Check> {
    await rm(stateDir, { recursive: true, force: true });
    await mkdir(stateDir, { recursive: true });
    await writeFile(join(stateDir, 'root.json'), root);
    return { ok: true, versions: await versionsIn(stateDir) };
  },

  /** One check for updates in a published directory. */
  async update(stateDir: string, repository: string, { now, targets = false }: CheckOptions = {}): Promise<Check> {
    const targetDir = await mkdtemp(join(tmpdir(), 'tuf-js-'));
    try {
      const [metadataBaseUrl, targetBaseUrl] = [FOLDER, `${FOLDER}targets/`];
      const fetcher = new FolderFetcher(repository);
      const updater = new Updater({ metadataDir: stateDir, metadataBaseUrl, targetDir, targetBaseUrl, fetcher });
      if (now !== undefined) setClock(updater, new Date(now));
      await updater.refresh();
      const listed = targets ? Object.keys((await signedIn(stateDir, 'targets')).targets ?? {}) : undefined;
      for (const path of listed ?? []) await updater.downloadTarget((await updater.getTargetInfo(path))!);
      return { ok: true, versions: await versionsIn(stateDir), ...(listed && { targets: listed.sort() }) };
    } catch (error) {
      return { ok: false, error: String(error), versions: await versionsIn(stateDir) };
    } finally {
      await rm(targetDir, { recursive: true });
    }
  },
};

const FOLDER = 'https://tests.invalid/';

/** A published directory, as a web server shows it. */
class FolderFetcher extends BaseFetcher {
  private readonly repository: string;

  constructor(repository: string) {
    super();
    this.repository = repository;
  }

  override async fetch(url: string): ReturnType<BaseFetcher['fetch']> {
    const path = decodeURIComponent(new URL(url).pathname);
    const bytes = await readFile(join(this.repository, path)).catch(() => undefined);
    if (bytes === undefined) throw new DownloadHTTPError(`no ${url}`, 404);
    return new Blob([bytes]).stream() as Awaited<ReturnType<BaseFetcher['fetch']>>;
  }
}

/** It takes its clock's reading when it is made. */
function setClock(updater: Updater, now: Date): void {
  (updater as unknown as { readonly trustedSet: { referenceTime: Date } }).trustedSet.referenceTime = now;
}

async function versionsIn(stateDir: string): Promise<Partial<Record<Role, number>>> {
  const versions: Partial<Record<Role, number>> = {};
  for (const name of await readdir(stateDir)) {
    const role = basename(name, '.json') as Role;
    versions[role] = (await signedIn(stateDir, role)).version;
  }
  return versions;
}

interface SignedTargets {
  readonly version: number;
  readonly targets?: Readonly<Record<string, object>>;
}

async function signedIn(stateDir: string, role: Role): Promise<SignedTargets> {
  return (JSON.parse(await readFile(join(stateDir, `${role}.json`), 'utf8')) as { readonly signed: SignedTargets })
    .signed;
}

type ModelledRole = 'timestamp' | 'snapshot';

/** What we need of `Metadata` of `@tufjs/models`, which tuf-js doesn't give out. */
interface Metadata {
  readonly constructor: { fromJSON: (kind: ModelledRole, json: unknown) => Metadata };
  readonly signed: Read & { readonly snapshotMeta: MetaFile; readonly meta: Readonly<Record<string, MetaFile>> } & {
    toJSON: () => object;
  };
  verifyDelegate: (role: ModelledRole, metadata: Metadata) => void;
}

/** Reads and verifies single files as tuf-js does (`dist/store.js`), by one root. No expiry is judged. */
export class TufJsReader {
  private readonly root: Metadata;

  constructor(root: Buffer) {
    this.root = new TrustedMetadataStore(root).root as unknown as Metadata;
  }

  /** What it reads; undefined if it refuses the file. */
  read(role: ModelledRole, file: Buffer): Facts | undefined {
    return attempt(() => {
      const metadata = this.root.constructor.fromJSON(role, JSON.parse(file.toString('utf8')));
      this.root.verifyDelegate(role, metadata);
      const { signed } = metadata;
      return factsOf(signed, role === 'timestamp' ? { 'snapshot.json': signed.snapshotMeta } : signed.meta);
    });
  }

  /** The object over which it verifies: it reads `signed` into its model and writes that. Undefined if it cannot. */
  modelled(role: ModelledRole, signed: unknown): object | undefined {
    return attempt(() => this.root.constructor.fromJSON(role, { signed, signatures: [] }).signed.toJSON());
  }
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

interface Read {
  readonly version: number;
  readonly expires: string;
}

interface MetaFile {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Readonly<Record<string, string>>;
}

function factsOf({ version, expires }: Read, meta: Readonly<Record<string, MetaFile>>): Facts {
  const files = Object.entries(meta).map(([name, file]) => [name, entry(file)] as const);
  return { version, expires: new Date(expires).getTime(), files: Object.fromEntries(files) };
}

const entry = ({ version, length = 0, hashes = {} }: MetaFile): Facts['files'][string] => ({ version, length, hashes });
