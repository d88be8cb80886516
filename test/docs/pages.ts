import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own folder. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = ['node_modules', 'dist', 'coverage', 'timekeeper-demo', 'cdk.out'];

/** Every page of ours, from the project's folder. */
export const PAGES = pagesIn(PROJECT);

/** The pages that tell users what to type. */
export const USER_PAGES = PAGES.filter((name) => name === 'README.md' || name.startsWith('docs/'));

/** The text of one page. */
export function page(name: string): string {
  return readFileSync(join(PROJECT, name), 'utf8');
}

function pagesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || NOT_OURS.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesIn(path);
    return entry.name.endsWith('.md') ? [relative(PROJECT, path).split(sep).join('/')] : [];
  });
}

/** A page without its blocks of code, in which `#` is no heading and brackets are no link. */
export function prose(text: string): string {
  return text.replaceAll(/^( *)```[^\n]*\n.*?^\1```$/gms, '');
}

/** A heading with its level, its words and the anchor that GitHub gives it. */
export interface Heading {
  readonly level: number;
  readonly title: string;
  readonly anchor: string;
}

/** The headings of a page. */
export function headings(text: string): readonly Heading[] {
  return Array.from(prose(text).matchAll(/^(#{1,6}) (.+)$/gm), ([, marks = '', title = '']) => ({
    level: marks.length,
    title,
    anchor: title.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'), // prettier-ignore
  }));
}

/** What stands below a heading, up to the next one of its level or above. */
export function section(text: string, title: string): string {
  const lines = prose(text).split('\n');
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === title && line.startsWith('#'));
  if (start === -1) throw new Error(`There is no section ${title}.`);
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 0;
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join('\n');
}
