import { readdirSync } from 'node:fs';
import { expect } from '@jest/globals';
import { Client, type WorkingCopy } from './working-copy.ts';

/** A repository, a client that remembers all of it, and everything that anybody ever saw there. */
export interface Watched {
  readonly copy: WorkingCopy;
  readonly client: Client;
  /** The names of the published files. */
  readonly published: readonly string[];
  /** Contents by version. */
  readonly seen: Map<number, string>;
}

/** Begins to watch a repository. */
export function watched(copy: WorkingCopy): Watched {
  const client = new Client(copy.bytes('repository', '1.root.json'));
  return { copy, client, published: readdirSync(copy.repository).sort(), seen: new Map() };
}

/**
 * Whatever happened: what is published is whole, the client takes it, and no version has a second content.
 * @returns the version that the client has now
 */
export function expectSound({ copy, client, seen }: Watched): number {
  const recorded = recordedTimestamp(copy);
  for (const content of [copy.timestamp.toString(), ...(recorded === undefined ? [] : [recorded])]) {
    const { version } = (JSON.parse(content) as { signed: { version: number } }).signed;
    expect(seen.get(version) ?? content).toBe(content);
    seen.set(version, content);
  }
  return client.update(copy.repository).timestamp.version;
}

/** After a run that was not killed: nothing is left of those that were. */
export function expectNoLeftovers({ copy, published }: Watched): void {
  expect(readdirSync(copy.repository).sort()).toEqual(published);
  expect(readdirSync(copy.path('.timekeeper')).sort()).toEqual(['journal.json', 'root-chain.json']);
}

function recordedTimestamp(copy: WorkingCopy): string | undefined {
  const isThere = readdirSync(copy.folder).includes('.timekeeper');
  if (!isThere || !readdirSync(copy.path('.timekeeper')).includes('journal.json')) return undefined;
  return copy.journal().entry?.timestamp;
}
