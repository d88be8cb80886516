import { configurationIn, readIfThere } from '../config/configuration-file.ts';
import type { Configuration, RepositoryConfiguration } from '../config/configuration.ts';
import { inWords } from '../config/duration.ts';
import { awayInWords, margins } from '../config/margins.ts';
import { UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { contentToken } from '../stores/plain-file.ts';
import { replaceFile } from '../stores/replace-file.ts';
import type { Root } from '../tuf/root.ts';
import type { InitConfigOptions } from './init-config.ts';
import { answer } from './question.ts';
import { schemaPath } from './schema-path.ts';
import { describeRoot, vouchedRoot } from './vouched-root.ts';

/** `timekeeper.json` as it stands in the file: what somebody wrote by hand stays as it is. */
type Written = Readonly<Record<string, unknown>>;

/**
 * Asks what is not known yet, and writes the configuration; to one that exists a repository is added.
 * @throws UsageError CONFIGURATION_INVALID, or if the repository is there already, or there is nobody to ask
 * @throws RefusalError if the root is not one
 */
export async function initConfig(options: InitConfigOptions): Promise<void> {
  const { file } = options;
  const bytes = readIfThere(file);
  const existing = bytes === undefined ? undefined : configurationIn(bytes, file);
  const name = await answer(options.name, { message: 'Name of the repository:', option: '--name', otherwise: 'orbit' });
  if (existing !== undefined && Object.hasOwn(existing.repositories, name)) throw isThere(file, name);
  const root = vouchedRoot(await answer(options.root, { message: 'A root.json that you trust:', option: '--root' }));
  const repository = { ...(await askHosting(options)), ...(await askKey(options)), root: pinOf(root) };
  const email = await askEmail(options, existing);
  const before = bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Written);
  const text = `${JSON.stringify(withRepository(before ?? header(file), name, repository, email), null, 2)}\n`;
  const after = Buffer.from(text);
  const configuration = configurationIn(after, file);
  const stored = replaceFile(file, after, bytes === undefined ? 'absent' : contentToken([bytes]), {});
  if (stored === 'changed')
    throw new UsageError(`${quote(file)} was changed meanwhile; nothing was written.`, { remedy: 'Run this again.' });
  process.stdout.write(shown(file, name, root, configuration));
}

async function askHosting({ hosting, bucket, prefix, url }: InitConfigOptions): Promise<Written> {
  const kind = await answer(hosting ?? (bucket === undefined ? undefined : 'bucket'), {
    message: 'Where is it served from?',
    option: '--hosting',
    otherwise: 'new',
    choices: [
      { value: 'new', name: 'a new bucket and CloudFront distribution' },
      { value: 'bucket', name: 'a bucket that exists' },
    ],
  });
  const address = url === undefined ? {} : { url };
  if (kind !== 'bucket') {
    if (bucket === undefined && prefix === undefined) return { hosting: address };
    throw new UsageError('--bucket and --prefix are for a bucket that exists.', {
      remedy: 'Leave them out, or use --hosting bucket.',
    });
  }
  const named = await answer(bucket, { message: 'Name of the bucket:', option: '--bucket' });
  const folder = await answer(prefix, { message: 'Folder in it (empty: its top):', option: '--prefix', otherwise: '' });
  const served = await answer(url, { message: 'Address where clients read it:', option: '--url' });
  return { bucket: named, ...(folder === '' ? {} : { prefix: folder }), url: served };
}

async function askKey({ keyType }: InitConfigOptions): Promise<Written> {
  const type = await answer(keyType, {
    message: 'What signs timestamp.json?',
    option: '--key-type',
    otherwise: 'go-tuf-file',
    choices: [
      { value: 'go-tuf-file', name: 'the key file of fleetctl updates (go-tuf), with its passphrase' },
      { value: 'kms-ed25519', name: 'a new Ed25519 key in AWS KMS' },
      { value: 'kms-p256', name: 'a new P-256 key in AWS KMS' },
      { value: 'kms-rsa', name: 'a new RSA key in AWS KMS' },
    ],
  });
  return { key: { type } };
}

/** Asked once for a deployment. */
async function askEmail(
  { email }: InitConfigOptions,
  existing: Configuration | undefined,
): Promise<string | undefined> {
  if (email === undefined && existing !== undefined) return undefined;
  const message = 'Who gets the alarms (an e-mail address; empty: nobody)?';
  const address = await answer(email, { message, option: '--email', otherwise: '' });
  return address === '' ? undefined : address;
}

function header(file: string): Written {
  const schema = schemaPath(file);
  return schema === undefined ? {} : { $schema: schema };
}

function withRepository(before: Written, name: string, repository: Written, email: string | undefined): Written {
  return {
    ...before,
    ...(email === undefined ? {} : { alarms: { email } }),
    repositories: { ...(before.repositories as Written | undefined), [name]: repository },
  };
}

function pinOf({ version, sha256 }: Root): Written {
  return { version, sha256 };
}

function isThere(file: string, name: string): UsageError {
  return new UsageError(`${printable(file)} has a repository ${quote(name)} already; nothing was written.`, {
    remedy: 'Choose another --name, another --file, or change the file in an editor.',
  });
}

function shown(file: string, name: string, root: Root, configuration: Configuration): string {
  const repository = configuration.repositories[name];
  return [
    `Wrote ${printable(file)}: the repository ${quote(name)}.`,
    ...describeRoot(root),
    ...(repository === undefined ? [] : timesOf(repository)),
    ...(configuration.alarms.email === undefined
      ? ['  Alarms:      nobody gets them; alarms.email names who does']
      : []),
    `  Next:        npx cdk deploy --all, then timekeeper enroll ${name}`,
    '',
  ].join('\n');
}

function timesOf({ validity, resignAfter, check }: RepositoryConfiguration): string[] {
  const every = `looked at every ${inWords(check.seconds)}, signed every ${inWords(resignAfter)}, for ${inWords(validity)}`;
  const away = awayInWords(margins({ validity, resignAfter, check: check.seconds }));
  return [`  Kept fresh:  ${every}: when the alarm comes, ${away}`];
}
