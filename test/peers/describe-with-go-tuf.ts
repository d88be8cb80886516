import { afterAll, beforeAll } from '@jest/globals';
import { describeWhere } from '../cli/describe-where.ts';
import { goTuf, type GoTuf, type GoTufLoop } from './go-tuf.ts';

/** `describeWhere`, for tests that need the real peer: `await describeWithGoTuf('…', (peer) => { … })`. */
export async function describeWithGoTuf(title: string, tests: (peer: GoTuf) => void): Promise<void> {
  describeWhere(title, 'Go and its module proxy', await goTuf(), tests);
}

/** The same for tests of its client, which share one process: `await describeWithGoTufLoop('…', (loop) => { … loop().update(…) … })`. */
export function describeWithGoTufLoop(title: string, tests: (loop: () => GoTufLoop) => void): Promise<void> {
  return describeWithGoTuf(title, (peer) => {
    let loop: GoTufLoop;
    beforeAll(() => {
      loop = peer.loop();
    });
    afterAll(() => loop.close());
    tests(() => loop);
  });
}
