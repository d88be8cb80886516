import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BUNDLE, LambdaProcess } from './lambda-process.ts';
import { node24 } from './node24.ts';

const BUILD = fileURLToPath(new URL('../../esbuild.config.js', import.meta.url));

/** What every file may hold beside our own code, and why it is there. A new line here is a decision: what a Lambda carries, an attacker may use. */
const COMMON: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-env': "The role's credentials, from the function's environment and nowhere else.",
  '@aws-sdk/core': "Part of the SDK: the protocols, the credentials' cache, the user agent.",
  '@aws/lambda-invoke-store': 'Part of the SDK: the trace id of an invocation.',
  '@smithy/core': 'Part of the SDK: what all clients share, with retries and endpoints.',
  '@smithy/node-http-handler': 'Part of the SDK: HTTP, its timeouts and kept connections.',
  '@smithy/signature-v4': 'Part of the SDK: signs requests.',
  '@smithy/types': 'Part of the SDK: a few constants.',
};

const S3: Readonly<Record<string, string>> = {
  '@aws-sdk/client-s3': 'Reads repository, state or memory, and writes them on condition.',
  '@aws-sdk/checksums': 'Part of the SDK: what S3 puts are checked with.',
  '@aws-sdk/middleware-sdk-s3': "Part of the SDK: S3's regions and its errors in answers of status 200.",
  '@aws-sdk/signature-v4-multi-region': 'Part of the SDK: which signer S3 requests get.',
  '@aws-sdk/xml-builder': 'Part of the SDK: S3 speaks XML.',
};

/** Each handler's file: what more may be in it, and which rooms. */
const FILES = [
  {
    name: 'resign',
    maxBytes: 560_000, // the three SDK clients alone are 473,000 as they come
    rooms: 'contract|tuf|stores|keys|refresh',
    packages: {
      ...S3,
      '@aws-sdk/client-kms': 'Signs where the key is in KMS.',
      '@aws-sdk/client-secrets-manager': 'Fetches the passphrase of a key file.',
      '@noble/ciphers': "The one cipher: secretbox, in which go-tuf's key files are sealed.",
    },
  },
  {
    name: 'watch',
    maxBytes: 440_000, // the S3 client alone is 429,000 as it comes
    rooms: 'contract|tuf|stores|client|watch', // and so neither keys nor what decides on a signature
    packages: S3,
  },
  {
    name: 'verdict',
    maxBytes: 255_000, // the Lambda client alone is 359,000 as it comes
    rooms: 'contract', // it decides on what others answered
    packages: { '@aws-sdk/client-lambda': 'Asks two versions of a signer for a dry run.' },
  },
] as const;

interface Account {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, object>>;
        readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
      }
    >
  >;
}

const present = await node24();
const nodes = [
  { node: process.execPath, which: `this Node, ${process.version}` },
  ...(present === undefined || present === process.execPath
    ? []
    : [{ node: present, which: 'Node 24, as Lambda does' }]),
];

let scratch: string;
let accounts: Account['outputs'];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'build-'));
  await Promise.all(
    ['one', 'two'].map((name) =>
      promisify(execFile)(process.execPath, [BUILD, join(scratch, name), join(scratch, `${name}.json`)]),
    ),
  );
  accounts = (JSON.parse(await readFile(join(scratch, 'one.json'), 'utf8')) as Account).outputs;
});
afterAll(() => rm(scratch, { recursive: true }));

const bundleOf = (name: string) => join(scratch, 'one', 'lambda', `${name}.mjs`);

describe('the build', () => {
  test('comes out the same, byte for byte, in two builds; so does the command', async () => {
    const filesOf = async (name: string) => {
      const entries = await readdir(join(scratch, name), { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name: file }) => join(parentPath, file));
      const contents = files.map(async (file) => [
        file.slice(join(scratch, name).length),
        await readFile(file, 'latin1'),
      ]);
      return Object.fromEntries(await Promise.all(contents)) as Record<string, string>;
    };
    const [one, two] = [await filesOf('one'), await filesOf('two')];
    expect(Object.keys(one)).toEqual(expect.arrayContaining(FILES.map(({ name }) => `/lambda/${name}.mjs`)));
    expect(Object.keys(two)).toEqual(Object.keys(one));
    expect(Object.keys(one).filter((file) => one[file] !== two[file])).toEqual([]);
  });
});

describe.each(FILES)("the Lambda's file $name.mjs", ({ name, maxBytes, rooms, packages }) => {
  const bundle = () => bundleOf(name);
  const account = () => Object.entries(accounts).find(([path]) => path.endsWith(`/lambda/${name}.mjs`))![1];

  test('in dist is what the sources give: else run `npm run build`, the tests here run it', async () => {
    const [built, fresh] = await Promise.all([readFile(join(dirname(BUNDLE), `${name}.mjs`)), readFile(bundle())]);
    expect(Buffer.compare(built, fresh)).toBe(0);
  });

  test(`has at most ${maxBytes} bytes`, () => {
    expect(account().bytes).toBeLessThanOrEqual(maxBytes);
  });

  test('holds our own code and the packages of the list, no more and no fewer', () => {
    const inputs = Object.keys(account().inputs);
    const found = inputs.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
    expect([...new Set(found)].toSorted()).toEqual(Object.keys({ ...COMMON, ...packages }).toSorted());
    const own = inputs.filter((file) => !file.includes('node_modules/'));
    expect(own.filter((file) => !new RegExp(`^(lambda|lib/(${rooms}))/`).test(file))).toEqual([]);
  });

  test('looks for credentials in the environment alone', () => {
    const providers = Object.keys(account().inputs).filter((file) => /credential-provider|token-providers/.test(file));
    expect(providers.filter((file) => !file.includes('/credential-provider-env/'))).toEqual([]);
  });

  test("imports and requires nothing at run time but Node's own modules", async () => {
    expect(account().imports.filter(({ path }) => !path.startsWith('node:'))).toEqual([]);
    const text = await readFile(bundle(), 'utf8');
    expect(text).not.toContain('Dynamic require of'); // esbuild's words for what it could not resolve
    const calls = [...text.matchAll(/(.)\b(?:require|import)\((.{12})/g)].map(([, before, after]) => before! + after!);
    const inMessages = calls.filter((call) => call.startsWith('[')); // "You must also … by calling [require(…)]"
    expect(calls.filter((call) => !inMessages.includes(call) && !/^.["']node:/.test(call))).toEqual([]);
  });
});

describe.each(nodes)('on $which', ({ node }) => {
  test.each(['resign', 'watch'])('%s.mjs answers an event', async (name) => {
    const lambda = await LambdaProcess.start(node, bundleOf(name), {});
    const { outcome, stdout } = await lambda.invoke('{"repository":"../x"}');
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'UNKNOWN_REPOSITORY' });
    expect(stdout.split('\n')).toHaveLength(2);
    expect((await lambda.end()).status).toBe(0);
  });

  test('verdict.mjs answers CloudFormation', async () => {
    const answers: string[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        answers.push(body);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const lambda = await LambdaProcess.start(node, bundleOf('verdict'), {});
    const request = {
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${port}/`,
      ResourceProperties: { version: '1' },
    };
    expect((await lambda.invoke(JSON.stringify(request))).error).toBeUndefined();
    expect(JSON.parse(answers[0]!)).toMatchObject({ Status: 'SUCCESS', Data: { version: '1' } });
    expect((await lambda.end()).status).toBe(0);
    server.close();
  });
});

test(`the other tests run it on ${present === undefined ? 'this Node only: LEFT OUT is Node 24, which cannot be had here' : 'Node 24'}`, async () => {
  const lambda = await LambdaProcess.start(present ?? process.execPath, bundleOf('resign'), {});
  expect(lambda.version).toMatch(present === undefined ? /^v2\d\./ : /^v(2[4-9]|[3-9]\d)\./);
  await lambda.end();
});
