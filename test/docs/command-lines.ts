import { page, prose, USER_PAGES } from './pages.ts';

/** A command as a page has it. */
export interface CommandLine {
  readonly page: string;
  /** As it is to be typed, without a comment after it. */
  readonly line: string;
}

/** Every command in a block of `sh`. What only sets a variable is none. */
export const TYPED: readonly CommandLine[] = USER_PAGES.flatMap((name) =>
  Array.from(page(name).matchAll(/^ *```sh\n(.*?)^ *```$/gms), ([, block = '']) => block)
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/ {2,}# .*$/, '').trim())
    .filter((line) => line !== '' && !/^(export [A-Z_]+=|#)/.test(line))
    .map((line) => ({ page: name, line })),
);

/** Every command of ours that is named within a sentence. */
export const NAMED: readonly CommandLine[] = USER_PAGES.flatMap((name) =>
  Array.from(prose(page(name)).matchAll(/`((?:npx )?timekeeper [^`]+)`/g), ([, line = '']) => ({ page: name, line })),
);

/** The words of a command line; what stands in quotes is one. */
export function wordsOf(line: string): readonly string[] {
  return Array.from(line.matchAll(/"[^"]*"|\S+/g), ([word]) => word);
}
