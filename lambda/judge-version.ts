import { LIVE } from '../lib/contract/names.ts';
import { objection, type Verdict } from './compare-verdicts.ts';

/** What the signer said to a dry run, and which version of it. */
export interface Said {
  readonly verdict: Verdict;
  /** The version that answered; undefined if there was none. */
  readonly version: string | undefined;
}

/** How a dry run is made, and how one waits. */
export interface Judge {
  /** @param qualifier - a version, or the alias */
  readonly ask: (qualifier: string) => Promise<Said>;
  readonly wait: () => Promise<unknown>;
}

/**
 * Whether a version may go live. An objection is looked at twice: a scheduled run may have come between the two questions.
 * @returns undefined if it may; else why not, in one sentence
 */
export async function judgeVersion(judge: Judge, version: string): Promise<string | undefined> {
  if ((await compare(judge, version)) === undefined) return undefined;
  await judge.wait();
  return compare(judge, version);
}

async function compare({ ask }: Judge, version: string): Promise<string | undefined> {
  const live = await ask(LIVE);
  // A version that was live before comes back only when CloudFormation undoes a deployment, which must not fail.
  if (live.version !== undefined && Number(version) <= Number(live.version)) return undefined;
  const next = await ask(version);
  return objection(live.verdict, next.verdict);
}
