import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, endAll, start, versionOf } from './started.ts';

const DEMO = ['start', '--port', '0', '--check', '1s', '--resign-after', '2s'];
afterEach(endAll);

describe('timekeeper start without a folder', () => {
  test('makes a demonstration, serves it, signs it again and again, and ends at Ctrl-C with status 0', async () => {
    const folder = emptyFolder();
    const started = await start(DEMO, folder).ready();
    const first = await started.status();
    expect(first).toMatchObject({ isDemonstration: true, title: './timekeeper-demo', verdict: { word: 'Fresh' } });
    await started.status((status) => versionOf(status) >= versionOf(first) + 2);
    const { status, stdout, stderr } = await started.stop();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Keeping \.\/timekeeper-demo fresh, a demonstration made just now\.\n/);
    expect(stdout).toContain(`  Repository   ${started.url}tuf/\n`);
    expect(stdout).toMatch(
      /^\S+Z {2}Signed timestamp\.json, now version 2 \(SIGNED\)\. Fresh\. Clients can update until \S+Z\.$/m,
    );
    expect(stdout).toMatch(/\nEnded\. Nothing is signed any more; clients can update until \S+Z\.\n$/);
    await expect(fetch(started.url)).rejects.toThrow('fetch failed'); // nobody is left behind there

    const demo = join(folder, 'timekeeper-demo');
    expect(readFileSync(join(demo, 'README.txt'), 'utf8')).toContain('for demonstration only');
    expect(statSync(join(demo, 'passphrases.env')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(demo, 'repository')).sort()).toEqual(['1.root.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json']); // prettier-ignore
  });

  test('uses on the one that is there, and never with a passphrase of the environment', async () => {
    const folder = emptyFolder();
    const before = await start(DEMO, folder).ready();
    const version = versionOf(await before.status((status) => versionOf(status) >= 2));
    expect((await before.stop('SIGTERM')).status).toBe(0);
    const root = () => readFileSync(join(folder, 'timekeeper-demo', 'repository', 'root.json'), 'utf8');
    const kept = root();

    const after = await start(DEMO, folder, { FLEET_TIMESTAMP_PASSPHRASE: 'of another repository' }).ready();
    await after.status((status) => versionOf(status) > version);
    expect((await after.stop()).stdout).toContain('a demonstration from before.');
    expect(root()).toBe(kept);

    await (await start([...DEMO, '--fresh'], folder).ready()).stop();
    expect(root()).not.toBe(kept);
  });

  test.each([
    { given: 'a folder of somebody else', arrange: (place: string) => { mkdirSync(place); writeFileSync(join(place, 'thesis'), ''); } }, // prettier-ignore
    { given: 'an empty folder', arrange: (place: string) => { mkdirSync(place); } }, // prettier-ignore
    { given: 'a file', arrange: (place: string) => { writeFileSync(place, ''); } }, // prettier-ignore
    { given: 'a folder with a forged mark', arrange: (place: string) => { mkdirSync(place); writeFileSync(join(place, '.timekeeper-demo'), 'x'); } }, // prettier-ignore
    { given: 'a link that leads to nothing', arrange: (place: string) => { symlinkSync('nowhere', place); } }, // prettier-ignore
  ])('never deletes $given, not even with --fresh', async ({ arrange }) => {
    const folder = emptyFolder();
    const place = join(folder, 'timekeeper-demo');
    arrange(place);
    const { status, stderr } = await start([...DEMO, '--fresh'], folder).end();
    expect(stderr).toMatch(/^Failed \(USAGE\): "timekeeper-demo" is there, but was not made by this command/);
    expect(status).toBe(2);
    expect(readdirSync(folder)).toEqual(['timekeeper-demo']);
    expect((await start(DEMO, folder).end()).status).toBe(2);
  });

  test('never deletes a demonstration to which a link leads', async () => {
    const [real, folder] = [emptyFolder(), emptyFolder()];
    await (await start(DEMO, real).ready()).stop();
    symlinkSync(join(real, 'timekeeper-demo'), join(folder, 'timekeeper-demo'));
    expect((await start([...DEMO, '--fresh'], folder).end()).status).toBe(2);
    expect(existsSync(join(real, 'timekeeper-demo', 'keys', 'root.json'))).toBe(true);
  });

  test('says that a new one is wanted where the passphrase is lost', async () => {
    const folder = emptyFolder();
    await (await start(DEMO, folder).ready()).stop();
    rmSync(join(folder, 'timekeeper-demo', 'passphrases.env'));
    const { status, stderr } = await start(DEMO, folder).end();
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('--fresh') });
  });
});

describe('timekeeper start on a port', () => {
  test('takes the next free one if it is in use, and says so', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const started = await start(['start', '--port', String(port)], emptyFolder()).ready();
    other.close();
    const taken = Number(new URL(started.url).port);
    expect(taken).toBeGreaterThan(port);
    expect((await started.stop()).stdout).toContain(`Port ${port} is in use; ${taken} is the next free one.`);
  });
});
