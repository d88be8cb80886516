import { UsageError } from '../contract/errors.ts';

/** Something that has to be known before a command can go on. */
export interface Question {
  readonly message: string;
  /** The option that answers it. */
  readonly option: string;
  /** What holds if nothing is entered. */
  readonly otherwise?: string;
  /** The answers that there are; any text if not given. */
  readonly choices?: readonly { readonly value: string; readonly name: string }[];
}

/**
 * An answer: the option's, else asked for in the terminal, else what holds otherwise.
 * @throws UsageError if there is nobody to ask and nothing holds otherwise
 */
export async function answer(given: string | undefined, question: Question): Promise<string> {
  if (given !== undefined) return given;
  if (process.stdin.isTTY) return ask(question);
  if (question.otherwise !== undefined) return question.otherwise;
  throw new UsageError(`${question.option} is missing, and there is no terminal to ask.`, {
    remedy: `Add ${question.option}, or run this in a terminal.`,
  });
}

/** Questions go to stderr, as that for a passphrase does. */
async function ask({ message, choices, otherwise, option }: Question): Promise<string> {
  const context = { output: process.stderr };
  const preset = otherwise === undefined ? {} : { default: otherwise };
  try {
    if (choices !== undefined) {
      const { default: select } = await import('@inquirer/select');
      return await select({ message, choices, ...preset }, context);
    }
    const { default: input } = await import('@inquirer/input');
    return (await input({ message, required: otherwise === undefined, ...preset }, context)).trim();
  } catch (error) {
    throw new UsageError('No answer was entered; nothing was written.', {
      cause: error,
      remedy: `Run this again and answer, or use ${option}.`,
    });
  }
}
