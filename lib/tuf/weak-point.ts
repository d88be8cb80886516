/**
 * The y coordinates of the points of small order on edwards25519, sign bit cleared, little-endian.
 * @see RFC 8032, section 5.1; the same list stands in libsodium (ge25519_has_small_order)
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4
  '0100000000000000000000000000000000000000000000000000000000000000', // order 1
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1, order 2
]);

const PRIME = (1n << 255n) - 19n;

/**
 * Whether anybody can sign for this Ed25519 key: a point of small order, or one whose coordinate is not reduced (which clients read differently).
 * @param point - the 32 bytes of the public key
 */
export function isWeakPoint(point: Uint8Array): boolean {
  const y = Buffer.from(point);
  y[31] = (y[31] ?? 0) & 0x7f; // without the sign of x
  const coordinate = BigInt(`0x${Buffer.from(y).reverse().toString('hex')}`);
  return coordinate >= PRIME || SMALL_ORDER.has(y.toString('hex'));
}
