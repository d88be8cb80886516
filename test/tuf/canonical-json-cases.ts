import fc from 'fast-check';
import { canonicalJson } from '../../lib/tuf/canonical-json.ts';
import { parseJson } from '../../lib/tuf/json.ts';

/** A text in canonical form, read and written by us. */
export const canonical = (text: string): string =>
  Buffer.from(canonicalJson(parseJson(Buffer.from(text), 'f'))).toString();

/** Each was confirmed with go-securesystemslib v0.5.0; canonical-json-peers.test.ts does it again. */
export const VECTORS = [
  { rule: 'leaves out white space', text: ' { "a" : [ 1 , 2 ] } ', expected: '{"a":[1,2]}' },
  { rule: 'sorts keys', text: '{"b":1,"a":{"d":1,"c":2},"A":0}', expected: '{"A":0,"a":{"c":2,"d":1},"b":1}' },
  { rule: 'sorts keys that are numbers as texts', text: '{"10":1,"9":2,"":3}', expected: '{"":3,"10":1,"9":2}' },
  {
    rule: 'sorts by UTF-8 bytes, so that astral characters come last',
    text: '{"\\ud83d\\ude00":1,"\\uffee":2,"\\ue000":3,"z":4}',
    expected: '{"z":4,"\ue000":3,"\uffee":2,"😀":1}',
  },
  { rule: 'escapes quotes and backslashes', text: '{"\\"":"\\\\\\/"}', expected: '{"\\"":"\\\\/"}' },
  {
    rule: 'writes control characters raw',
    text: '{"a":"\\u0000\\b\\f\\n\\r\\t\\u001f\\u007f"}',
    expected: '{"a":"\0\b\f\n\r\t\u001f\u007f"}',
  },
  {
    rule: 'writes what Go escapes for HTML raw',
    text: '{"a":"<&>\\u2028\\u2029"}',
    expected: '{"a":"<&>\u2028\u2029"}',
  },
  {
    rule: 'keeps the order of lists',
    text: '{"a":[3,1,2,[],{},null,true]}',
    expected: '{"a":[3,1,2,[],{},null,true]}',
  },
  {
    rule: 'writes the largest integers',
    text: '{"a":9007199254740991,"b":-9007199254740991}',
    expected: '{"a":9007199254740991,"b":-9007199254740991}',
  },
  {
    rule: 'takes __proto__ for a key',
    text: '{"a":1,"__proto__":{"b":1}}',
    expected: '{"__proto__":{"b":1},"a":1}',
  },
];

const awkward = fc.constantFrom(
  '"',
  '\\',
  '\0',
  '\n',
  '<',
  '\u2028',
  '\ue000',
  '\uffee',
  '😀',
  '\u{10ffff}',
  '__proto__',
);
const keys = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(awkward).map((parts) => parts.join('')),
);
/** Any object, with keys and texts that are awkward to order or to write. */
export const { objects } = fc.letrec<{ objects: object; value: unknown }>((tie) => ({
  objects: fc.dictionary(keys, tie('value'), { maxKeys: 8, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 4 },
    keys,
    fc.maxSafeInteger().map((integer) => integer + 0), // no -0
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('objects'),
  ),
}));
