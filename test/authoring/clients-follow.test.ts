import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { describeWhere } from '../cli/describe-where.ts';
import { goTuf, type Check, type GoTufLoop } from '../peers/go-tuf.ts';
import { pythonTuf } from '../peers/python-tuf.ts';
import { tufJs } from '../tuf/tuf-js.ts';
import { byUs, sequence, SEQUENCES, type Sequence } from './sequence.ts';
import { ours } from './updates.ts';

const PATIENCE = 300_000 + SEQUENCES * 20_000; // ms

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

const follow = (name: string, client: Pick<GoTufLoop, 'init' | 'update'>) => {
  async function expectAccepted(state: string, repository: string, now: string): Promise<void> {
    const check = await client.update(state, repository, { now, targets: true });
    expect({ targets: [], ...check }).toEqual(expected(repository)); // go-tuf's leaves them out if there are none
  }

  /** Looks at a state as a client that knows those before it, and as one that begins, from each root that there is. Returns how many began. */
  async function expectAcceptedByAll(memory: string, repository: string, now: string): Promise<number> {
    await expectAccepted(memory, repository, now);
    const roots = readdirSync(repository).filter((name) => /^\d+\.root\.json$/.test(name));
    for (const name of roots) {
      const fresh = newPlace();
      await client.init(fresh, readFileSync(join(repository, name)));
      await expectAccepted(fresh, repository, now);
      rmSync(fresh, { recursive: true });
    }
    return roots.length;
  }

  /** Publishes a sequence, looks at every state of it, and then at the first timestamp, put back. Returns how many states there were, and how many clients began. */
  async function expectToFollow({
    init,
    steps,
  }: Sequence): Promise<{ readonly states: number; readonly begun: number }> {
    const [folder, memory] = [newPlace(), newPlace()];
    const repository = join(folder, 'repository');
    await ours.init(folder, init);
    await client.init(memory, readFileSync(join(repository, '1.root.json')));
    const first = readFileSync(join(repository, 'timestamp.json'));
    let [states, begun] = [1, await expectAcceptedByAll(memory, repository, init.now)];
    for (const step of steps) {
      if (step.do === 'roots') continue; // changes nothing
      const isDone = await byUs(folder, step).then(
        () => true,
        () => false,
      );
      if (!isDone) continue;
      states++;
      begun += await expectAcceptedByAll(memory, repository, step.now);
    }
    writeFileSync(join(repository, 'timestamp.json'), first);
    expect((await client.update(memory, repository, { now: init.now })).ok).toBe(states === 1);
    rmSync(folder, { recursive: true });
    return { states, begun };
  }

  test(
    `with a memory follows every state that ${SEQUENCES} random sequences of commands publish, and begins from any root that there ever was; it refuses what went back`,
    async () => {
      let [states, begun] = [0, 0];
      for (let number = 0; number < SEQUENCES; number++) {
        const seen = await expectToFollow(sequence(number, newPlace));
        states += seen.states;
        begun += seen.begun;
      }
      expect(states).toBeGreaterThan(SEQUENCES);
      if (process.env.MEASURE) console.log({ name, states, begun });
    },
    PATIENCE,
  );
};

for (const { name, client, needs } of CLIENTS) {
  describeWhere(`a client of ${name}`, needs, client, (found) => {
    follow(name, found);
  });
}
