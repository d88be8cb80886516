import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { isWeakPoint } from '../../lib/tuf/weak-point.ts';
import { ed25519Key } from './signing-key.ts';

// Edwards25519 written out from RFC 8032, so that the list in weak-point.ts is derived here and not copied.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n; // the order of the base point
const modulo = (a: bigint): bigint => ((a % P) + P) % P;
const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let b = modulo(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P;
  return result;
};
/** By Euclid's algorithm. */
const inverse = (a: bigint): bigint => {
  let [r, next, s, following] = [modulo(a), P, 1n, 0n];
  while (next > 0n) [r, next, s, following] = [next, r % next, following, s - (r / next) * following];
  return modulo(s);
};
const D = modulo(-121665n * inverse(121666n));
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}
const IDENTITY: Point = { x: 0n, y: 1n };

function add(a: Point, b: Point): Point {
  const product = modulo(D * a.x * b.x * a.y * b.y);
  return {
    x: modulo((a.x * b.y + b.x * a.y) * inverse(1n + product)),
    y: modulo((a.y * b.y + a.x * b.x) * inverse(1n - product)),
  };
}

function times(scalar: bigint, point: Point): Point {
  let sum = IDENTITY;
  for (let p = point, s = scalar; s > 0n; s >>= 1n, p = add(p, p)) if (s & 1n) sum = add(sum, p);
  return sum;
}

/** A point with this y, if there is one. */
function pointAt(y: bigint): Point | undefined {
  const square = modulo((y * y - 1n) * inverse(D * y * y + 1n));
  const root = power(square, (P + 3n) / 8n);
  const x = [root, modulo(root * ROOT_OF_MINUS_1)].find((candidate) => modulo(candidate * candidate) === square);
  return x === undefined ? undefined : { x, y };
}

function bytesOf(y: bigint, sign: 0 | 1): Buffer {
  const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
  bytes[31] = bytes[31]! | (sign << 7);
  return bytes;
}

/** The y of all eight points whose order divides 8: L times any point is one of them. */
function smallOrderYs(): readonly bigint[] {
  const found = new Map<string, Point>();
  for (let y = 2n; found.size < 8; y++) {
    const point = pointAt(y);
    for (const start of point === undefined ? [] : [point, { x: modulo(-point.x), y }]) {
      const small = times(L, start);
      found.set(`${small.x}:${small.y}`, small);
    }
  }
  return Array.from(new Set(Array.from(found.values(), ({ y }) => y)));
}

const YS = smallOrderYs();
/** Every way to write a y in 255 bits, with both signs of x. */
const ENCODINGS = YS.flatMap((y) => [y, y + P])
  .filter((y) => y < 2n ** 255n)
  .flatMap((y) => [bytesOf(y, 0), bytesOf(y, 1)]);

test('there are five y coordinates of small order and fourteen ways to write them', () => {
  expect(YS).toHaveLength(5);
  expect(ENCODINGS).toHaveLength(14);
});

test.each(ENCODINGS.map((bytes) => bytes.toString('hex')))('%s is weak', (hex) => {
  expect(isWeakPoint(Buffer.from(hex, 'hex'))).toBe(true);
});

test.each([0n, 1n, 2n, 10n, 18n])('p + %d is weak: a coordinate that is not reduced', (more) => {
  expect(isWeakPoint(bytesOf(P + more, 0))).toBe(true);
});

test.each([
  { point: 'the base point', y: modulo(4n * inverse(5n)) },
  { point: 'the largest reduced y but one', y: P - 2n },
  { point: 'y = 2', y: 2n },
])('$point is not weak', ({ y }) => {
  expect([isWeakPoint(bytesOf(y, 0)), isWeakPoint(bytesOf(y, 1))]).toEqual([false, false]);
});

test('real keys are not weak, and looking at one does not change it', () => {
  for (let count = 0; count < 100; count++) {
    const point = Buffer.from(ed25519Key().json.keyval.public, 'hex');
    const before = point.toString('hex');
    expect(isWeakPoint(point)).toBe(false);
    expect(point.toString('hex')).toBe(before);
  }
});

test('for the identity one signature fits every message, up to OpenSSL 3.0: that is why it counts for nothing', () => {
  const spki = Buffer.from('302a300506032b6570032100', 'hex');
  const key = createPublicKey({ key: Buffer.concat([spki, bytesOf(1n, 0)]), format: 'der', type: 'spki' });
  const base = bytesOf(modulo(4n * inverse(5n)), 0);
  const signature = Buffer.concat([base, bytesOf(1n, 0)]); // R = B, S = 1
  const fits = process.versions.openssl.startsWith('3.0.'); // Node 24's OpenSSL refuses the key; a client's library may not
  expect(['a', 'another'].map((message) => verify(null, Buffer.from(message), key, signature))).toEqual([fits, fits]);
});
