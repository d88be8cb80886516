import { createHash } from 'node:crypto';
import type { RefusalCode } from '../../lib/contract/codes.ts';
import { RefusalError } from '../../lib/contract/errors.ts';
import { refreshClient, type Trusted } from '../../lib/tuf/client.ts';
import type { RoleType } from '../../lib/tuf/envelope.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { looselyCanonical } from './loose-json.ts';
import { ed25519Key, type KeyJson, type SigningKey } from './signing-key.ts';

export const NOW = parseInstant('2026-11-24T00:00:00Z', 'NOW');
/** Later than any clock that may run these tests: tuf-js has one of its own. */
export const VALID = '2126-01-01T00:00:00Z';
export const EXPIRED = '2020-01-01T00:00:00Z';

/** How a timestamp or a snapshot names a file. */
export interface EntryJson {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

/** Metadata as JSON.parse gives it, to be changed by a case. Each role has its own of these fields. */
export interface SignedJson {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  keys: Record<string, KeyJson>;
  roles: Record<string, { keyids: string[]; threshold: number }>;
  consistent_snapshot: boolean;
  meta: Record<string, EntryJson>;
  targets: Record<string, object>;
  delegations: { keys: Record<string, KeyJson>; roles: object[] };
}

type Change = (signed: SignedJson) => void;
const asItIs: Change = () => undefined;

/** A file, signed by each of the keys. */
export function signedFile(signed: object, keys: readonly SigningKey[]): Buffer {
  const message = looselyCanonical(signed);
  const signatures = keys.map((key) => ({ keyid: key.id, sig: key.sign(message).toString('hex') }));
  return Buffer.from(JSON.stringify({ signed, signatures }));
}

/** How a file is named, as go-tuf does it. */
function entryOf(bytes: Uint8Array, version: number): EntryJson {
  return { version, length: bytes.length, hashes: { sha512: createHash('sha512').update(bytes).digest('hex') } };
}

/** A repository in memory that breaks whatever it is asked to. Every role has one key of its own, if not said otherwise. */
export class TestRepository {
  readonly files = new Map<string, Buffer>();
  readonly keys: Record<RoleType, readonly SigningKey[]> = {
    root: [ed25519Key()],
    timestamp: [ed25519Key()],
    snapshot: [ed25519Key()],
    targets: [ed25519Key()],
  };
  /** Names and parents of delegated roles; all of them are signed by {@link delegated}. */
  delegations: Readonly<Record<string, readonly string[]>> = {};
  readonly delegated = ed25519Key();
  thresholds: Partial<Record<RoleType, number>> = {};
  isConsistent = false;

  /** Root 1, and version 1 of everything else. */
  static healthy(): TestRepository {
    const repository = new TestRepository();
    repository.root(1);
    repository.publish(1);
    return repository;
  }

  /** Targets, a snapshot of them and a timestamp of that, all with one version. */
  publish(version: number): void {
    this.targets(version);
    for (const role of this.delegatedNames()) this.targets(version, asItIs, role);
    this.snapshot(version);
    this.timestamp(version);
  }

  root(version: number, change = asItIs, signers = this.keys.root): void {
    const keys = Object.fromEntries(Object.values(this.keys).flatMap((all) => all.map(({ id, json }) => [id, json])));
    const roles = Object.fromEntries(
      Object.entries(this.keys).map(([role, all]) => {
        const threshold = this.thresholds[role as RoleType] ?? 1;
        return [role, { keyids: all.map(({ id }) => id), threshold }];
      }),
    );
    const signed = this.signed('root', version, { keys, roles, consistent_snapshot: this.isConsistent });
    this.put(`${version}.root.json`, signedFile(changed(signed, change), signers));
  }

  targets(version: number, change = asItIs, role = 'targets', signers = this.signersOf(role)): void {
    const names = Object.hasOwn(this.delegations, role) ? this.delegations[role]! : [];
    const keyids = [this.delegated.id];
    const delegations = {
      keys: { [this.delegated.id]: this.delegated.json },
      roles: names.map((name) => ({ name, keyids, threshold: 1, terminating: false, paths: [`${name}/*`] })),
    };
    const signed = this.signed('targets', version, { targets: {}, ...(names.length > 0 ? { delegations } : {}) });
    this.putVersioned(role, version, signedFile(changed(signed, change), signers));
  }

  snapshot(version: number, change = asItIs, signers = this.keys.snapshot): void {
    const roles = ['targets', ...this.delegatedNames()];
    const meta = Object.fromEntries(roles.map((role) => [`${role}.json`, this.entry(role)]));
    this.putVersioned(
      'snapshot',
      version,
      signedFile(changed(this.signed('snapshot', version, { meta }), change), signers),
    );
  }

  timestamp(version: number, change = asItIs, signers = this.keys.timestamp): void {
    const meta = { 'snapshot.json': this.entry('snapshot') };
    this.put('timestamp.json', signedFile(changed(this.signed('timestamp', version, { meta }), change), signers));
  }

  put(file: string, bytes: Uint8Array): void {
    this.files.set(file, Buffer.from(bytes));
  }

  /** The newest file of a role. */
  newest(role: string): Buffer {
    const bytes = this.current.get(role);
    if (bytes === undefined) throw new Error(`There is no ${role}.`);
    return bytes;
  }

  private readonly current = new Map<string, Buffer>();

  private putVersioned(role: string, version: number, bytes: Buffer): void {
    this.current.set(role, bytes);
    this.put(`${this.isConsistent ? `${version}.` : ''}${encodeURIComponent(role)}.json`, bytes);
  }

  private entry(role: string): EntryJson {
    const bytes = this.newest(role);
    return entryOf(bytes, (JSON.parse(bytes.toString()) as { signed: SignedJson }).signed.version);
  }

  private signersOf(role: string): readonly SigningKey[] {
    return role === 'targets' ? this.keys.targets : [this.delegated];
  }

  private delegatedNames(): readonly string[] {
    return Array.from(new Set(Object.values(this.delegations).flat()));
  }

  private signed(type: RoleType, version: number, own: object): SignedJson {
    return { _type: type, spec_version: '1.0', version, expires: VALID, ...own } as SignedJson;
  }
}

function changed(signed: SignedJson, change: Change): SignedJson {
  change(signed);
  return signed;
}

/** What came of one refresh. */
export interface Refresh {
  readonly code: RefusalCode | 'accepted';
  readonly message: string;
  /** What was asked for, in order. */
  readonly requests: readonly string[];
  /** How many bytes it would have taken of each. */
  readonly limits: Readonly<Record<string, number>>;
  /** What was kept, in order. */
  readonly stored: readonly string[];
  /** The memory afterwards. */
  readonly memory: ReadonlyMap<string, Uint8Array>;
  readonly trusted: Trusted | undefined;
}

/** Runs our client once. Nothing but a refusal may come out of it. */
export function refresh(
  files: ReadonlyMap<string, Uint8Array>,
  memory: ReadonlyMap<string, Uint8Array>,
  now = NOW,
  workflow = refreshClient,
): Refresh {
  const kept = new Map(memory);
  const requests: string[] = [];
  const limits: Record<string, number> = {};
  const stored: string[] = [];
  const result = (code: Refresh['code'], message: string, trusted?: Trusted): Refresh => ({
    code,
    message,
    requests,
    limits,
    stored,
    memory: kept,
    trusted,
  });
  try {
    const walk = workflow(kept, now);
    let step = walk.next();
    while (step.done !== true) {
      if (step.value.do === 'store') {
        kept.set(step.value.name, step.value.bytes);
        stored.push(step.value.name);
        step = walk.next();
      } else if (step.value.do === 'forget') {
        kept.delete(step.value.name);
        step = walk.next();
      } else {
        requests.push(step.value.file);
        limits[step.value.file] = step.value.maxBytes;
        step = walk.next(files.get(step.value.file));
      }
    }
    return result('accepted', '', step.value);
  } catch (error) {
    if (error instanceof RefusalError) return result(error.code, error.message);
    throw error;
  }
}
