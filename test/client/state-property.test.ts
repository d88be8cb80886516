import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EXPIRED, type SignedJson } from '../tuf/repository.ts';
import { ed25519Key } from '../tuf/signing-key.ts';
import { Client } from './run.ts';
import { ServedRepository } from './served.ts';

const ROLES = ['targets', 'snapshot', 'timestamp'] as const;

/** What a server may answer in place of an honest file. */
const FAULTS = {
  'other bytes of the same length': (bytes: Buffer) =>
    Buffer.from(bytes.toString().replace('"sig":"', '"sig":"00').slice(0, bytes.length)),
  'half of it': (bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
  'an error page': () => Buffer.from('<html>'),
  'one byte more': (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]),
  'too much': () => Buffer.alloc(3_000_000, ' '),
} as const;

type Step =
  | { readonly do: 'publish'; readonly expired: readonly string[] }
  | { readonly do: 'forge'; readonly role: (typeof ROLES)[number] }
  | { readonly do: 'root' }
  | { readonly do: 'roll back' }
  | { readonly do: 'fault'; readonly file: string; readonly fault: keyof typeof FAULTS | number };

const files = fc.constantFrom('2.root.json', '3.root.json', 'timestamp.json', 'snapshot.json', 'targets.json');
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), expired: fc.subarray([...ROLES], { maxLength: 1 }) }),
  fc.record({ do: fc.constant('forge' as const), role: fc.constantFrom(...ROLES) }),
  fc.record({ do: fc.constant('root' as const) }),
  fc.record({ do: fc.constant('roll back' as const) }),
  fc.record({
    do: fc.constant('fault' as const),
    file: files,
    fault: fc.oneof(
      fc.constantFrom(403, 404, 500),
      fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
    ),
  }),
);

/** A repository, and every file of it that its keys signed and that has not expired (a root may have). */
class World {
  readonly served = new ServedRepository();
  readonly honest = new Set<string>();
  #version = 1;
  #root = 1;

  constructor() {
    this.served.repository.root(1);
    this.remember('1.root');
    this.publish([]);
  }

  take(step: Step): void {
    const { repository, faults } = this.served;
    faults.clear();
    if (step.do === 'publish') this.publish(step.expired);
    else if (step.do === 'root') {
      repository.root(++this.#root, (signed) => {
        if (this.#root % 2 === 0) signed.expires = EXPIRED;
      });
      this.remember(`${this.#root}.root`);
    } else if (step.do === 'roll back') {
      repository.publish(1); // good for a client that knows nothing better
      this.remember(...ROLES);
    } else if (step.do === 'forge') {
      repository[step.role](
        ++this.#version,
        undefined,
        ...((step.role === 'targets' ? ['targets', [ed25519Key()]] : [[ed25519Key()]]) as never[]),
      );
      for (const role of ROLES.slice(ROLES.indexOf(step.role) + 1)) repository[role](this.#version);
      this.remember(...ROLES.filter((role) => role !== step.role));
    } else if (typeof step.fault === 'number') faults.set(step.file, step.fault);
    else {
      const bytes = FAULTS[step.fault](repository.files.get(step.file) ?? repository.files.get('1.root.json')!);
      faults.set(step.file, (_, response) => response.end(bytes));
    }
  }

  publish(expired: readonly string[]): void {
    const { repository } = this.served;
    this.#version++;
    const change = (role: string) => (signed: SignedJson) => {
      if (expired.includes(role)) signed.expires = EXPIRED;
    };
    for (const role of ROLES) repository[role](this.#version, change(role));
    this.remember(...ROLES.filter((role) => !expired.includes(role)));
  }

  private remember(...names: readonly string[]): void {
    for (const name of names) this.honest.add(this.served.repository.files.get(`${name}.json`)!.toString());
  }
}

const servers: ServedRepository[] = [];
afterAll(() => Promise.all(servers.map(({ server }) => server.close())));

test('whatever the server does, the state holds only files that verified, and none goes back', async () => {
  const verdicts = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 12 }), async (all) => {
      const world = new World();
      servers.push(world.served);
      await world.served.server.listen();
      const client = new Client();
      const versions = new Map<string, number>();
      for (const step of all) {
        world.take(step);
        verdicts.add((await client.fetch(world.served)).code);
        for (const [name, bytes] of client.kept()) {
          expect(name).toMatch(/^(root|timestamp|snapshot|targets)\.json$/);
          expect(world.honest.has(bytes.toString())).toBe(true);
          const { version } = (JSON.parse(bytes.toString()) as { signed: SignedJson }).signed;
          expect(version).toBeGreaterThanOrEqual(versions.get(name) ?? 0);
          versions.set(name, version);
        }
      }
      await world.served.server.close();
      servers.pop();
    }),
    { numRuns: 100 },
  );
  // It was no walk in the park: refusals of many kinds, and successes in between.
  expect(verdicts).toContain('done');
  expect(verdicts.size).toBeGreaterThan(5);
}, 120_000);
