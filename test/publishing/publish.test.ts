import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { directoryDestination } from '../../lib/publishing/directory-destination.ts';
import { nameOf } from '../../lib/publishing/carry-out.ts';
import { publish, publishRoots, type Publishing } from '../../lib/publishing/publish.ts';
import { s3Destination } from '../../lib/publishing/s3-destination.ts';
import { s3Store } from '../../lib/stores/s3.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW, ours } from '../authoring/updates.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { Client, newPath } from '../cli/working-copy.ts';
import { TestRepository } from '../tuf/repository.ts';
import { ed25519Key } from '../tuf/signing-key.ts';
import { BUCKET, bucketOf, clientOf, codeOf, PREFIX, Publisher } from './publisher.ts';

const STATE = 'state';
const COMPANION = {
  undisturbed: <T>(read: () => Promise<T>) => read(),
  sign: () => Promise.reject(new Error('nothing has to be signed here')),
  agree: () => Promise.resolve(),
  progress: { begin: () => undefined, bytes: () => undefined, end: () => undefined },
};

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws();
  aws.s3.createBucket(BUCKET, { versioned: true });
  aws.s3.createBucket(STATE);
});
afterEach(() => aws.close());

const receiptsOf = () => s3Store({ client: clientOf(aws), bucket: STATE, prefix: 'orbit' });
const served = (name: string) => aws.s3.get(BUCKET, PREFIX + name)?.toString();

/** What is published, as a folder for a client. */
function published(): string {
  const folder = newPath();
  mkdirSync(folder);
  for (const key of aws.s3.keys(BUCKET)) {
    if (!key.startsWith(`${PREFIX}targets/`)) writeFileSync(join(folder, encodeURIComponent(key.slice(PREFIX.length))), aws.s3.get(BUCKET, key)!); // prettier-ignore
  }
  return folder;
}

/** A folder with the metadata of a repository as it is now, and with some targets. */
function folderOf({ files, isConsistent }: TestRepository, targets: readonly string[] = []): string {
  const folder = newPath();
  mkdirSync(join(folder, 'targets'), { recursive: true });
  const newest = Math.max(...Array.from(files.keys(), (name) => Number(/^(\d+)\.root/.exec(name)?.[1] ?? 0)));
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'root.json'), files.get(`${newest}.root.json`)!);
  for (const name of targets) writeFileSync(join(folder, 'targets', isConsistent ? `${sha512(name)}.${name}` : name), name); // prettier-ignore
  return folder;
}

const sha512 = (text: string) => createHash('sha512').update(text).digest('hex');

/** `timekeeper publish` of such a folder. */
function publishFolder(folder: string, state: string, options: Partial<Publishing> = {}) {
  return publish({ folder, destination: bucketOf(aws), isAdvance: false, receipts: undefined, state, replace: undefined, prune: false, dryRun: false, now: parseInstant(NOW, 'now'), ...options }, COMPANION); // prettier-ignore
}

/**
 * Lets a second publish run while the first one is about to put a file. The second one is stopped where it is about to put the same file, and goes on
 * when the first one has ended.
 * @returns the codes of both
 */
async function oneInTheOther(name: string, first: () => Promise<unknown>, second: () => Promise<unknown>) {
  const [hasArrived, isOver] = [gate(), gate()];
  let started: Promise<string> | undefined;
  aws.onRequest(async ({ operation, key }) => {
    if (operation !== 'PutObject' || key !== PREFIX + name) return;
    if (started === undefined) {
      started = codeOf(second());
      await Promise.race([hasArrived.opened, started]);
    } else {
      hasArrived.open();
      await isOver.opened;
    }
  });
  const code = await codeOf(first());
  isOver.open();
  return [code, await started];
}

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('of two publishes, one in the midst of the other,', () => {
  test('with plain names: a moved tag leads to what the one published that is said to be published', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    const other = one.clone();
    await one.add('2', 'one');
    await other.add('3', 'other');
    let told = '';
    const later = () => other.publish(bucketOf(aws)).catch((error: unknown) => {
      told = String(error);
      throw error;
    }); // prettier-ignore
    const codes = await oneInTheOther('targets.json', () => one.publish(bucketOf(aws)), later);
    expect(codes).toEqual(['done', 'PUBLISHED_MEANWHILE']);
    expect(told).toContain('This run had replaced "targets/orbit/linux/stable/orbit" by then');
    expect(served('timestamp.json')).toBe(one.timestamp.toString());
    expect(served('targets/orbit/linux/stable/orbit')).toBe('one');
  });

  test.each([
    { names: 'consistent snapshots', isConsistent: true },
    { names: 'plain names', isConsistent: false },
  ])('where snapshots name no hashes, as python-tuf makes them, with $names: the later one is told', async ({ isConsistent }) => {
    const repository = new TestRepository();
    repository.isConsistent = isConsistent;
    const make = (version: number, targets: readonly string[], month: number) => {
      const withoutHashes = (signed: { meta: Record<string, { length?: number; hashes?: object }> }) => {
        for (const entry of Object.values(signed.meta)) {
          delete entry.length;
          delete entry.hashes;
        }
      };
      repository.targets(version, (signed) => {
        for (const name of targets) signed.targets[name] = { length: name.length, hashes: { sha512: sha512(name) } };
      });
      repository.snapshot(version, (signed) => {
        signed.expires = `2126-0${month}-01T00:00:00Z`;
        withoutHashes(signed);
      });
      repository.timestamp(version, withoutHashes);
      return folderOf(repository, targets);
    };
    repository.root(1);
    const begun = make(1, [], 1);
    const [one, other] = [newPath(), newPath()];
    await publishFolder(begun, one);
    await publishFolder(begun, other);
    const [ofOne, ofOther] = [make(2, ['a'], 2), make(2, ['b'], 3)];
    const name = isConsistent ? '2.snapshot.json' : 'snapshot.json';
    const codes = await oneInTheOther(name, () => publishFolder(ofOne, one), () => publishFolder(ofOther, other)); // prettier-ignore
    expect(codes).toEqual(['done', 'PUBLISHED_MEANWHILE']);
    const { targets } = new Client(repository.files.get('1.root.json')!).update(published());
    expect(Array.from(targets.get('targets')!.targets.keys())).toEqual(['a']);
  }); // prettier-ignore

  test('where only a delegated role is new: clients are not left with the role of one and the snapshot of the other', async () => {
    const repository = new TestRepository();
    repository.delegations = { targets: ['orbit'] };
    repository.root(1);
    repository.publish(1);
    const [one, other] = [newPath(), newPath()];
    await publishFolder(folderOf(repository), one);
    await publishFolder(folderOf(repository), other);
    const [ofOne, ofOther] = [2, 3].map((month) => {
      repository.targets(2, (signed) => (signed.expires = `2126-0${month}-01T00:00:00Z`), 'orbit');
      repository.snapshot(2);
      repository.timestamp(2);
      return folderOf(repository);
    });
    const codes = await oneInTheOther('snapshot.json', () => publishFolder(ofOne!, one), () => publishFolder(ofOther!, other)); // prettier-ignore
    expect(codes).toEqual(['done', 'PUBLISHED_MEANWHILE']);
    new Client(repository.files.get('1.root.json')!).update(published());
  });

  test('a broken off publish of a delegated role is ours when it is gone on with, also with another change', async () => {
    const repository = new TestRepository();
    repository.delegations = { targets: ['orbit'] };
    repository.root(1);
    repository.publish(1);
    const state = newPath();
    await publishFolder(folderOf(repository), state);
    const change = (version: number) => {
      repository.targets(version, undefined, 'orbit');
      repository.snapshot(version);
      repository.timestamp(version);
      return folderOf(repository);
    };
    aws.faults.push({ match: ({ operation, key }) => operation === 'PutObject' && key === `${PREFIX}snapshot.json`, answer: 'reset' }); // prettier-ignore
    expect(await codeOf(publishFolder(change(2), state))).toBe('STORE_UNREACHABLE');
    expect(await codeOf(publishFolder(change(3), state))).toBe('done');
  });
});

describe('--prune', () => {
  test('removes nothing that somebody published while it asked', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    const other = one.clone();
    await other.add('2', 'the second', []);
    aws.faults.push({ match: ({ operation, key }) => operation === 'PutObject' && key === `${PREFIX}targets.json`, answer: 'reset' }); // prettier-ignore
    expect(await codeOf(other.publish(bucketOf(aws)))).toBe('STORE_UNREACHABLE');
    const pruning = publish(
      { folder: one.repository, destination: bucketOf(aws), isAdvance: false, receipts: undefined, state: one.path('.timekeeper'), replace: undefined, prune: true, dryRun: false, now: parseInstant(NOW, 'now') }, // prettier-ignore
      {
        ...COMPANION,
        agree: async ({ unlisted = [] }) => {
          expect(unlisted.map(({ name }) => name)).toEqual(['orbit/linux/2/orbit']);
          expect(await codeOf(other.publish(bucketOf(aws)))).toBe('done');
        },
      },
    );
    expect(await codeOf(pruning)).toBe('METADATA_ROLLBACK'); // looked at again, ours is the older one
    expect(served('targets/orbit/linux/2/orbit')).toBe('the second');
  });

  test('of what somebody has put and is about to list takes nothing from him in the end', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    const other = one.clone();
    await other.add('2', 'the second', []);
    let pruned: Promise<unknown> | undefined;
    aws.onRequest(async ({ operation, key }) => {
      if (operation === 'PutObject' && key === `${PREFIX}targets.json`) await (pruned ??= one.publish(bucketOf(aws), { prune: true })); // prettier-ignore
    });
    await other.publish(bucketOf(aws));
    await expect(pruned).resolves.toMatchObject({ removed: ['orbit/linux/2/orbit'] });
    expect(served('timestamp.json')).toBe(other.timestamp.toString());
    expect(served('targets/orbit/linux/2/orbit')).toBe('the second');
  });
});

describe('a key of the timestamp that our root takes away', () => {
  test('signs nothing that stays, however high the signer has raised it', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    const signer = one.clone();
    await ours.timestamp(signer.folder, { timestampFloor: 79 });
    aws.s3.put(BUCKET, `${PREFIX}timestamp.json`, signer.timestamp);
    const client = new Client(one.file('1.root.json'));
    client.update(published());
    const { roles } = one.signed('1.root.json') as unknown as { readonly roles: { readonly timestamp: { readonly keyids: readonly [string] } } }; // prettier-ignore
    await ours.addNewKey(one.folder, 'timestamp', {}, { random: 'new' });
    await ours.changeRoot(one.folder, { revoked: [{ role: 'timestamp', id: roles.timestamp.keyids[0] }] });
    await one.publish(bucketOf(aws));
    expect(one.signedAbove).toEqual([80]);
    expect(client.update(published()).timestamp.version).toBe(81);
  });

  test('in mode advance too: ours of the new key is put with the root, since the signer has none', async () => {
    const one = await Publisher.begin();
    const publishing = { isAdvance: true, receipts: receiptsOf() };
    await one.publish(bucketOf(aws), publishing);
    await ours.rotate(one.folder, 'timestamp', { random: 'rotated' });
    const { uploaded } = await one.publish(bucketOf(aws), publishing);
    expect(uploaded.map(nameOf)).toEqual(['2.root.json', 'root.json', 'targets.json', 'snapshot.json', 'timestamp.json']); // prettier-ignore
    new Client(one.file('1.root.json')).update(published());
  });

  test('in mode advance, where we have none of the new key: nothing is put, and it is said why', async () => {
    const one = await Publisher.begin();
    const publishing = { isAdvance: true, receipts: receiptsOf() };
    await one.publish(bucketOf(aws), publishing);
    const before = aws.s3.keys(BUCKET);
    await ours.rotate(one.folder, 'timestamp', { random: 'rotated' });
    rmSync(one.path('repository', 'timestamp.json'));
    await expect(one.publish(bucketOf(aws), publishing)).rejects.toMatchObject({
      code: 'TIMESTAMP_MISSING',
      message: expect.stringContaining('Our root takes away the key of the published timestamp.json'),
    });
    expect(aws.s3.keys(BUCKET)).toEqual(before);
  });
});

test('with consistent snapshots and a new timestamp key, clients fail for two files, not for all of the metadata', async () => {
  const repository = new TestRepository();
  repository.isConsistent = true;
  repository.delegations = { targets: Array.from({ length: 16 }, (_, bin) => `bin-${bin}`) };
  repository.root(1);
  repository.publish(1);
  const state = newPath();
  await publishFolder(folderOf(repository), state);
  repository.keys.timestamp = [ed25519Key()];
  repository.root(2);
  repository.publish(2);
  let [puts, failing] = [0, 0];
  aws.beforeAnswer(({ operation }) => {
    if (operation !== 'PutObject') return;
    puts++;
    try {
      new Client(repository.files.get('1.root.json')!).update(published());
    } catch {
      failing++;
    }
  });
  await publishFolder(folderOf(repository), state);
  expect({ puts, failing }).toEqual({ puts: 21, failing: 2 });
});

describe('the signer’s receipt', () => {
  test('is not lowered by an old copy over a file server that went back: its publisher is told', async () => {
    const receipts = receiptsOf();
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws), { receipts });
    const old = one.clone();
    const kept = new Map(aws.s3.keys(BUCKET).map((key) => [key, aws.s3.get(BUCKET, key)!]));
    await one.add('2', 'two');
    await one.publish(bucketOf(aws), { receipts });
    const receipt = aws.s3.get(STATE, 'orbit/expected.json');
    for (const [key, bytes] of kept) aws.s3.put(BUCKET, key, bytes);
    expect(await codeOf(old.publish(bucketOf(aws), { receipts }))).toBe('PUBLISHED_MEANWHILE');
    expect(aws.s3.get(STATE, 'orbit/expected.json')).toEqual(receipt);

    // Whoever made it mends that, with the same state or the next one.
    const next = one.clone();
    expect(await codeOf(one.publish(bucketOf(aws), { receipts }))).toBe('done');
    for (const [key, bytes] of kept) aws.s3.put(BUCKET, key, bytes);
    await next.add('3', 'three');
    expect(await codeOf(next.publish(bucketOf(aws), { receipts }))).toBe('done');
  });
});

describe('another repository, whose roots are hidden,', () => {
  test.each([false, true])('is not published over: mode advance %s', async (isAdvance) => {
    for (const [name, bytes] of TestRepository.healthy().files) if (!name.includes('root')) aws.s3.put(BUCKET, PREFIX + name, bytes); // prettier-ignore
    const attempt = publishFolder(folderOf(TestRepository.healthy()), newPath(), { isAdvance });
    expect(await codeOf(attempt)).toBe('OTHER_REPOSITORY');
  });
});

test('with the change to consistent snapshots too, what somebody else published is not lost', async () => {
  const repository = new TestRepository();
  repository.root(1);
  repository.publish(1);
  const [one, other] = [newPath(), newPath()];
  await publishFolder(folderOf(repository), one);
  await publishFolder(folderOf(repository), other);
  repository.publish(2);
  await publishFolder(folderOf(repository), other);
  repository.isConsistent = true;
  repository.root(2);
  repository.publish(3);
  expect(await codeOf(publishFolder(folderOf(repository), one))).toBe('PUBLISHED_MEANWHILE');
});

describe('a delegated role whose name S3 keeps otherwise than it is asked for', () => {
  test.each(['my role', 'a/b', 'a+b'])('"%s" is known again, and replaced', async (role) => {
    const repository = new TestRepository();
    repository.delegations = { targets: [role] };
    repository.root(1);
    repository.publish(1);
    const state = newPath();
    await publishFolder(folderOf(repository), state);
    expect((await publishFolder(folderOf(repository), state)).uploaded).toEqual([]);
    repository.publish(2);
    expect(await codeOf(publishFolder(folderOf(repository), state))).toBe('done');
  });
});

describe('roots', () => {
  test('that are published damaged are replaced by ours, the newest by every publish, the others by --roots', async () => {
    const one = await Publisher.begin();
    await ours.rotate(one.folder, 'snapshot', { random: 'r' });
    await one.publish(bucketOf(aws));
    const damage = (version: number) => {
      aws.s3.put(BUCKET, `${PREFIX}${version}.root.json`, one.file(`${version}.root.json`).subarray(0, 500));
    };
    damage(2);
    expect((await one.publish(bucketOf(aws))).uploaded.map(nameOf)).toEqual(['2.root.json']);
    damage(1);
    const { uploaded, warnings } = await one.publish(bucketOf(aws));
    expect(uploaded).toEqual([]);
    expect(warnings).toEqual([{ code: 'ROOT_HIDDEN', message: '1.root.json is damaged where it is published; publish --roots puts it back.' }]); // prettier-ignore
    const roots = () => publishRoots({ folder: one.repository, destination: bucketOf(aws), dryRun: false }, COMPANION);
    await expect(roots()).resolves.toEqual({ names: ['1.root.json'], warnings: [] });
    await expect(roots()).resolves.toEqual({ names: [], warnings: [] });
    expect(served('1.root.json')).toBe(one.file('1.root.json').toString());
  });

  test('a stray one harms nobody; one that clients stop at is told', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    aws.s3.put(BUCKET, `${PREFIX}99.root.json`, '{}');
    expect(await codeOf(one.publish(bucketOf(aws)))).toBe('done');
    aws.s3.put(BUCKET, `${PREFIX}2.root.json`, '{}');
    expect(await codeOf(one.publish(bucketOf(aws)))).toBe('ROOT_INVALID');
  });

  test('that nobody has any more, or that nothing proves, are named by --roots', async () => {
    const one = await Publisher.begin();
    for (const role of ['root', 'targets', 'snapshot'] as const) await ours.rotate(one.folder, role, { random: role });
    await one.publish(bucketOf(aws));
    for (const version of [1, 2]) aws.s3.delete(BUCKET, `${PREFIX}${version}.root.json`);
    rmSync(one.path('repository', '2.root.json'));
    const { names, warnings } = await publishRoots({ folder: one.repository, destination: bucketOf(aws), dryRun: false }, COMPANION); // prettier-ignore
    expect(names).toEqual([]);
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^ROOT_HIDDEN 1\.root\.json .* nothing proves it\.$/),
      expect.stringMatching(/^ROOT_HIDDEN 2\.root\.json .* not in our folder\.$/),
    ]);
  });
});

test('a timestamp that was deleted is put again, and that clients may know a higher one is said', async () => {
  const one = await Publisher.begin();
  await one.publish(bucketOf(aws));
  aws.s3.delete(BUCKET, `${PREFIX}timestamp.json`);
  const { uploaded, warnings } = await one.publish(bucketOf(aws));
  expect(uploaded.map(nameOf)).toEqual(['timestamp.json']);
  expect(warnings).toEqual([{ code: 'TIMESTAMP_GONE', message: expect.stringContaining('ours has version 2') as unknown }]); // prettier-ignore
});

describe('in S3', () => {
  test('what is replaced under its name is short-lived in a cache; what is numbered never changes', async () => {
    const one = await Publisher.begin({ consistent: true });
    await one.publish(bucketOf(aws));
    const cached = (name: string) => aws.s3.versions(BUCKET, PREFIX + name).map(({ headers }) => headers['cache-control']); // prettier-ignore
    expect(cached('timestamp.json')).toEqual(['max-age=60']);
    expect(cached('root.json')).toEqual(['max-age=60']);
    expect(cached('1.root.json')).toEqual([undefined]);
    expect(cached('2.targets.json')).toEqual([undefined]);
  });

  test('more metadata than twenty pages is no obstacle', async () => {
    const one = await Publisher.begin({ consistent: true });
    await one.publish(bucketOf(aws));
    for (let version = 1; version <= 20_001; version++) aws.s3.put(BUCKET, `${PREFIX}${version}.bin-00.json`, 'x');
    await one.add('2', 'the second');
    expect(await codeOf(one.publish(bucketOf(aws)))).toBe('done');
  }, 60_000);

  test('a target that is removed while it is looked at is put', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    const key = `${PREFIX}targets/orbit/linux/1/orbit`;
    aws.s3.find(BUCKET)!.put(key, 'the first', {}, '"an ETag of KMS"');
    aws.onRequest(({ operation }) => {
      if (operation === 'HeadObject') aws.s3.delete(BUCKET, key);
    });
    expect(await codeOf(one.publish(bucketOf(aws)))).toBe('done');
    expect(aws.s3.get(BUCKET, key)?.toString()).toBe('the first');
  });

  test('a race that was lost at the end of a long upload, which S3 says in a 200, is one', async () => {
    const one = await Publisher.begin();
    await one.publish(bucketOf(aws));
    await one.add('2', Buffer.alloc(9 * 1_048_576, 'x'), []);
    let meddled = false;
    aws.onRequest(({ operation, key }) => {
      if (meddled || operation !== 'CompleteMultipartUpload') return;
      meddled = true;
      aws.s3.put(BUCKET, key!, 'somebody else’s');
    });
    const proxy = await answeringLate();
    try {
      const client = new S3Client({ ...aws.clientConfig(), endpoint: proxy.endpoint, forcePathStyle: true });
      expect(await codeOf(one.publish(s3Destination({ client, bucket: BUCKET, prefix: PREFIX })))).toBe('done');
    } finally {
      proxy.close();
    }
    expect(served('targets/orbit/linux/2/orbit')).toHaveLength(9 * 1_048_576);
  });
});

/** Before the local AWS: the error of a CompleteMultipartUpload comes with 200, as it does where S3 has begun to answer. */
async function answeringLate() {
  const { hostname, port } = new URL(aws.endpoint);
  const server = createServer((incoming, outgoing) => {
    const onward = ask({ host: hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (answer) => {
      const isComplete = incoming.method === 'POST' && incoming.url?.includes('uploadId=') === true;
      outgoing.writeHead(isComplete ? 200 : answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    }); // prettier-ignore
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${own}`, close: () => server.close() };
}

test('in a folder, a link that a web server follows is replaced by what it stands for', async () => {
  const one = await Publisher.begin();
  const out = newPath();
  await one.publish(directoryDestination(out));
  rmSync(join(out, 'targets', 'orbit', 'linux', 'stable', 'orbit'));
  symlinkSync('../1/orbit', join(out, 'targets', 'orbit', 'linux', 'stable', 'orbit'));
  expect(await codeOf(one.publish(directoryDestination(out)))).toBe('done');
  await one.add('2', 'the second');
  expect(await codeOf(one.publish(directoryDestination(out)))).toBe('done');
});
