import type { KeyRing } from '../authoring/conditions.ts';
import { UsageError } from '../contract/errors.ts';
import { readKeyFile } from '../keys/key-file.ts';
import type { PrivateKey } from '../keys/private-key.ts';
import type { RoleType } from '../tuf/envelope.ts';
import { newPassphraseVariable, passphrase, passphraseVariable } from './passphrase.ts';

/**
 * Passphrases as fleetctl has them: from `FLEET_<ROLE>_PASSPHRASE`, where a wrong one is the end, else from whoever sits at the terminal, who is asked
 * again. A new one has to be typed twice.
 */
export function askingKeyRing(): KeyRing {
  const known = new Map<RoleType, Uint8Array>();
  return {
    asks: (role) => process.env[passphraseVariable(role)] === undefined,
    async open(role, file) {
      const name = `keys/${role}.json`;
      if (file === undefined) throw notFound(role, name);
      const keyFile = readKeyFile(file, name);
      if (keyFile.is === 'plain') return keyFile.keys;
      for (;;) {
        const given = await entered(role);
        const keys = await keyFile.open(given);
        if (keys !== undefined) return remember(role, given, keys);
        if (process.env[passphraseVariable(role)] !== undefined) throw invalid(role, name);
        process.stderr.write(`Failed to decrypt ${role} key. Try again.\n`);
      }
    },
    async passphrase(role) {
      const given = known.get(role) ?? (await enteredTwice(role, passphraseVariable(role), ['Enter', 'Repeat']));
      known.set(role, given);
      return given;
    },
    newPassphrase: (role) => enteredTwice(role, newPassphraseVariable(role), ['Enter new', 'Repeat new']),
  };

  function remember(role: RoleType, given: Uint8Array, keys: readonly PrivateKey[]): readonly PrivateKey[] {
    known.set(role, given);
    return keys;
  }
}

/** In fleetctl's words. */
async function entered(
  role: RoleType,
  how: 'Enter' | 'Enter new' = 'Enter',
  variable = passphraseVariable(role),
): Promise<Uint8Array> {
  if (process.env[variable] !== '') return passphrase(role, how, variable);
  throw new UsageError('passphrase must not be empty', { remedy: `Set ${variable} to the passphrase, or unset it.` });
}

/** Typed twice, until both are the same; what a variable says is taken as it is. */
async function enteredTwice(
  role: RoleType,
  variable: string,
  [first, second]: readonly ['Enter', 'Repeat'] | readonly ['Enter new', 'Repeat new'],
): Promise<Uint8Array> {
  for (;;) {
    const given = await entered(role, first, variable);
    if (process.env[variable] !== undefined) return given;
    const repeated = await passphrase(role, second, variable);
    if (Buffer.from(given).equals(repeated)) return given;
    process.stderr.write('The entered passphrases do not match\n');
  }
}

function notFound(role: RoleType, name: string): UsageError {
  return new UsageError(`${role} key not found`, { remedy: `Put the role's key file at ${name}.` });
}

function invalid(role: RoleType, name: string): UsageError {
  const variable = passphraseVariable(role);
  return new UsageError(`${role} passphrase from ${variable} is invalid`, {
    remedy: `Set ${variable} to the passphrase of ${name} (no newline at its end), or unset it to be asked.`,
  });
}
