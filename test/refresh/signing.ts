import { createHash } from 'node:crypto';
import type { PrivateKey } from '../../lib/keys/private-key.ts';
import type { KeySource, Signer } from '../../lib/keys/signer.ts';
import { canonicalJson } from '../../lib/tuf/canonical-json.ts';
import { isArray, isObject, type Json } from '../../lib/tuf/json.ts';
import { keyId } from '../../lib/tuf/key-id.ts';

/** How a timestamp or a snapshot names a file. */
export interface EntryJson {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

/** Metadata as JSON.parse gives it, to be changed by a case. Each role has its own of these fields. */
export interface Signed {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  meta: Record<string, EntryJson>;
  targets: Record<string, object>;
  delegations: { keys: Record<string, object>; roles: { name: string; keyids: string[]; threshold: number }[] };
  keys: Record<string, object>;
  roles: Record<string, { keyids: string[]; threshold: number }>;
  consistent_snapshot?: boolean;
  [unknown: string]: unknown;
}

/** Signs metadata again, written as go-tuf writes it. */
export function sign(signed: object, keys: readonly PrivateKey[]): Promise<Buffer> {
  return signText(JSON.stringify(signed), keys);
}

/**
 * Signs the text of a `signed` object as it stands, over what a lenient client reads in it (of two equal keys the last one).
 * @param entries - signatures to add as they are
 */
export async function signText(
  text: string,
  keys: readonly PrivateKey[],
  entries: readonly object[] = [],
): Promise<Buffer> {
  const message = canonicalJson(mapped(JSON.parse(text)));
  const signatures = await Promise.all(
    keys.map(async (key) => ({ keyid: idOf(key), sig: Buffer.from(await key.sign(message)).toString('hex') })),
  );
  return Buffer.from(`{"signed":${text},"signatures":${JSON.stringify([...signatures, ...entries])}}`);
}

/** The key id under which a root lists a key. */
export function idOf(key: PrivateKey): string {
  return keyId(key.publicKey.json);
}

/** A public key as a root lists it. */
export function publicJson(key: PrivateKey): object {
  return plain(key.publicKey.json) as object;
}

/** How a timestamp or a snapshot names a file, as go-tuf does. */
export function entryOf(bytes: Uint8Array, version: number): EntryJson {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  return { version, length: bytes.length, hashes: { sha512: digest('sha512'), sha256: digest('sha256') } };
}

/** What JSON.parse gives, as our own type. Not by our own parser: that would refuse what a case wants signed. */
function mapped(value: unknown): Json {
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null) return value as Json;
  return new Map(Object.entries(value).map(([key, item]) => [key, mapped(item)]));
}

function plain(json: Json): unknown {
  if (isObject(json)) return Object.fromEntries(Array.from(json, ([key, value]) => [key, plain(value)]));
  return isArray(json) ? json.map(plain) : json;
}

/** Key material in memory. Counts what is asked of it. */
export class MemoryKeys implements KeySource {
  /** What opening gives. Changing it changes the fingerprint, as a new key file does. */
  keys: readonly Signer[];
  /** How often the material was opened: each one would have cost a secret. */
  openings = 0;
  /** Signatures over TUF metadata. */
  signatures = 0;
  /** Signatures over a probe's bytes. */
  probes = 0;
  private readonly log: string[];

  constructor(keys: readonly Signer[], log: string[] = []) {
    this.keys = keys;
    this.log = log;
  }

  fingerprint(): Promise<string | undefined> {
    this.log.push('keys fingerprint');
    const contents = this.keys.map(({ publicKey }) => publicKey.content).join();
    return Promise.resolve(createHash('sha256').update(contents).digest('hex'));
  }

  open(): Promise<readonly Signer[]> {
    this.openings++;
    this.log.push('keys open');
    return Promise.resolve(
      this.keys.map((key) => ({
        publicKey: key.publicKey,
        sign: (message: Uint8Array) => {
          const isProbe = Buffer.from(message).toString('latin1').startsWith('timekeeper-probe:');
          if (isProbe) this.probes++;
          else this.signatures++;
          this.log.push(isProbe ? 'keys probe' : 'keys sign');
          return key.sign(message);
        },
      })),
    );
  }
}
