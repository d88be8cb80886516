import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpServer } from '../stores/http-server.ts';
import { TestRepository, type SignedJson } from '../tuf/repository.ts';
import type { ed25519Key } from '../tuf/signing-key.ts';

/** A repository of ours behind a real server: metadata below `/m/`, targets below `/m/targets/`. Every request is recorded. */
export class ServedRepository {
  readonly repository: TestRepository;
  readonly server = new HttpServer();
  /** Bytes of targets, by the path after `/m/targets/`. */
  readonly targets = new Map<string, Uint8Array>();
  /** Answers in place of the file: a status, or whatever a hostile server does. */
  readonly faults = new Map<string, number | ((request: IncomingMessage, response: ServerResponse) => void)>();

  constructor(repository = new TestRepository()) {
    this.repository = repository;
    this.server.answer = (request, response) => {
      this.answer(request, response);
    };
  }

  get url(): string {
    return `${this.server.url}/m`;
  }

  /** What was asked for since the last time, without the folder of the metadata. */
  asked(): readonly string[] {
    return this.server.requests.splice(0).map((line) => line.replace(/^GET \/m\//, ''));
  }

  /** A role's list of targets; the files are served if `isServed`. */
  lists(files: Readonly<Record<string, string>>, isServed = true): (signed: SignedJson) => void {
    return (signed) => {
      for (const [path, content] of Object.entries(files)) {
        signed.targets[path] = targetOf(content);
        if (isServed) this.targets.set(path, Buffer.from(content));
      }
    };
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const asked = (request.url ?? '').replace(/^\/m\//, '');
    const path = asked.startsWith('targets/') ? decodeURIComponent(asked) : asked; // names of roles stay encoded in names of files
    const fault = this.faults.get(path);
    if (typeof fault === 'number') response.writeHead(fault).end();
    else if (fault !== undefined) fault(request, response);
    else {
      const bytes = path.startsWith('targets/') ? this.targets.get(path.slice(8)) : this.repository.files.get(path);
      if (bytes === undefined) response.writeHead(404).end();
      else response.end(bytes);
    }
  }
}

/** How metadata names a target. */
export function targetOf(content: string, algorithms: readonly string[] = ['sha256']): object {
  const hashes = algorithms.map((name) => [name, createHash(name).update(content).digest('hex')]);
  return { length: Buffer.byteLength(content), hashes: Object.fromEntries(hashes) as object };
}

/** One delegation: to a role with a key of its own or another's. */
export interface DelegationJson {
  readonly name: string;
  readonly key?: ReturnType<typeof ed25519Key>;
  readonly terminating?: boolean;
  readonly paths?: readonly string[];
  readonly path_hash_prefixes?: readonly string[];
}

/** Lets a role delegate, in this order. All paths, if nothing is said. */
export function delegates(
  repository: TestRepository,
  ...roles: readonly DelegationJson[]
): (signed: SignedJson) => void {
  return (signed) => {
    const all = roles.map(({ key = repository.delegated, ...role }) => ({ key, ...role }));
    signed.delegations = {
      keys: Object.fromEntries(all.map(({ key }) => [key.id, key.json])),
      roles: all.map(({ key, name, terminating = false, paths, path_hash_prefixes }) => ({
        name,
        keyids: [key.id],
        threshold: 1,
        terminating,
        ...(path_hash_prefixes === undefined ? { paths: paths ?? ['*', '*/*'] } : { path_hash_prefixes }),
      })),
    };
  };
}
