import { createHash } from 'node:crypto';
import { isCoded } from '../../lib/contract/errors.ts';
import { storedAs } from '../../lib/client/target-path.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW } from '../authoring/updates.ts';
import type { LocalAws } from '../aws/local-aws.ts';
import { lookAsClient, type Seen } from '../refresh/client.ts';
import { BUCKET, PREFIX } from './publisher.ts';

/** What clients run into while others write: the one that remembers, and one that begins at that very moment. */
export class WatchingClients {
  /** Codes with which a client was refused that had updated before. */
  readonly returning: string[] = [];
  /** Codes with which a client was refused that began just then. */
  readonly beginning: string[] = [];
  /** Targets that a client had read of and that were not there, or were others. */
  readonly targets: string[] = [];
  readonly #read: (file: string) => Uint8Array | undefined;
  readonly #root: Uint8Array;
  #memory: Map<string, Uint8Array>;
  #last = '';
  looks = 0;

  constructor(read: (file: string) => Uint8Array | undefined, root: Uint8Array) {
    this.#read = read;
    this.#root = root;
    this.#memory = new Map([['root.json', root]]);
  }

  /** Clients that look after every request to the local AWS that changes the repository. */
  static of(aws: LocalAws, root: Uint8Array): WatchingClients {
    const clients = new WatchingClients((file) => aws.s3.get(BUCKET, PREFIX + file), root);
    aws.beforeAnswer(({ bucket, operation }) => {
      if (bucket === BUCKET && ['PutObject', 'CompleteMultipartUpload', 'DeleteObject'].includes(operation)) clients.look(); // prettier-ignore
    });
    return clients;
  }

  /** The one that remembers begins anew, with another repository. */
  forget(): void {
    this.#memory = new Map([['root.json', this.#root]]);
  }

  /** Both look once. */
  look(): void {
    if (this.#read('timestamp.json') === undefined) return; // nothing is published yet
    this.looks++;
    const returning = this.#attempt(this.#memory, this.returning);
    if (returning !== undefined) this.#memory = returning.kept;
    const beginning = this.#attempt(new Map([['root.json', this.#root]]), this.beginning);
    if (beginning !== undefined) this.#lookAtTargets(beginning);
  }

  #attempt(memory: ReadonlyMap<string, Uint8Array>, refused: string[]): Seen | undefined {
    try {
      return lookAsClient(this.#read, memory, parseInstant(NOW, 'NOW'));
    } catch (error) {
      if (!isCoded(error)) throw error;
      refused.push(error.code);
      return undefined;
    }
  }

  #lookAtTargets({ targets, root }: Seen): void {
    const state = JSON.stringify(Array.from(targets.values(), ({ sha256 }) => sha256));
    if (state === this.#last && root.consistentSnapshot) return; // what is there under a hash stays
    this.#last = state;
    for (const [path, target] of Array.from(targets.values(), (role) => Array.from(role.targets)).flat()) {
      const [name] = storedAs(path, target.hashes, root.consistentSnapshot);
      const bytes = this.#read(`targets/${name}`);
      if (bytes === undefined || sha512(bytes) !== target.hashes.get('sha512')) this.targets.push(path);
    }
  }
}

const known = new WeakMap<Uint8Array, string>();

function sha512(bytes: Uint8Array): string {
  const hash = known.get(bytes) ?? createHash('sha512').update(bytes).digest('hex');
  known.set(bytes, hash);
  return hash;
}
