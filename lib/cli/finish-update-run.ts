import { recover, Workplace } from '../authoring/workplace.ts';
import { isRefusal } from '../contract/errors.ts';

/** As {@link finishUpdate}. What can be neither finished nor undone is left to the engine, which judges what clients are served. */
export function finishUpdateIn(folder: string): void {
  try {
    recover(new Workplace(folder), (sentence) => process.stderr.write(`${sentence}\n`));
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}
