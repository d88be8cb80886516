import { readFile } from 'node:fs/promises';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** The passphrase of every `keys/timestamp.json` in the fixtures but that of `plain-key`. */
export const PASSPHRASE = Buffer.from('timestämp5#$#@', 'utf8');

/** A key file that go-tuf wrote. */
export function readKeyFile(fixture: string, role = 'timestamp'): Promise<Buffer> {
  return readFile(new URL(`${fixture}/keys/${role}.json`, FIXTURES));
}

interface RootFile {
  readonly signed: {
    readonly keys: Readonly<Record<string, unknown>>;
    readonly roles: Readonly<Record<string, { readonly keyids: readonly string[] }>>;
  };
}

/** What the fixture's root says of a role: its key ids, and the key objects under them as JSON text. */
export async function readRole(fixture: string, role = 'timestamp') {
  const root = JSON.parse(await readFile(new URL(`${fixture}/repository/root.json`, FIXTURES), 'utf8')) as RootFile;
  const { keyids } = root.signed.roles[role]!;
  return { keyids, keys: keyids.map((id) => JSON.stringify(root.signed.keys[id])) };
}
