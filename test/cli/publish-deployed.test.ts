import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostingBucketName, publisherRoleName, stateBucketName } from '../../lib/contract/names.ts';
import { parseReceipt } from '../../lib/refresh/state.ts';
import { ours } from '../authoring/updates.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import { Publisher } from '../publishing/publisher.ts';
import { HttpServer } from '../stores/http-server.ts';
import { outcomeOf, type Run } from './timekeeper.ts';
import { newPath } from './working-copy.ts';

const DEPLOYMENT = 'tests';
const PLACE = { account: '111111111111', region: 'eu-central-1' };
const FILES = hostingBucketName(DEPLOYMENT, 'orbit', PLACE);
const STATE = stateBucketName(DEPLOYMENT, PLACE);
const ROLE = `arn:aws:iam::111111111111:role/${publisherRoleName(DEPLOYMENT, 'orbit')}`;

let aws: LocalAws;
let cwd: string;
let copy: Publisher;
const server = new HttpServer();
beforeEach(async () => {
  aws = await startLocalAws();
  aws.clockOffset = Date.parse('2026-11-24T00:00:00Z') - Date.now();
  for (const bucket of [FILES, STATE]) aws.s3.createBucket(bucket, { versioned: true });
  aws.s3.find(STATE)!.mayList = false; // the publisher's role has no business in there but the receipt
  cwd = newPath();
  mkdirSync(cwd);
  copy = await Publisher.begin();
  await server.listen();
  server.answer = (request, response) => {
    const bytes = aws.s3.get(FILES, (request.url ?? '').slice(1));
    if (bytes === undefined) response.writeHead(404).end();
    else response.end(bytes);
  };
});
afterEach(async () => {
  await Promise.all([aws.close(), server.close()]);
});

function configure(repository: object = {}): void {
  const sha256 = createHash('sha256').update(copy.file('1.root.json')).digest('hex');
  const orbit = { hosting: { url: `${server.url}/` }, root: { version: 1, sha256 }, ...repository };
  writeFileSync(`${cwd}/timekeeper.json`, JSON.stringify({ name: DEPLOYMENT, repositories: { orbit } }));
}

const run = (words: readonly string[] = [], where = 'orbit'): Promise<Run> => {
  const env = { ...aws.environment(), NODE_NO_WARNINGS: '1' };
  return copy.run(['publish', where, copy.folder, ...words], { cwd, env, passphrase: null });
};

interface Result {
  readonly uploaded: readonly string[];
  readonly clients: { readonly message: string; readonly isNew: boolean } | null;
}

async function done(words: readonly string[] = [], where?: string): Promise<Result> {
  const { status, stdout, stderr } = await run([...words, '--json'], where);
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Result;
}

const receipt = () => parseReceipt(aws.s3.get(STATE, 'orbit/expected.json')!);
const ourSnapshot = () => ({ version: copy.signed('snapshot.json').version, sha256: createHash('sha256').update(copy.file('snapshot.json')).digest('hex') }); // prettier-ignore
const published = (name: string) => aws.s3.get(FILES, name);

describe('timekeeper publish orbit', () => {
  test('publishes as the publisher’s role and nobody else, leaves the receipt, and looks where clients look', async () => {
    configure();
    const { clients } = await done();
    expect(clients).toMatchObject({ isNew: true, message: 'Clients get it.', timestamp: 2 });
    expect(published('timestamp.json')).toEqual(copy.timestamp);
    expect(receipt()).toEqual(ourSnapshot());
    const callers = new Set(aws.calls.filter(({ service }) => service === 's3').map(({ caller }) => caller.replace(/\/[^/]*$/, ''))); // prettier-ignore
    expect(callers).toEqual(new Set([ROLE.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')]));
    await copy.add('2', 'the second');
    await done();
    expect(receipt()).toEqual(ourSnapshot());
  });

  test('writes nothing unconditionally, and timestamp.json last', async () => {
    configure();
    await copy.add('2', Buffer.alloc(9 * 1_048_576));
    await done();
    await copy.add('3', 'the third');
    await done(['--prune', '--yes']);
    const writes = aws.calls.filter(({ operation }) => ['PutObject', 'CompleteMultipartUpload'].includes(operation));
    expect(writes.filter(({ ifMatch, ifNoneMatch }) => ifMatch === undefined && ifNoneMatch === undefined)).toEqual([]);
    const keys = writes.filter(({ bucket }) => bucket === FILES).map(({ key }) => key);
    expect(keys.at(-1)).toBe('timestamp.json');
    expect(writes.at(-1)).toMatchObject({ bucket: STATE, key: 'orbit/expected.json' });
  });

  test('uploads no target that is there already, however it came there', async () => {
    configure();
    const large = Buffer.alloc(9 * 1_048_576, 'y');
    await copy.add('2', large, []);
    await done();
    // Of another tool, which gives no SHA-256; and of one whose ETag is none of ours, but which gives it.
    aws.s3.put(FILES, 'targets/orbit/linux/1/orbit', 'the first');
    const sum = createHash('sha256').update('the first').digest('base64');
    aws.s3.find(FILES)!.put('targets/orbit/linux/stable/orbit', 'the first', { 'x-amz-checksum-sha256': sum }, '"of KMS"'); // prettier-ignore
    aws.forgetCalls();
    expect((await done()).uploaded).toEqual([]);
    expect(aws.calls.filter(({ operation }) => operation === 'GetObject' || operation === 'HeadObject').map(({ key }) => key).filter((key) => key?.startsWith('targets/'))).toEqual(['targets/orbit/linux/stable/orbit']); // prettier-ignore
    aws.s3.put(FILES, 'targets/orbit/linux/1/orbit', 'the wrong');
    expect((await done()).uploaded).toEqual(['targets/orbit/linux/1/orbit']);
  });

  test('in mode advance leaves timestamp.json to the signer, but for the first one', async () => {
    configure({ mode: 'advance' });
    expect((await done()).uploaded).toContain('timestamp.json');
    const before = published('timestamp.json');
    await copy.add('2', 'the second');
    const { uploaded, clients } = await done();
    expect(uploaded.at(-1)).toBe('snapshot.json');
    expect(published('timestamp.json')).toEqual(before);
    expect(receipt()).toEqual(ourSnapshot());
    expect(clients).toMatchObject({ isNew: false });
    const writes = aws.calls.filter(({ operation }) => operation === 'PutObject').map(({ key }) => key);
    expect(writes.slice(-2)).toEqual(['orbit/expected.json', 'snapshot.json']);
  });

  test('says what clients see where a cache keeps what was there before', async () => {
    configure();
    await done();
    const before = new Map(aws.s3.keys(FILES).map((key) => [key, aws.s3.get(FILES, key)]));
    server.answer = (request, response) => {
      const bytes = before.get((request.url ?? '').slice(1));
      if (bytes === undefined) response.writeHead(404).end();
      else response.end(bytes);
    };
    await copy.add('2', 'the second');
    const { status, stdout } = await run();
    expect(status).toBe(0);
    expect(stdout).toContain(
      'Clients still get snapshot version 2. Caches may show what was there before for 10 minutes',
    );
  });

  test.each<{ code: string; given: string; prepare: () => void }>([
    { code: 'ROLE_REFUSED', given: 'the role trusts others', prepare: () => { aws.sts.allowRoles(); } }, // prettier-ignore
    { code: 'ACCESS_DENIED', given: 'the role may not list', prepare: () => { aws.s3.find(FILES)!.mayList = false; } }, // prettier-ignore
    { code: 'ACCESS_DENIED', given: 'the role may not write', prepare: () => { aws.faults.push({ match: ({ operation, bucket }) => operation === 'PutObject' && bucket === FILES, times: Infinity, answer: { status: 403, code: 'AccessDenied' } }); } }, // prettier-ignore
    { code: 'ACCESS_DENIED', given: 'the role may not leave the receipt', prepare: () => { aws.faults.push({ match: ({ bucket }) => bucket === STATE, times: Infinity, answer: { status: 403, code: 'AccessDenied' } }); } }, // prettier-ignore
  ])('$code where $given, and what was not written is written by the next one', async ({ code, prepare }) => {
    configure();
    prepare();
    const outcome = outcomeOf(await run(['--json']));
    expect(outcome).toMatchObject({ outcome: 'failed', code });
    expect(outcome.message).toMatch(/^s3:\/\/.* could not be (listed|written): AccessDenied \(403\)\.$|^The role .* could not be assumed: AccessDenied\.$/); // prettier-ignore
    aws.faults.clear();
    aws.s3.find(FILES)!.mayList = true;
    aws.sts.allowRoles(ROLE);
    await done();
    expect(receipt()).toEqual(ourSnapshot());
  });

  test('a bucket of one’s own is written with one’s own credentials', async () => {
    aws.s3.createBucket('mine');
    configure({ bucket: 'mine', prefix: 'tuf/', url: `${server.url}/`, hosting: undefined });
    await done();
    expect(aws.s3.get('mine', 'tuf/timestamp.json')).toEqual(copy.timestamp);
    expect(aws.calls.map(({ operation }) => operation)).not.toContain('AssumeRole');
  });

  test('UNKNOWN_REPOSITORY for a name that timekeeper.json does not have', async () => {
    configure();
    expect(outcomeOf(await run(['--json'], 'agents'))).toMatchObject({ outcome: 'refused', code: 'UNKNOWN_REPOSITORY' }); // prettier-ignore
    expect(aws.calls).toEqual([]);
  });
});

describe('timekeeper publish s3://bucket/prefix', () => {
  test('needs no configuration, and removes with --prune what nothing lists', async () => {
    aws.s3.createBucket('plain');
    expect((await done([], 's3://plain/a/b')).uploaded).toHaveLength(7);
    expect(aws.s3.get('plain', 'a/b/timestamp.json')).toEqual(copy.timestamp);
    for (const key of ['a/b/targets/old', 'a/b/old.json', 'a/targets/old']) aws.s3.put('plain', key, 'old');
    const { status, stdout } = await run(['--prune', '--yes'], 's3://plain/a/b/');
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('Removed:  targets/old\n') });
    expect(aws.s3.keys('plain').filter((key) => key.endsWith('old') || key.endsWith('old.json'))).toEqual(['a/b/old.json', 'a/targets/old']); // prettier-ignore
  });

  test('goes above the timestamp that a signer has raised there', async () => {
    aws.s3.createBucket('plain');
    await done([], 's3://plain');
    const signer = copy.clone();
    await ours.timestamp(signer.folder, { timestampFloor: 79 });
    aws.s3.put('plain', 'timestamp.json', signer.timestamp);
    await copy.add('2', 'the second');
    const { status, stderr } = await run([], 's3://plain');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('signed again, above it') });
    expect(copy.signed().version).toBe(81);
    expect(aws.s3.get('plain', 'timestamp.json')).toEqual(copy.timestamp);
  });

  test('STORE_UNREACHABLE for a bucket that there is not', async () => {
    expect(outcomeOf(await run(['--json'], 's3://absent'))).toMatchObject({ outcome: 'failed', code: 'STORE_UNREACHABLE' }); // prettier-ignore
  });
});
