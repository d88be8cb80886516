import { copyFileSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import { WATCH_CONFIGURATION, type WatchConfiguration } from '../../lib/contract/watch-configuration.ts';
import type { WatchOutcome } from '../../lib/contract/watch-outcome.ts';
import { type LocalAws, startLocalAws } from '../aws/local-aws.ts';
import type { RecordedCall } from '../aws/request-record.ts';
import type { Bucket } from '../aws/s3-buckets.ts';
import { newRepository, type Repository, type RepositoryOptions } from '../refresh/repository.ts';
import { HttpServer } from '../stores/http-server.ts';
import { pinOf, POLICY } from '../watch/observed.ts';
import { BUNDLE, LambdaProcess, type Thrown } from './lambda-process.ts';
import { node24 } from './node24.ts';

export const NAME = 'orbit';
const BUCKET = 'timekeeper-watch';

/** One look. */
export interface Look {
  readonly outcome: WatchOutcome;
  readonly error: Thrown | undefined;
  /** The one line that was logged, parsed. */
  readonly line: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Calls to AWS. */
  readonly calls: readonly RecordedCall[];
  /** Requests to the file server. */
  readonly requests: readonly string[];
}

/** A copy far from any node_modules, as in Lambda. */
const folder = mkdtempSync(join(tmpdir(), 'watch-'));
const bundle = join(folder, 'watch.mjs');
copyFileSync(join(dirname(BUNDLE), 'watch.mjs'), bundle);
afterAll(() => rm(folder, { recursive: true }));

const open: Watched[] = [];

/** A healthy repository on a file server, and an empty bucket for the memory. */
export async function deployWatch(options: RepositoryOptions = {}): Promise<Watched> {
  const server = new HttpServer();
  await server.listen();
  const watched = new Watched(await startLocalAws(), server, await newRepository(options));
  open.push(watched);
  return watched;
}

/** For `afterEach`. */
export async function tearDownWatch(): Promise<void> {
  await Promise.all(open.splice(0).flatMap(({ aws, server }) => [aws.close(), server.close()]));
}

/** Made by {@link deployWatch}. */
export class Watched {
  readonly aws: LocalAws;
  readonly server: HttpServer;
  readonly repository: Repository;
  readonly memory: Bucket;
  /** Sent with every file. */
  headers: Record<string, string> = {};
  configuration: WatchConfiguration;

  constructor(aws: LocalAws, server: HttpServer, repository: Repository) {
    this.aws = aws;
    this.server = server;
    this.repository = repository;
    this.memory = aws.s3.createBucket(BUCKET, { versioned: true });
    server.answer = ({ url = '' }, response) => {
      const { objects } = repository.hosting;
      const name = url.slice('/tuf/'.length);
      const bytes = objects.get(name) ?? objects.get(decodeURIComponent(name));
      if (bytes === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-length': bytes.length, ...this.headers }).end(bytes);
    };
    this.configuration = {
      ...POLICY,
      deployment: 'timekeeper-tests',
      repository: NAME,
      url: `${server.url}/tuf/`,
      root: pinOf(repository.bytes('1.root.json')),
      memoryBucket: BUCKET,
    };
  }

  environment(): Readonly<Record<string, string>> {
    return { ...this.aws.environment(), [WATCH_CONFIGURATION]: JSON.stringify(this.configuration) };
  }

  /** One look in a fresh process: what it knows of the last one, it has from the bucket. */
  async look(event: object = { repository: NAME }, environment = this.environment()): Promise<Look> {
    const node = (await node24()) ?? process.execPath;
    const quiet: Record<string, string> = node === process.execPath ? { NODE_NO_WARNINGS: '1' } : {};
    const lambda = await LambdaProcess.start(node, bundle, { ...environment, ...quiet });
    const at = this.repository.now * 1_000;
    this.aws.clockOffset = at - Date.now();
    this.aws.forgetCalls();
    this.server.requests.length = 0;
    const { outcome, error, stdout } = await lambda.invoke(JSON.stringify(event), at);
    const calls = [...this.aws.calls];
    const ended = await lambda.end();
    if (ended.stdout + ended.stderr !== '') throw new Error(`It printed more: ${ended.stdout}${ended.stderr}`);
    return {
      outcome: (outcome ?? JSON.parse(error!.message)) as unknown as WatchOutcome,
      error,
      line: JSON.parse(stdout) as Readonly<Record<string, unknown>>,
      text: stdout,
      calls,
      requests: [...this.server.requests],
    };
  }
}
