import { describeWhere } from '../cli/describe-where.ts';
import { goTuf, type GoTuf } from './go-tuf.ts';

/** `describeWhere`, for tests that need the real peer: `await describeWithGoTuf('…', (peer) => { … })`. */
export async function describeWithGoTuf(title: string, tests: (peer: GoTuf) => void): Promise<void> {
  describeWhere(title, 'Go and its module proxy', await goTuf(), tests);
}
