import * as z from 'zod';
import { DEFAULTS } from '../contract/defaults.ts';
import { printable } from '../contract/printable.ts';
import { CERTIFICATE, PRINCIPAL } from './arn.ts';
import { readCheck } from './check.ts';
import { DURATION, inWords, readDuration } from './duration.ts';

/** A message of a field: what stands there, and what to write instead. */
const write = (advice: string) => (issue: { readonly input?: unknown }) => `is ${shown(issue.input)}. ${advice}`;

/** A value for a message, at most 200 characters of it. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string' && value === '') return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return printable(JSON.stringify(value));
}

const words = (pattern: RegExp, advice: string) =>
  z.string({ error: write(advice) }).regex(pattern, { error: write(advice) });

const DURATION_ADVICE = 'Write a duration such as "90 minutes" or "3 days".';
const duration = () => words(DURATION, DURATION_ADVICE).transform((text) => readDuration(text) ?? Number.NaN);

const CHECK_ADVICE =
  'Write a rate of whole minutes such as "1 hour", or a cron expression such as "cron(0 * * * ? *)" without L, W, # and a year.';
const check = () =>
  z.string({ error: write(CHECK_ADVICE) }).transform((text, context) => {
    const read = readCheck(text);
    if (read !== undefined) return read;
    context.issues.push({ code: 'custom', input: text, message: write(CHECK_ADVICE)({ input: text }) });
    return z.NEVER;
  });

const flag = () => z.boolean({ error: write('Write true or false, without quotes.') });

const wholeNumber = (least: number, most: number) => {
  const error = write(`Write a whole number from ${least} to ${most}, without quotes.`);
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const object = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(shape, { error: write('Write an object: { … }.') });

const account = () =>
  words(/^\d{12}$/, 'Write the twelve digits of an AWS account, in quotes.').describe(
    "The AWS account's twelve digits. Left out: the account of signing, or of whoever deploys.",
  );
const region = () =>
  words(/^[a-z]{2,4}(-[a-z]+)+-\d$/, 'Write a region such as "eu-central-1".').describe(
    'The AWS region. Left out: the region of signing, or of whoever deploys.',
  );
const environment = () => object({ account: account().optional(), region: region().optional() });

const bucketName = () =>
  words(
    /^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'Write the name of an S3 bucket, without s3:// and path.',
  );
const url = () =>
  words(
    /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    'Write an address such as "https://updates.example.com/", without user, query and fragment.',
  );
const principals = () =>
  z.array(
    words(
      PRINCIPAL,
      'Write the ARN of a role, a user or an account, such as "arn:aws:iam::111111111111:role/oncall"; of a session, write its role.',
    ),
    { error: write('Write a list of ARNs: [ … ].') },
  );

const KEY_TYPES = ['go-tuf-file', 'kms-ed25519', 'kms-p256', 'kms-rsa'] as const;
const MODES = ['refresh', 'advance'] as const;
const choice = <T extends readonly [string, ...string[]]>(of: T) =>
  z.enum(of, { error: write(`Write one of ${of.map((word) => `"${word}"`).join(', ')}.`) });

const hosting = object({
  account: account().optional(),
  region: region().optional(),
  domainName: words(
    /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'Write a domain such as "updates.example.com", in lower case, without https://.',
  )
    .optional()
    .describe("The distribution's own domain; needs certificateArn."),
  certificateArn: words(CERTIFICATE, 'Write the ARN of a certificate, such as "arn:aws:acm:us-east-1:…:certificate/…".')
    .optional()
    .describe('The certificate of domainName; CloudFront takes it from us-east-1 only.'),
  bucketName: bucketName()
    .optional()
    .describe('The name of the bucket that is made. Left out: made from the other names.'),
  url: url()
    .optional()
    .describe(
      'Where clients read the repository, if not at domainName or at the address that the hosting stack prints.',
    ),
});

/** One repository as one writes it. */
export const repository = object({
  hosting: hosting.optional().describe('A bucket and a CloudFront distribution that are made. Either this or bucket.'),
  bucket: bucketName().optional().describe('A bucket that exists already. Either this, with url, or hosting.'),
  prefix: words(
    /^(?!(.*\/)?\.{1,2}(\/|$))([\w.-]+\/)*[\w.-]*$/,
    'Write a folder in the bucket, such as "tuf/", without a slash in front.',
  )
    .optional()
    .describe('The folder in that bucket. Left out: its top.'),
  url: url().optional().describe('Where clients read what is in that bucket.'),
  account: account().optional().describe('The account of that bucket. Left out: the account of signing.'),
  region: region().optional().describe('The region of that bucket. Left out: the region of signing.'),
  publishers: principals()
    .prefault([])
    .describe(
      "ARNs of those who may assume the publisher's role. Empty: whoever in the hosting account is allowed to.",
    ),
  key: object({
    type: choice(KEY_TYPES)
      .prefault('go-tuf-file')
      .describe('A key file of go-tuf with a passphrase, or a key in AWS KMS.'),
  })
    .prefault({})
    .describe('What signs timestamp.json.'),
  root: object({
    version: wholeNumber(1, Number.MAX_SAFE_INTEGER).describe('Its version.'),
    sha256: words(/^[0-9a-f]{64}$/, 'Write the 64 lower-case hexadecimal digits that `sha256sum` prints.').describe(
      'The SHA-256 of its file.',
    ),
  })
    .optional()
    .describe('The root that is trusted without proof; `timekeeper init-config` writes it.'),
  mode: choice(MODES)
    .prefault(DEFAULTS.mode)
    .describe('refresh: extend time only. advance: also endorse a newer snapshot after checking it.'),
  check: check()
    .prefault(inWords(DEFAULTS.check))
    .describe('How often the signer looks: a rate such as "1 hour", or "cron(0 * * * ? *)" in UTC.'),
  resignAfter: duration()
    .prefault(inWords(DEFAULTS.resignAfter))
    .describe('How old a timestamp is when the next one is signed.'),
  validity: duration()
    .prefault(inWords(DEFAULTS.validity))
    .describe('How long a new timestamp lives: from 1 hour to 31 days.'),
  cacheMax: duration()
    .prefault(inWords(DEFAULTS.cacheMax))
    .describe('How long a cache in front of the repository may keep what is stale.'),
  freezeGrace: duration()
    .prefault(inWords(DEFAULTS.freezeGrace))
    .describe("How long the repository may stay below the publisher's receipt before signing is refused."),
  maxVersionJump: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .prefault(DEFAULTS.maxVersionJump)
    .describe("How far somebody else's timestamp may be ahead of ours."),
  allowSharedSnapshotKey: flag().prefault(false).describe('Whether the timestamp key may be in the snapshot role too.'),
  contacts: z
    .array(words(/\S/, 'Write a name, an address or a number.'), { error: write('Write a list: [ … ].') })
    .prefault([])
    .describe("Whom to ask for the root ceremony; stands in the alarms' text."),
});

/** What a repository may be called. Checked apart: under a name that is none, the fields are still to be read. */
export const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const NAME_ADVICE = 'Write at most 40 lower-case letters, digits and hyphens';

/** What to say of another name. */
export const repositoryNameMessage = (name: string): string =>
  write(`${NAME_ADVICE}, no hyphen first.`)({ input: name });

/** `timekeeper.json` as one writes it: every field with its meaning, its form and its default. How fields go together is checked after it. */
export const schema = object({
  $schema: z
    .string({ error: write('Write a path.') })
    .optional()
    .describe('Where this schema is, for editors.'),
  name: words(/^[a-z][a-z0-9-]{0,39}$/, `${NAME_ADVICE}, a letter first.`)
    .prefault('updates')
    .describe("The deployment's name: every resource's name begins with it."),
  signing: environment().prefault({}).describe('Where the signer goes.'),
  watch: environment()
    .prefault({})
    .describe('Where the watchdog goes, best in another region. What is left out is that of signing.'),
  alarms: object({
    email: z
      .email({ error: write('Write an address such as "oncall@example.com".') })
      .optional()
      .describe('Who gets the mails.'),
  })
    .prefault({})
    .describe('Who is told.'),
  operators: principals()
    .prefault([])
    .describe("ARNs of those who may assume the operator's role. Empty: whoever in the signing account is allowed to."),
  repositories: z
    .record(z.string(), repository, {
      error: write('Write an object with a repository under each name; `timekeeper init-config` writes one.'),
    })
    .prefault({})
    .describe('What is kept fresh, by name.'),
});

/** `timekeeper.json`, each field read by itself. */
export type Draft = z.output<typeof schema>;
/** One repository of it. */
export type RepositoryDraft = Draft['repositories'][string];
