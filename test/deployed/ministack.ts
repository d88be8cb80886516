import { pythonWith } from '../peers/python-environment.ts';

/** What launch.py is written for; without cryptography MiniStack makes no KMS keys. */
const PACKAGES = ['ministack==1.5.33', 'cryptography==50.0.2'];

/**
 * A Python that has MiniStack.
 * @returns path of the program; undefined where it can't be had
 * @throws Error - instead, if the environment has TIMEKEEPER_REQUIRE_PEERS=1
 */
export function ministackPython(): Promise<string | undefined> {
  return pythonWith('ministack', PACKAGES);
}
