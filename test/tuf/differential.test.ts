import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RefusalError } from '../../lib/contract/errors.ts';
import { parseRoot } from '../../lib/tuf/root.ts';
import { parseSnapshot } from '../../lib/tuf/snapshot.ts';
import { parseTimestamp } from '../../lib/tuf/timestamp.ts';
import { verified } from '../../lib/tuf/verify.ts';
import { describeWithGoTufLoop } from '../peers/describe-with-go-tuf.ts';
import { ourFacts, type Facts } from './facts.ts';
import { looselyCanonical } from './loose-json.ts';
import { MUTATIONS, SIGNATURE_MUTATIONS, toNode, toText, type Mutation } from './mutation.ts';
import { TestRepository, type SignedJson } from './repository.ts';
import { ed25519Key } from './signing-key.ts';
import { TufJsReader } from './tuf-js.ts';

// Threat model, S-13: what our parser accepts, each client rejects, or reads with equal version, instant, snapshot version, length and hashes.
// The ordinary run is short; TIMEKEEPER_FUZZ_RUNS=100000 makes a long one, and TIMEKEEPER_FUZZ_SEED another.
const RUNS = Number(process.env.TIMEKEEPER_FUZZ_RUNS ?? 2_000);
const SEED = Number(process.env.TIMEKEEPER_FUZZ_SEED ?? 20_261_124);

type Role = 'timestamp' | 'snapshot';

/** A file to be read by everybody. */
interface Case {
  readonly role: Role;
  readonly mutations: readonly Mutation[];
  /** How the list of signatures is written or broken. */
  readonly signatures: number;
  /** A second `signed` or `signatures` in the envelope. */
  readonly twin: { readonly name: string; readonly isFirst: boolean } | undefined;
  readonly space: string;
  /** Changes of bytes, with the signatures as they were. */
  readonly edits: readonly Edit[];
}

interface Edit {
  readonly do: 'set' | 'insert' | 'delete' | 'cut';
  readonly at: number;
  readonly bytes: readonly number[];
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...(Object.keys(MUTATIONS) as readonly Mutation['kind'][])),
  where: fc.nat(500),
  which: fc.nat(500),
});

const TWINS = [
  '"signed"',
  '"Signed"',
  '"SIGNED"',
  '"\u017figned"',
  '"\\u0073igned"',
  '"Signatures"',
  '"\u017fignatures"',
];
const BYTES = [
  [0xef, 0xbb, 0xbf],
  [0xff],
  [0xed, 0xa0, 0x80],
  [0],
  [0x20],
  [0x0a],
  [0x78],
  [0x5c],
  [0x22],
  [0x2c],
  [0x7d],
];

const cases: fc.Arbitrary<Case> = fc.record({
  role: fc.constantFrom('timestamp', 'timestamp', 'snapshot'),
  mutations: fc.array(mutation, { maxLength: 3 }),
  signatures: sometimes(fc.nat(SIGNATURE_MUTATIONS.length - 1), 0),
  twin: sometimes(fc.record({ name: fc.constantFrom(...TWINS), isFirst: fc.boolean() }), undefined),
  space: sometimes(fc.constantFrom(' ', '\n', '\t', '\r\n', '\u00a0', '\v', '\u2028', '\0'), ''),
  edits: sometimes(
    fc.array(
      fc.record({
        do: fc.constantFrom('set', 'insert', 'delete', 'cut'),
        at: fc.oneof(fc.constantFrom(0, -1), fc.nat(2_000)),
        bytes: fc.oneof(
          fc.constantFrom(...BYTES),
          fc.nat(255).map((byte) => [byte]),
        ),
      }),
      { maxLength: 2 },
    ),
    [],
  ),
});

/** A value that is there in one of six cases, so that one fault does not hide the others. */
function sometimes<T>(values: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(otherwise), weight: 5 }, { arbitrary: values, weight: 1 });
}

// Three keys, of which one is enough: each signs what another reader makes of the file, so that as many as possible accept it.
const [AS_GO, AS_TUF_JS, AS_IT_WAS] = [ed25519Key(), ed25519Key(), ed25519Key()];
const repository = new TestRepository();
repository.keys.timestamp = [AS_GO, AS_TUF_JS, AS_IT_WAS];
repository.keys.snapshot = repository.keys.timestamp;
repository.root(1);
repository.publish(3);
const ROOT = repository.files.get('1.root.json')!;
const ORIGINAL: Readonly<Record<Role, object>> = {
  timestamp: signedOf('timestamp.json'),
  snapshot: signedOf('snapshot.json'),
};
const OTHER: Readonly<Record<Role, object>> = {
  timestamp: { ...ORIGINAL.timestamp, version: 42 },
  snapshot: { ...ORIGINAL.snapshot, version: 42 },
};
const tufJs = new TufJsReader(ROOT);

function signedOf(file: string): object {
  return (JSON.parse(repository.files.get(file)!.toString()) as { signed: SignedJson }).signed;
}

function fileOf({ role, mutations, signatures, twin, space, edits }: Case): Buffer {
  const signed = toNode(ORIGINAL[role]);
  for (const one of mutations) MUTATIONS[one.kind](signed, one);
  const text = toText(signed);
  const read = loosely(text);
  const messages = [
    { key: AS_GO, message: read === undefined ? Buffer.from(text) : looselyCanonical(read) },
    { key: AS_TUF_JS, message: looselyCanonical(tufJs.modelled(role, read) ?? read, 'utf-16') },
    { key: AS_IT_WAS, message: looselyCanonical(twin === undefined ? ORIGINAL[role] : OTHER[role]) },
  ];
  const entries = messages.map(({ key, message }) => toNode({ keyid: key.id, sig: key.sign(message).toString('hex') }));
  SIGNATURE_MUTATIONS[signatures]!(entries);
  const members = [
    { name: '"signed"', value: signed },
    { name: '"signatures"', value: { kind: 'array', items: entries } as const },
  ];
  if (twin !== undefined) {
    const value = /gned/i.test(twin.name) ? toNode(OTHER[role]) : toNode([]);
    members.splice(twin.isFirst ? 0 : 2, 0, { name: twin.name, value: value });
  }
  return edits.reduce(edited, Buffer.from(toText({ kind: 'object', members }, space)));
}

/** What a lenient reader makes of a text; undefined where it makes nothing. */
function loosely(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function edited(file: Buffer, { do: how, at, bytes }: Edit): Buffer {
  const place = at === -1 ? file.length : at % (file.length + 1);
  const before = file.subarray(0, place);
  switch (how) {
    case 'set':
      return Buffer.concat([before, Buffer.from(bytes), file.subarray(place + bytes.length)]);
    case 'insert':
      return Buffer.concat([before, Buffer.from(bytes), file.subarray(place)]);
    case 'delete':
      return Buffer.concat([before, file.subarray(place + 1)]);
    case 'cut':
      return before;
  }
}

const trusted = parseRoot(ROOT);

/** What we read; undefined if we refuse it. Whatever else is thrown fails the test. */
function ours(role: Role, file: Buffer): Facts | undefined {
  try {
    if (role === 'timestamp') {
      const read = verified(parseTimestamp(file), trusted.roles.timestamp, trusted.keys, role);
      return ourFacts(read.version, read.expires, new Map([['snapshot.json', read.snapshot]]));
    }
    const read = verified(parseSnapshot(file), trusted.roles.snapshot, trusted.keys, role);
    return ourFacts(read.version, read.expires, read.meta);
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}

/** Lets a client read every case, and counts. */
async function compare(name: string, theirs: (role: Role, file: Buffer) => Promise<Facts | undefined>): Promise<void> {
  const count = { cases: 0, we: 0, it: 0, both: 0 };
  await fc.assert(
    fc.asyncProperty(cases, async (item) => {
      const file = fileOf(item);
      const [we, it] = [ours(item.role, file), await theirs(item.role, file)];
      count.cases++;
      if (we !== undefined) count.we++;
      if (it !== undefined) count.it++;
      if (we === undefined || it === undefined) return;
      count.both++;
      if (!isDeepStrictEqual(it, we)) {
        throw new Error(`${file.toString('latin1')}\nWe read ${JSON.stringify(we)}\n${name} ${JSON.stringify(it)}`);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  if (process.env.TIMEKEEPER_FUZZ_RUNS !== undefined) console.log(name, count);
  // A comparison of refusals only would prove nothing.
  expect(count.both).toBeGreaterThan(RUNS / 10);
  expect(count.it).toBeGreaterThan(count.both);
}

const TIMEOUT = 60_000 + RUNS * 50; // milliseconds

describe('what we accept, tuf-js refuses or reads alike:', () => {
  test(
    `${RUNS} ways to write a timestamp or a snapshot`,
    async () => {
      await expect(compare('tuf-js', (role, file) => Promise.resolve(tufJs.read(role, file)))).resolves.toBeUndefined();
    },
    TIMEOUT,
  );
});

await describeWithGoTufLoop('what we accept, go-tuf refuses or reads alike:', (loop) => {
  async function goTuf(role: Role, file: Buffer): Promise<Facts | undefined> {
    const reading = await loop().read(ROOT, role, file);
    if (!reading.ok && reading.at === 'root') throw new Error(reading.error);
    if (!reading.ok) return undefined;
    const { version, expires, files } = reading;
    return { version, expires: Date.parse(expires), files };
  }

  test(
    `${RUNS} ways to write a timestamp or a snapshot`,
    async () => {
      await expect(compare('go-tuf', goTuf)).resolves.toBeUndefined();
    },
    TIMEOUT,
  );
});
