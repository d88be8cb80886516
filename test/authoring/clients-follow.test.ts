import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { goTuf, type Check, type GoTufLoop } from '../peers/go-tuf.ts';
import { pythonTuf } from '../peers/python-tuf.ts';
import { tufJs } from '../tuf/tuf-js.ts';
import { byUs, sequence, SEQUENCES } from './sequence.ts';
import { ours } from './updates.ts';

const PATIENCE = 60_000 + SEQUENCES * 20_000; // ms

const scratch = mkdtempSync(join(tmpdir(), 'clients-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
const [go, python] = [(await goTuf())?.loop(), await pythonTuf()];
afterAll(async () => {
  await Promise.all([go?.close(), python?.close()]);
  rmSync(scratch, { recursive: true });
});

/** Others than ours, each of which keeps what it knows in a folder. */
const CLIENTS: readonly { name: string; client?: Pick<GoTufLoop, 'init' | 'update'> | undefined; needs: string }[] = [
  { name: 'tuf-js', client: tufJs, needs: 'npm ci' },
  { name: 'go-tuf v0.5.2', client: go, needs: 'Go and its module proxy' },
  { name: 'python-tuf 7.0.1', client: python, needs: 'Python 3.10 or newer with venv, and PyPI' },
];

/** What a client has to know after a check: the versions that are published, and every target, downloaded and verified. */
function expected(repository: string): Check {
  const signed = (role: string) =>
    (JSON.parse(readFileSync(join(repository, `${role}.json`), 'utf8')) as { signed: { version: number; targets: object } }).signed; // prettier-ignore
  const versions = Object.fromEntries(
    ['root', 'timestamp', 'snapshot', 'targets'].map((role) => [role, signed(role).version]),
  );
  return { ok: true, versions, targets: Object.keys(signed('targets').targets).sort() };
}

describe.each(CLIENTS)('a client of $name', ({ name, client, needs }) => {
  if (client === undefined) {
    test.todo(`needs ${needs}`);
    return;
  }

  /** Publishes a sequence, and looks at every state of it. Returns how many there were, and from how many old roots a client began. */
  async function expectToFollow(number: number): Promise<{ readonly states: number; readonly begun: number }> {
    const { init, steps } = sequence(number, newPlace);
    const [folder, memory] = [newPlace(), newPlace()];
    const repository = join(folder, 'repository');
    const root = (version: number) => readFileSync(join(repository, `${version}.root.json`));
    const seen = { states: 0, begun: 0 };
    const look = async (now: string) => {
      const checked = async (state: string) => ({
        targets: [], // go-tuf's client leaves it out if there is none
        ...(await client!.update(state, repository, { now, targets: true })),
      });
      expect({ number, ...(await checked(memory)) }).toEqual({
        number,
        ...expected(repository),
      });
      seen.states++;
      for (let version = 1; version <= expected(repository).versions.root!; version++) {
        const fresh = newPlace();
        await client!.init(fresh, root(version));
        expect({ number, version, ...(await checked(fresh)) }).toEqual({
          number,
          version,
          ...expected(repository),
        });
        seen.begun++;
        rmSync(fresh, { recursive: true });
      }
    };
    await ours.init(folder, init);
    await client!.init(memory, root(1));
    await look(init.now);
    for (const step of steps) {
      if (step.do === 'roots') continue; // changes nothing
      const isDone = await byUs(folder, step).then(
        () => true,
        () => false,
      );
      if (isDone) await look(step.now);
    }
    rmSync(folder, { recursive: true });
    return seen;
  }

  test(
    `with a memory follows every state that ${SEQUENCES} random sequences of commands publish, and begins from any root that there ever was`,
    async () => {
      let [states, begun] = [0, 0];
      for (let number = 0; number < SEQUENCES; number++) {
        const seen = await expectToFollow(number);
        states += seen.states;
        begun += seen.begun;
      }
      expect(states).toBeGreaterThan(SEQUENCES);
      if (process.env.MEASURE) console.log({ name, states, begun });
    },
    PATIENCE,
  );
});
