/** JSON as text that may be no JSON: members in order and also twice, scalars as they are written. */
export type Node =
  | { readonly kind: 'object'; readonly members: Member[] }
  | { readonly kind: 'array'; readonly items: Node[] }
  | { readonly kind: 'raw'; text: string };

/** A member of an object; the name is JSON text too. */
export interface Member {
  name: string;
  value: Node;
}

/** One change: what, where, and which variant. The numbers are taken modulo what there is. */
export interface Mutation {
  readonly kind: keyof typeof MUTATIONS;
  readonly where: number;
  readonly which: number;
}

export function toNode(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(toNode) };
  if (typeof value !== 'object' || value === null) return raw(JSON.stringify(value));
  const members = Object.entries(value).map(([name, item]) => ({ name: JSON.stringify(name), value: toNode(item) }));
  return { kind: 'object', members };
}

/** @param space - white space between the tokens */
export function toText(node: Node, space = ''): string {
  if (node.kind === 'raw') return node.text;
  const items =
    node.kind === 'array'
      ? node.items.map((item) => toText(item, space))
      : node.members.map(({ name, value }) => `${name}${space}:${space}${toText(value, space)}`);
  const [open, close] = node.kind === 'array' ? '[]' : '{}';
  return `${open!}${space}${items.join(`${space},${space}`)}${space}${close!}`;
}

/** The rows of threat-model.md 4.21, and what lies near them. Each changes a document in place; a document that has no such place stays as it is. */
export const MUTATIONS = {
  /** Writes a member a second time, with a value of its own. */
  repeat: (root: Node, { where, which }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members === undefined || at === undefined) return;
    const { name, value } = members[at]!;
    members.splice(which % (members.length + 1), 0, { name, value: varied(value, which) });
  },
  /** Adds or renames a field to one that folds to the same name. */
  recase: (root: Node, { where, which }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members === undefined || at === undefined) return;
    const { name, value } = members[at]!;
    const folded = pick(CASES, which)(name);
    if (which % 3 === 0) members[at]!.name = folded;
    else members.splice(which % 2 === 0 ? members.length : 0, 0, { name: folded, value: varied(value, which) });
  },
  /** Another way to write a number, or another number. */
  number: (root: Node, { where, which }: Mutation) => {
    const node = scalar(root, where, /^-?\d/);
    if (node !== undefined) node.text = pick(NUMBERS, which).replaceAll('N', node.text);
  },
  date: (root: Node, { which }: Mutation) => {
    const node = valueOf(root, 'expires');
    if (node?.kind === 'raw') node.text = JSON.stringify(pick(DATES, which));
  },
  /** A value of another kind. */
  kind: (root: Node, { where, which }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members !== undefined && at !== undefined) members[at]!.value = raw(pick(KINDS, which));
  },
  remove: (root: Node, { where }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members !== undefined && at !== undefined) members.splice(at, 1);
  },
  reorder: (root: Node, { where, which }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members === undefined || at === undefined) return;
    const [moved] = members.splice(at, 1);
    members.splice(which % (members.length + 1), 0, moved!);
  },
  /** Another entry of `meta`, or another name of one. */
  meta: (root: Node, { which }: Mutation) => {
    const meta = valueOf(root, 'meta');
    if (meta?.kind !== 'object') return;
    const name = pick(META_NAMES, which);
    if (which % 5 === 0) Object.assign(meta.members[0] ?? {}, { name });
    else meta.members.splice(which % 2, 0, { name, value: varied(meta.members[0]?.value ?? raw('{}'), which) });
  },
  hash: (root: Node, { where, which }: Mutation) => {
    const entries = all(root)
      .filter((node) => node.kind === 'object')
      .flatMap((node) => node.members)
      .filter(({ name }) => name === '"hashes"');
    const hashes = entries[where % Math.max(entries.length, 1)]?.value;
    if (hashes?.kind !== 'object') return;
    pick(HASHES, which)(hashes.members);
  },
  /** A field that nobody knows. */
  unknown: (root: Node, { where, which }: Mutation) => {
    const objects = all(root).filter((node) => node.kind === 'object');
    const { members } = objects[where % objects.length]!;
    members.splice(which % (members.length + 1), 0, { name: pick(NAMES, which), value: raw(pick(KINDS, where)) });
  },
  /** Another way to write a text, or another text. */
  text: (root: Node, { where, which }: Mutation) => {
    const node = scalar(root, where, /^"/);
    if (node !== undefined) node.text = pick(TEXTS, which)(node.text);
  },
  /** Another way to write a name, or another name. */
  name: (root: Node, { where, which }: Mutation) => {
    const { members, at } = member(root, where) ?? {};
    if (members !== undefined && at !== undefined) members[at]!.name = pick(TEXTS, which)(members[at]!.name);
  },
  type: (root: Node, { which }: Mutation) => {
    const node = valueOf(root, '_type');
    if (node?.kind === 'raw') node.text = pick(TYPES, which)(node.text);
  },
  spec: (root: Node, { which }: Mutation) => {
    const node = valueOf(root, 'spec_version');
    if (node?.kind === 'raw') node.text = pick(SPECS, which);
  },
} as const;

const CASES: readonly ((name: string) => string)[] = [
  (name) => name.toUpperCase(),
  (name) => name.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  (name) => name.replace(/[a-z](?=")/, (letter) => letter.toUpperCase()),
  (name) => name.replace('s', '\u017f'),
  (name) => name.replace('k', '\u212a'),
  (name) => name.replace('i', '\u0131'),
  (name) => name.replace('i', '\u0130'),
  (name) => name.replace('"', '"\u200b'),
  (name) => name.replace('e', 'e\u0301'),
  (name) => name.replace('_', '-'),
  (name) => name.replace('_', ''),
];

const NUMBERS = [
  ...[
    'N.0',
    'Ne0',
    'NE+0',
    'N0e-1',
    '-0',
    '0',
    '-1',
    '-N',
    '0N',
    '+N',
    ' N ',
    'N.',
    '.N',
    '0xN',
    'N_0',
    'N.5',
    'N',
    '1',
  ],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '18446744073709551617', '1e400', '4294967297', '2147483648', '"N"', 'null', 'true', '[N]'],
  ...['NaN', 'Infinity', '1e15', '1E15', '123456789012345678901234567890', '0.1e1'],
];

const DATES = [
  ...['2126-01-01T00:00:00Z', '2126-01-01T00:00:00+05:30', '2126-01-01T00:00:00-03:00', '2126-01-01T00:00:00+23:59'],
  ...['2126-01-01T00:00:00+24:00', '2126-01-01T00:00:00.123Z', '2126-01-01T00:00:00,5Z', '2126-01-01T00:00:00'],
  ...['2126-02-30T00:00:00Z', '2126-02-29T00:00:00Z', '2128-02-29T00:00:00Z', '2126-01-01T24:00:00Z', 'never', ''],
  ...['2126-01-01T00:00:60Z', '2126-01-01T00:60:00Z', '2126-01-01t00:00:00z', '2126-01-01 00:00:00Z', '2126-01-01'],
  ...[
    '2126-1-1T0:0:0Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '0099-06-01T00:00:00Z',
  ],
  ...['9999-12-31T23:59:59-00:01', '0000-01-01T00:00:00+00:01', '+012126-01-01T00:00:00Z', '12126-01-01T00:00:00Z'],
  ...['2126-01-01T00:00:00-00:00', '2126-01-01T00:00:00+0530', '2126-01-01T00:00:00+05', '2126-01-01T00:00Z', '2126'],
  ...['1969-12-31T23:59:59Z', '2038-01-19T03:14:08Z', 'Fri, 01 Jan 2126 00:00:00 GMT', '4923072000', '2126-W01-1'],
  ...['2126-01-01T00:00:00Z ', ' 2126-01-01T00:00:00Z', '2126-01-01T00:00:00\u221203:00', '2126-12-31T23:59:59+14:00'],
];

const KINDS = [
  ...['null', 'true', 'false', '0', '1', '-1', '42', '""', '"a"', '"1"', '[]', '{}', '[1]', '[[]]', '{"a":1}'],
  ...[
    '{"version":7}',
    '{"_type":"root"}',
    '"\\u2028<&>"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\ufffd"',
    '9007199254740993',
  ],
  ...['1.5', '[0.1]', '{"\\ud83d\\ude00":1,"\\uffee":2}', '{"a":1,"a":2}', '{"__proto__":{"version":9}}', '[1e2]'],
  ...['"\\u0000\\u001f\\"\\\\"', '[-0]', '{"\uffee":1,"\ue000":2,"\u{10000}":3}', '1e400', '"é"', '"e\u0301"'],
];

const META_NAMES = [
  '"root.json"',
  '"targets.json"',
  '"Snapshot.json"',
  '"snapshot.jso\\u006e"',
  '"__proto__"',
  '"a.json"',
  '"snapshot.json"',
];

const NAMES = [
  ...['"custom"', '"Custom"', '"x"', '"__proto__"', '"constructor"', '"toString"', '"hasOwnProperty"', '""', '"0"'],
  ...[
    '"\\ud83d\\ude00"',
    '"\\uffee"',
    '"\\u0000"',
    '"Version"',
    '"VERSION"',
    '"meta"',
    '"Meta"',
    '"length"',
    '"Length"',
  ],
  ...[
    '"expires"',
    '"signed"',
    '"hashes"',
    '"toJSON"',
    '"\\ud800"',
    '"ver\\u017fion"',
    '"unrecognizedFields"',
    '"type"',
  ],
];

const TEXTS: readonly ((text: string) => string)[] = [
  (text) => text.replace(/[a-z]/, escapedly),
  (text) => text.replace(/[a-z](?=")/, escapedly),
  (text) => text.replace(/[a-z]/g, escapedly),
  (text) => text.replace(/\//, '\\/'),
  (text) => text.replace('"', '"\\u0000'),
  (text) => text.replace('"', '"\\ud800'),
  (text) => text.replace('"', '"\\ud83d\\ude00'),
  (text) => text.replace('"', '"\ufffd'),
  (text) => text.replace('"', '"\u2028'),
  (text) => text.replace('"', '"\\x41'),
  (text) => text.replace('"', '"\t'),
  (text) => text.replace('"', '" '),
  (text) => text.toUpperCase(),
  () => '""',
  () => '"a"',
];

const TYPES: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  (text) => text.replace('s', '\u017f'),
  () => '"timestamp"',
  () => '"snapshot"',
  () => '"root"',
];

const SPECS = [
  '"1"',
  '"1.0"',
  '"1.0.0"',
  '"1.0.34"',
  '"2.0"',
  '"1.0.0.0"',
  '"1."',
  '"1.0.x"',
  '"1.0 "',
  '" 1.0"',
  '"1.1"',
  '"01.0"',
  '"1.00"',
  '1',
  '""',
  '"1e0.0"',
  '"1.0x1"',
];

const SHA256 = `"${'ab'.repeat(32)}"`;
const HASHES: readonly ((members: Member[]) => void)[] = [
  (members) => members.push({ name: '"sha256"', value: raw(SHA256) }),
  (members) => members.push({ name: '"sha256"', value: raw(SHA256.toUpperCase()) }),
  (members) => members.push({ name: '"SHA512"', value: raw(SHA256) }),
  (members) => members.push({ name: '"md5"', value: raw('"00112233445566778899aabbccddeeff"') }),
  (members) => members.push({ name: '"blake2b-256"', value: raw(SHA256) }),
  (members) => members.push({ name: '"__proto__"', value: raw('"00"') }),
  (members) => members.splice(0, 1, { name: '"md5"', value: raw('"00112233445566778899aabbccddeeff"') }),
  (members) => members.splice(0),
  (members) => change(members, (text) => text.toUpperCase()),
  (members) => change(members, (text) => text.replace(/.(?="$)/, '')),
  (members) => change(members, (text) => text.replace(/..(?="$)/, '')),
  (members) => change(members, (text) => text.replace(/.(?="$)/, 'g')),
  (members) => change(members, (text) => text.replace(/(?="$)/, '\\n')),
  (members) => change(members, (text) => text.replace(/^"(.)/, (_, digit: string) => `"${escapedly(digit)}`)),
  (members) => change(members, () => 'null'),
  (members) => change(members, () => '""'),
];

/** Signatures, each a way to write or to break the list. The entries are right to begin with. */
export const SIGNATURE_MUTATIONS: readonly ((entries: Node[]) => void)[] = [
  () => undefined,
  (entries) => entries.reverse(),
  (entries) => entries.push(entries[0]!),
  (entries) => entries.push(toNode({ keyid: 'a stranger', sig: '' })),
  (entries) => entries.unshift(toNode({ keyid: 'a stranger', sig: 'zz' })),
  (entries) => entries.push(toNode({ keyid: 'a stranger', sig: 'abc' })),
  (entries) => entries.push(toNode({ keyid: '__proto__', sig: '00' })),
  (entries) => entries.push(toNode({ keyid: 'toString', sig: '00' })),
  (entries) => entries.push(raw('null')),
  (entries) => entries.push(toNode({ sig: '00' })),
  (entries) => eachField(entries, 'sig', (text) => text.toUpperCase()),
  (entries) => eachField(entries, 'sig', (text) => text.replace(/(?="$)/, '0')),
  (entries) => eachField(entries, 'sig', (text) => text.replace(/(?="$)/, 'zz')),
  (entries) => eachField(entries, 'sig', (text) => text.replace(/(?="$)/, '00')),
  (entries) => eachField(entries, 'sig', (text) => text.replace(/^"(.)/, (_, digit: string) => `"${escapedly(digit)}`)),
  (entries) =>
    eachField(entries, 'keyid', (text) => text.replace(/^"(.)/, (_, digit: string) => `"${escapedly(digit)}`)),
  (entries) => eachField(entries, 'keyid', (text) => text.toUpperCase()),
  (entries) => twin(entries, '"Sig"', raw('"00"')),
  (entries) => twin(entries, '"KeyID"', raw('"00"')),
  (entries) => twin(entries, '"\u212aeyid"', raw('"00"')),
  (entries) => twin(entries, '"method"', raw('"ed25519"')),
  (entries) => entries.splice(0, 1),
  (entries) => entries.splice(0),
];

function eachField(entries: readonly Node[], field: string, how: (text: string) => string): unknown {
  for (const entry of entries) {
    const node = valueOf(entry, field);
    if (node?.kind === 'raw') node.text = how(node.text);
  }
  return entries;
}

function twin(entries: readonly Node[], name: string, value: Node): unknown {
  for (const entry of entries) if (entry.kind === 'object') entry.members.push({ name, value });
  return entries;
}

function raw(text: string): { kind: 'raw'; text: string } {
  return { kind: 'raw', text };
}

function pick<T>(list: readonly T[], number: number): T {
  return list[number % list.length]!;
}

function all(node: Node): readonly Node[] {
  if (node.kind === 'raw') return [node];
  const children = node.kind === 'array' ? node.items : node.members.map(({ value }) => value);
  return [node, ...children.flatMap(all)];
}

function member(root: Node, where: number): { readonly members: Member[]; readonly at: number } | undefined {
  const places = all(root)
    .filter((node) => node.kind === 'object')
    .flatMap(({ members }) => members.map((_, at) => ({ members, at })));
  return places[where % Math.max(places.length, 1)];
}

function scalar(root: Node, where: number, pattern: RegExp): { text: string } | undefined {
  const scalars = all(root)
    .filter((node) => node.kind === 'raw')
    .filter(({ text }) => pattern.test(text));
  return scalars[where % Math.max(scalars.length, 1)];
}

function valueOf(root: Node, name: string): Node | undefined {
  return root.kind === 'object' ? root.members.find((item) => item.name === `"${name}"`)?.value : undefined;
}

/** The same value, or one that a reader would notice. */
function varied(value: Node, which: number): Node {
  if (which % 4 === 0) return copyOf(value);
  if (value.kind === 'raw' && /^\d+$/.test(value.text)) return raw(String(Number(value.text) + 39));
  return which % 4 === 1 ? raw(pick(KINDS, which)) : copyOf(value);
}

function copyOf(node: Node): Node {
  if (node.kind === 'raw') return raw(node.text);
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(copyOf) };
  return { kind: 'object', members: node.members.map(({ name, value }) => ({ name, value: copyOf(value) })) };
}

function change(members: readonly Member[], how: (text: string) => string): unknown {
  for (const { value } of members) if (value.kind === 'raw') value.text = how(value.text);
  return members;
}

function escapedly(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
