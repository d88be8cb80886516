import { readFileSync } from 'node:fs';
import { idPartOf } from '../../lib/infra/id-part.ts';
import { HOSTING, SIGNING } from './synthesised.ts';
import type { Layout, Question } from './who-may.ts';

/** One row of the tables in docs/security.md. */
export interface Row {
  readonly action: string;
  readonly on: string;
  readonly how: string;
  readonly who: readonly string[];
}

const HEADER = '| action | on | how | who may |';

/** Every row of every table with that header. */
export function securityTable(): Row[] {
  const lines = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8').split('\n');
  const rows: Row[] = [];
  let isInside = false;
  for (const line of lines) {
    if (line === HEADER) isInside = true;
    else if (!line.startsWith('|')) isInside = false;
    else if (isInside && !line.startsWith('| ---')) {
      const [action = '', on = '', how = '', who = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      rows.push({ action, on, how, who: who === 'nobody' ? [] : who.split(', ') });
    }
  }
  return rows;
}

const HOW: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {},
  'if-match': { 's3:if-match': '"etag"' },
  'if-absent': { 's3:if-none-match': '*' },
  'without TLS': { 'aws:SecureTransport': 'false' },
  'TLS 1.1': { 's3:TlsVersion': '1.1' },
  'prehashed algorithm': { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' },
  digest: { 'kms:MessageType': 'DIGEST' },
};

/** What a row asks of IAM for one repository. @returns undefined for the kind of key that the repository does not have */
export function questionOf({ action, on, how }: Row, layout: Layout, repository: string): Question | undefined {
  const other = repository === 'orbit' ? 'agents' : 'orbit';
  const path = on.replace('NAME', repository).replace('OTHER', other);
  const arn =
    path.includes('/') || path in BUCKETS ? objectArn(path, layout, repository) : thing(path, layout, repository);
  if (arn === undefined) return undefined;
  const extra = HOW[how];
  if (extra === undefined) throw new Error(`docs/security.md says "${how}", of which nothing is known here.`);
  const right = { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' };
  const isHosting = path.startsWith('files') || path === "publisher's role";
  return {
    action,
    arn,
    account: isHosting ? layout.hosting : SIGNING,
    context: { ...(action === 'kms:Sign' && right), ...extra },
  };
}

const BUCKETS = { files: 1, state: 1, memory: 1 };

function objectArn(path: string, { hosting }: Layout, repository: string): string {
  const [bucket = '', ...key] = path.split('/');
  const names = new Map([
    ['files', `updates-${repository}-tuf-${hosting}-us-east-1`],
    ['state', `updates-timekeeper-state-${SIGNING}-eu-central-1`],
    ['memory', `updates-timekeeper-watch-${SIGNING}-eu-west-1`],
  ]);
  const name = names.get(bucket);
  if (name === undefined) throw new Error(`docs/security.md speaks of ${path}, of which nothing is known here.`);
  return [`arn:aws:s3:::${name}`, ...key].join('/');
}

function thing(name: string, layout: Layout, repository: string): string | undefined {
  const home = `eu-central-1:${SIGNING}`;
  const away = `eu-west-1:${SIGNING}`;
  const of = (part: string) => layout.policies.find(({ id }) => id.includes(part))?.of;
  switch (name) {
    case 'secret':
      return of(`updates-signing/${repository}Passphrase`);
    case 'key': // the repository with a key file has none
      return layout.policies.find(({ of: arn }) => arn.endsWith(`:key/${idPartOf(repository)}Key`))?.of;
    case 'function':
    case 'function:live':
    case 'function:7':
      return `arn:aws:lambda:${home}:function:updates-${repository}-resign${name.slice('function'.length)}`;
    case 'watch function':
      return `arn:aws:lambda:${away}:function:updates-${repository}-watch`;
    case 'failed':
      return of(`updates-signing/${repository}FailedQueuePolicy`);
    case 'undelivered':
      return of(`updates-signing/${repository}UndeliveredQueuePolicy`);
    case 'lost':
      return of(`updates-watch/${repository}LostQueuePolicy`);
    case 'log':
      return `arn:aws:logs:${home}:log-group:/aws/lambda/updates-${repository}-resign:log-stream:x`;
    case 'watch log':
      return `arn:aws:logs:${away}:log-group:/aws/lambda/updates-${repository}-watch:log-stream:x`;
    case "judge's log":
      return `arn:aws:logs:${home}:log-group:/aws/lambda/updates-timekeeper-verdict:log-stream:x`;
    case 'alarm':
      return `arn:aws:cloudwatch:${home}:alarm:updates-${repository}-signer-silent`;
    case "watchdog's alarm":
      return `arn:aws:cloudwatch:${away}:alarm:updates-${repository}-watch-silent`;
    case 'another alarm':
      return `arn:aws:cloudwatch:${home}:alarm:another`;
    case 'page':
      return of('updates-signing/TopicsPage');
    case 'mail':
      return of('updates-signing/TopicsMail');
    case 'watch page':
      return of('updates-watch/TopicsPage');
    case 'watch mail':
      return of('updates-watch/TopicsMail');
    case "operator's role":
      return `arn:aws:iam::${SIGNING}:role/updates-timekeeper-operator`;
    case "publisher's role":
      return `arn:aws:iam::${layout.hosting}:role/updates-${repository}-publisher`;
    case "signer's role":
      return of(`updates-signing/${repository}SignerRole`);
    case "watchdog's role":
      return of(`updates-watch/${repository}WatchRole`);
    case "judge's role":
      return of('updates-signing/FoundationVerdictRole');
    case "schedule's role":
      return of(`updates-signing/${repository}ScheduleRole`);
    case "watch schedule's role":
      return of(`updates-watch/${repository}ScheduleRole`);
    default:
      throw new Error(`docs/security.md speaks of "${name}", of which nothing is known here.`);
  }
}

/** The two layouts' hosting accounts. */
export const HOSTING_OF = { 'two accounts': HOSTING, 'one account': SIGNING } as const;
