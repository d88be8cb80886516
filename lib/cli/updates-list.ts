import type { ListedArtefact, Listing, OtherTarget } from '../authoring/listing.ts';
import { printable } from '../contract/printable.ts';

/** What is in a repository, for a person at a terminal. */
export function listingText({ version, expires, artefacts, others }: Listing): string {
  const count = artefacts.length + others.length;
  const isAlone = artefacts.every(({ isListedByVersion }) => isListedByVersion);
  return [
    `targets.json version ${version}, until ${expires}${count === 0 ? ', lists no targets.' : ''}`,
    ...(artefacts.length === 0 ? [] : ['', ...table([HEADINGS, ...artefacts.map(row)])]),
    ...(isAlone ? [] : ['', '* Only its tags lead to it: clients that ask for this very version get something else, or nothing.']), // prettier-ignore
    ...(others.length === 0 ? [] : ['', ...table([OTHER_HEADINGS, ...others.map(otherRow)])]),
    '',
  ].join('\n');
}

const HEADINGS = ['NAME', 'PLATFORM', 'VERSION', 'TAGS', 'FILE', 'BYTES'];
const OTHER_HEADINGS = ['OTHER TARGETS', 'ROLE', 'BYTES'];

function row({ name, platform, version, isListedByVersion, tags, file, length }: ListedArtefact): readonly string[] {
  return [name, platform, isListedByVersion ? version : `${version} *`, tags.join(', '), file, String(length)];
}

function otherRow({ path, role, length }: OtherTarget): readonly string[] {
  return [path, role, String(length)];
}

/** Columns as wide as they have to be; the last one has numbers. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const cells = rows.map((each) => each.map((cell) => printable(cell)));
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((widest, each) => Math.max(widest, each[column]?.length ?? 0), 0),
  );
  return cells.map(
    (each) =>
    each.map((cell, column) => (column === each.length - 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  '), // prettier-ignore
  );
}
