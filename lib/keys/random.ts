import { randomBytes } from 'node:crypto';

/** Where seeds, salts and nonces come from: so many bytes, used in the order in which they are asked for. */
export type Random = (length: number) => Uint8Array;

/** The operating system's randomness. Only a test passes another one. */
export const systemRandom: Random = randomBytes;
