import { UsageError } from '../contract/errors.ts';
import type { RoleType } from '../tuf/envelope.ts';

/** Where fleetctl looks for the passphrase of a role's key file. */
export function passphraseVariable(role: RoleType): string {
  return `FLEET_${role.toUpperCase()}_PASSPHRASE`;
}

/** Where the passphrase is that is to take the place of the one there; fleetctl has no such variable. */
export function newPassphraseVariable(role: RoleType): string {
  return `FLEET_${role.toUpperCase()}_NEW_PASSPHRASE`;
}

/**
 * The passphrase of a role's key file: from `FLEET_<ROLE>_PASSPHRASE` as fleetctl reads it (raw, not trimmed), else asked for without echo.
 * @param how - what the question begins with
 * @param variable - another variable than that
 * @returns its UTF-8 bytes
 * @throws UsageError if it is empty, or there is nobody to ask
 */
export async function passphrase(
  role: RoleType,
  how: 'Enter' | 'Repeat' | 'Enter new' | 'Repeat new' = 'Enter',
  variable = passphraseVariable(role),
): Promise<Uint8Array> {
  const given = process.env[variable] ?? (await ask(role, variable, how));
  if (given === '')
    throw new UsageError(`The passphrase of the ${role} key is empty.`, {
      remedy: `Set ${variable} to the passphrase, or unset it and enter the passphrase in a terminal.`,
    });
  if (given.includes('\ufffd'))
    throw new UsageError(`The passphrase of the ${role} key is not UTF-8.`, {
      remedy: `Set ${variable} in UTF-8; of other bytes only the number would count here.`,
    });
  return Buffer.from(given, 'utf8');
}

async function ask(role: string, variable: string, how: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UsageError(`The passphrase of the ${role} key is not known, and there is no terminal to ask for it.`, {
      remedy: `Set ${variable}, or run this in a terminal.`,
    });
  const { default: password } = await import('@inquirer/password');
  try {
    // The question goes to stderr: stdout may be one JSON object and nothing else.
    return await password({ message: `${how} ${role} key passphrase:` }, { output: process.stderr });
  } catch (error) {
    throw new UsageError(`No passphrase for the ${role} key was entered.`, {
      cause: error,
      remedy: `Run this again and enter it, or set ${variable}.`,
    });
  }
}
