import { readdirSync, readFileSync } from 'node:fs';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** The day for which the fixtures are made. */
export const FIXTURES_NOW = '2026-11-24T00:00:00Z';

/** Names of the repositories that go-tuf made. */
export const FIXTURE_NAMES: readonly string[] = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The published metadata of a fixture, by file name. */
export function metadataOf(fixture: string): ReadonlyMap<string, Buffer> {
  const folder = new URL(`${fixture}/repository/`, FIXTURES);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name, readFileSync(new URL(name, folder))]));
}
