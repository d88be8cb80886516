import { cpSync, existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { goTuf } from '../peers/go-tuf.ts';
import { pythonTuf } from '../peers/python-tuf.ts';
import { HttpServer } from '../stores/http-server.ts';
import { tufJs } from '../tuf/tuf-js.ts';
import { Client, copyOf, differences, newPath, type WorkingCopy } from './working-copy.ts';

const REPOSITORIES = fileURLToPath(new URL('../peers/repositories/', import.meta.url));
const TRUST = ['--trusted-root', 'repository/1.root.json'];
const NOW = '2026-11-24T00:00:00Z';

/** What the makers beside the repositories made. Each has a role by a pattern of paths and one or more by the hash of the path. */
const MADE = [
  {
    maker: 'python-tuf',
    root: 2,
    snapshot: 2,
    timestamp: 2,
    roles: ['plugins', 'bin-0', 'bin-1', 'bin-2', 'bin-3'],
    targets: ['tool/1.0/tool', 'plugins/hello.so', 'plugins/later.so', 'data/a', 'data/b'],
    indent: '\n ',
    key: 'timestamp.pem',
    kind: 'PEM',
  },
  {
    maker: 'tuftool',
    root: 1,
    snapshot: 4,
    timestamp: 4,
    roles: ['plugins', 'low'],
    targets: ['tool', 'plugin-hello.so'],
    indent: '\n  ',
    key: 'timestamp.der',
    kind: 'DER',
  },
] as const;

const [go, python] = [(await goTuf())?.loop(), await pythonTuf()];
afterAll(() => Promise.all([go?.close(), python?.close()]));

/** Clients that keep what they know: ours is compared beside them. Those that are not to be had here are left out: other tests say so. */
const CLIENTS = [tufJs, ...(go === undefined ? [] : [go]), ...(python === undefined ? [] : [python])];

const servers: HttpServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve({ repository }: WorkingCopy): Promise<string> {
  const server = new HttpServer();
  server.answer = ({ url }, response) => {
    const path = join(repository, decodeURI(url!));
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  };
  await server.listen();
  servers.push(server);
  return server.url;
}

/** The roles that targets.json delegates to, as it says it. */
const delegationsOf = (copy: WorkingCopy, version: number): unknown =>
  (copy.signed(`${version}.targets.json`) as unknown as { delegations: unknown }).delegations;

describe.each(MADE)(
  'a repository that $maker made',
  ({ maker, root, snapshot, timestamp, roles, targets, ...made }) => {
    const copy = () => copyOf(join(REPOSITORIES, maker));

    test('is verified with every role, and shown by status', async () => {
      const it = copy();
      const { status, stdout } = await it.run(['verify', '.', ...TRUST, '--json']);
      const found = JSON.parse(stdout) as { outcome: string; roles: Record<string, { version: number }> };
      expect({ status, outcome: found.outcome }).toEqual({ status: 0, outcome: 'done' });
      expect(Object.keys(found.roles)).toEqual(['root', 'timestamp', 'snapshot', 'targets', ...roles]);
      expect(found.roles).toMatchObject({ root: { version: root }, snapshot: { version: snapshot } });
      const shown = await it.run(['status', '.', ...TRUST]);
      expect(shown).toMatchObject({ status: 0, stderr: '' });
      for (const role of roles) expect(shown.stdout).toMatch(new RegExp(`^  ${role} +version `, 'm'));
    });

    test('is fetched from, through every kind of delegation', async () => {
      const it = copy();
      const url = await serve(it);
      const out = newPath();
      const run = await it.run(['fetch', url, ...targets, ...TRUST, '--out', out, '--json']);
      expect(JSON.parse(run.stdout)).toMatchObject({ outcome: 'done' });
      for (const target of targets) expect(readFileSync(join(out, target), 'utf8')).toMatch(/^listed in /);
    });

    test('is signed again above its version, in the layout of its maker, and nothing else of it is touched', async () => {
      const it = copy();
      const client = new Client(it.bytes('repository', '1.root.json'));
      client.update(it.repository);
      expect(await it.json(['resign', ...TRUST])).toMatchObject({ code: 'NOT_DUE', version: timestamp });
      const before = it.tree();
      expect(await it.json(['resign', '--force'])).toMatchObject({ code: 'SIGNED', version: timestamp + 1 });
      const touched = differences(before, it.tree()).filter((name) => !name.startsWith('.timekeeper'));
      expect(touched).toEqual(['repository/timestamp.json']);
      expect(it.timestamp.toString().startsWith(`{${made.indent}"`)).toBe(true);
      expect(client.update(it.repository).timestamp.version).toBe(timestamp + 1);
    });

    test('is advanced to what its maker published after the last timestamp', async () => {
      const it = copy();
      const newest = it.path('repository', `${snapshot}.snapshot.json`);
      renameSync(newest, it.path('newest'));
      it.timestamp = it.bytes('earlier-timestamp.json');
      const client = new Client(it.bytes('repository', '1.root.json'));
      expect(client.update(it.repository).snapshot.version).toBe(snapshot - 1);
      expect(await it.json(['resign', ...TRUST, '--mode', 'advance'])).toMatchObject({ code: 'NOT_DUE' });
      renameSync(it.path('newest'), newest);
      const outcome = await it.json(['resign', '--mode', 'advance']);
      expect(outcome).toMatchObject({ outcome: 'signed', version: timestamp });
      expect(client.update(it.repository).snapshot.version).toBe(snapshot);
    });

    test('is published to with updates, its delegations kept, and clients with memory follow', async () => {
      const it = copy();
      cpSync(it.path('repository', `${root}.root.json`), it.path('repository', 'root.json'));
      const ourClient = new Client(it.bytes('repository', '1.root.json'));
      const states = CLIENTS.map(() => newPath());
      for (const [index, client] of CLIENTS.entries())
        await client.init(states[index]!, it.bytes('repository', '1.root.json'));
      const follow = async () => {
        const { root, timestamp, snapshot, targets } = ourClient.update(it.repository);
        const versions = { root: root.version, timestamp: timestamp.version, snapshot: snapshot.version, targets: targets.get('targets')!.version }; // prettier-ignore
        for (const [index, client] of CLIENTS.entries()) {
          const check = await client.update(states[index]!, it.repository, { now: NOW, targets: true });
          expect(check).toMatchObject({ ok: true, versions });
        }
        return versions;
      };
      const before = await follow();
      const published = it.bytes('repository', `${snapshot}.snapshot.json`);

      const artefact = newPath();
      writeFileSync(artefact, 'an artefact');
      const words = [
        '--target',
        artefact,
        '--name',
        'orbit',
        '--platform',
        'linux',
        '--version',
        '1.0',
        '-t',
        'stable',
      ];
      const env = { FLEET_TIMESTAMP_PASSPHRASE: 'new', FLEET_ROOT_PASSPHRASE: 'new' }; // the makers' key files are plain
      for (const command of [['timestamp'], ['add', ...words], ['rotate', 'timestamp'], ['rotate', 'root']]) {
        expect(await it.run(['updates', ...command], { env })).toMatchObject({ status: 0, stderr: '' });
        await follow();
      }
      expect(await follow()).toEqual({ root: before.root + 2, timestamp: before.timestamp + 4, snapshot: before.snapshot + 3, targets: before.targets + 3 }); // prettier-ignore
      expect(delegationsOf(it, before.targets + 3)).toEqual(delegationsOf(it, before.targets));
      for (const role of roles) {
        const lists = (version: number) => it.signed(`${version}.snapshot.json`).meta[`${role}.json`];
        expect(lists(before.snapshot + 3)).toEqual(lists(before.snapshot));
      }
      expect(it.bytes('repository', `${snapshot}.snapshot.json`)).toEqual(published);
      const { stdout } = await it.run(['fetch', await serve(it), ...targets, 'orbit/linux/stable/orbit', ...TRUST, '--out', newPath(), '--json']); // prettier-ignore
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done' });
    });

    test('is published to and rotated although roles that others sign have expired, and targets get the hashes that the others have', async () => {
      const it = copy();
      cpSync(it.path('repository', `${root}.root.json`), it.path('repository', 'root.json'));
      const artefact = newPath();
      writeFileSync(artefact, 'an artefact');
      const late = { now: '2030-06-01T00:00:00Z', env: { FLEET_TIMESTAMP_PASSPHRASE: 'new' } };
      const add = ['add', '--target', artefact, '--name', 'orbit', '--platform', 'linux', '--version', '1'];
      for (const command of [add, ['extend', 'targets', '--targets-validity', '2000 days'], ['rotate', 'timestamp']]) {
        expect(await it.run(['updates', ...command], late)).toMatchObject({ status: 0, stderr: '' });
      }
      const newest = Math.max(...readdirSync(it.repository).map((name) => Number(/^(\d+)\.targets\.json$/.exec(name)?.[1] ?? 0))); // prettier-ignore
      const listed = (it.signed(`${newest}.targets.json`) as unknown as { targets: Record<string, { hashes: object }> }).targets; // prettier-ignore
      const [other] = Object.entries(listed).filter(([path]) => !path.startsWith('orbit/'));
      expect(Object.keys(listed['orbit/linux/1/orbit']!.hashes)).toEqual(Object.keys(other![1].hashes));
    });

    test('is not published to over what its maker has published and no timestamp leads to yet', async () => {
      const it = copy();
      cpSync(it.path('repository', `${root}.root.json`), it.path('repository', 'root.json'));
      it.timestamp = it.bytes('earlier-timestamp.json');
      const before = it.tree();
      const artefact = newPath();
      writeFileSync(artefact, 'an artefact');
      const add = ['add', '--target', artefact, '--name', 'orbit', '--platform', 'linux', '--version', '1'];
      expect(await it.run(['updates', ...add])).toMatchObject({ status: 1, stderr: expect.stringContaining('is there already, and timestamp.json does not lead to it') }); // prettier-ignore
      expect(differences(before, it.tree())).toEqual([]);
    });

    test(`is not signed with a key file as its maker writes it (${made.kind}): it says which kind is read, and changes nothing`, async () => {
      const it = copy();
      await it.json(['resign', ...TRUST]);
      cpSync(it.path('keys', made.key), it.path('keys', 'timestamp.json'));
      cpSync(it.path('repository', `${root}.root.json`), it.path('repository', 'root.json'));
      const before = it.tree();
      const says = `keys/timestamp.json is a key in ${made.kind}; what is read are key files as go-tuf and fleetctl write them.`;
      const resigned = await it.json(['resign', '--force']);
      expect(resigned).toMatchObject({ code: 'KEY_UNREADABLE', message: expect.stringContaining(says) });
      const { status, stderr } = await it.run(['updates', 'timestamp']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(`Error: ${says}\n`) });
      expect(differences(before, it.tree())).toEqual([]);
    });

    test('has no root.json: updates says where to take it from', async () => {
      const it = copy();
      const { status, stderr } = await it.run(['updates', 'timestamp']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('Error: root.json is missing: it is the newest N.root.json under a second name.') }); // prettier-ignore
      expect(readdirSync(it.folder).sort()).toEqual(readdirSync(join(REPOSITORIES, maker)).sort());
    });
  },
);
