import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the build put what is tested: `dist`, or the folder that TIMEKEEPER_BUILT names. */
export const BUILT = resolve(process.env.TIMEKEEPER_BUILT ?? fileURLToPath(new URL('../dist', import.meta.url)));
