import { build } from 'esbuild';
import { ratio, timeInTurn } from './in-turn.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';

/** The clients and the commands that lambda/ uses, and nothing of ours. */
const CLIENTS = `
  export { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
  export { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
  export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
`;

/** Prints how long the import of a file takes, in milliseconds. */
const TIMED_IMPORT = `
  const started = process.hrtime.bigint();
  await import(process.argv[1]);
  console.log(Number(process.hrtime.bigint() - started) / 1e6);
`;

/** The import of the Lambda's file, each time in a new process, against that of the SDK's clients alone, bundled in the same way. */
export async function compareImport({ node, lambda }: Programs): Promise<readonly Bound[]> {
  const same = await bundleClients('sdk-same', true);
  const asTheyCome = await bundleClients('sdk-as-it-comes', false);
  const timed = (name: string, file: string) => ({
    name,
    command: [node, '--input-type=module', '--eval', TIMED_IMPORT, file],
    reads: Number,
  });
  const measured = timeInTurn(
    [
      timed('the three SDK clients, credentials from the environment as in ours', same),
      timed("the Lambda's file", lambda),
      timed("the three SDK clients with the SDK's own chain of credentials", asTheyCome),
    ],
    25,
  );
  const [reference, ours, other] = measured;
  if (reference === undefined || ours === undefined || other === undefined) return [];
  const toClients = ratio(ours, reference);
  console.log(table("c. Import of the Lambda's file", measured, [toClients, ratio(other, reference)]));
  return [
    { what: "c. import of the Lambda's file to the SDK clients", ratio: toClients, atMost: 1.15, tolerance: 0.05 },
  ];
}

/** With the options of esbuild.config.js. */
async function bundleClients(name: string, ownCredentials: boolean): Promise<string> {
  const outfile = `.cache/bench/${name}.mjs`;
  await build({
    stdin: { contents: CLIENTS, resolveDir: process.cwd(), loader: 'js' },
    outfile,
    absWorkingDir: process.cwd(),
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    target: 'node24',
    minify: true,
    logLevel: 'warning',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    ...(ownCredentials && { alias: { '@aws-sdk/credential-provider-node': './lambda/environment-credentials.ts' } }),
  });
  return `${process.cwd()}/${outfile}`;
}
