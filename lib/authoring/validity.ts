import type { RoleType } from '../tuf/envelope.ts';
import { days, type Seconds } from '../tuf/instant.ts';

/** How long each role's metadata lives from the moment at which it is signed. */
export type Validity = Readonly<Record<RoleType, Seconds>>;

/** As fleetctl has it. */
export const VALIDITY = {
  root: days(3_650),
  targets: days(1_095),
  snapshot: days(1_095),
  timestamp: days(14),
} as const satisfies Validity;
