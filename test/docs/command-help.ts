import { timekeeper } from '../cli/timekeeper.ts';

/** What a command takes, as its own help says it. */
export interface Usage {
  /** How many words besides options it takes at most. */
  readonly most: number;
  /** Every option, and whether a value follows it. */
  readonly options: ReadonlyMap<string, boolean>;
  /** The command lines that it shows. */
  readonly examples: readonly string[];
}

/** What the built command offers: the usage of each of its commands, from `--help`. */
export async function usages(): Promise<ReadonlyMap<string, Usage>> {
  const { stdout } = await timekeeper(['--help']);
  const read = async (name: string): Promise<readonly (readonly [string, Usage])[]> => {
    const help = (await timekeeper([...name.split(' '), '--help'])).stdout;
    const below = await Promise.all(namesIn(help).map((word) => read(`${name} ${word}`)));
    return [[name, usageIn(help)], ...below.flat()];
  };
  return new Map((await Promise.all(namesIn(stdout).map(read))).flat());
}

/** The commands that a help lists. */
function namesIn(help: string): readonly string[] {
  const [, listed = ''] = help.split('\nCommands:\n');
  return Array.from(listed.matchAll(/^ {2}([a-z][a-z-]*) /gm), ([, name = '']) => name).filter((name) => name !== 'help'); // prettier-ignore
}

function usageIn(help: string): Usage {
  const [, usage = ''] = /^Usage: timekeeper (?:[a-z-]+ ?)+(.*)$/m.exec(help) ?? [];
  const words = usage.match(/[[<][^\]>]+[\]>]/g)?.filter((word) => word !== '[options]') ?? [];
  const options = help.matchAll(/^ {2}(?:(-\w), )?(--[a-z-]+)( [<[])?/gm);
  return {
    most: words.some((word) => word.includes('...')) ? Infinity : words.length,
    options: new Map(Array.from(options).flatMap(([, short, long = '', value]) => [short ?? long, long].map((option) => [option, value !== undefined] as const))), // prettier-ignore
    examples: Array.from(
      help.split('\nExamples:\n')[1]?.matchAll(/^ {4}timekeeper (.+)$/gm) ?? [],
      ([, line = '']) => line,
    ),
  };
}

/**
 * What is wrong with a command line of ours.
 * @param words - what follows `timekeeper`
 * @returns undefined if it can be typed so
 */
export function objection(words: readonly string[], known: ReadonlyMap<string, Usage>): string | undefined {
  const [first = '', second = ''] = words;
  const name = known.has(`${first} ${second}`) ? `${first} ${second}` : first;
  const redirected = words.indexOf('>');
  const rest = words.slice(name.split(' ').length, redirected === -1 ? undefined : redirected);
  if (name.startsWith('--') || /^[A-Z…]+$/.test(name)) return undefined; // of the program itself, or a placeholder
  const usage = known.get(name);
  if (usage === undefined) return `there is no command ${name}`;
  let others = 0;
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    if (!word.startsWith('-')) others += 1;
    else if (!usage.options.has(word)) return `${name} has no option ${word}`;
    else if (usage.options.get(word) === true) at += 1;
  }
  return others > usage.most ? `${name} takes ${usage.most} words, not ${others}` : undefined;
}
