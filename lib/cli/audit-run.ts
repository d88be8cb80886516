import { S3Client } from '@aws-sdk/client-s3';
import { CODES, type Code } from '../contract/codes.ts';
import { RefusalError } from '../contract/errors.ts';
import { printable } from '../contract/printable.ts';
import { audit, type Audit } from '../refresh/audit.ts';
import { MAX_JOURNAL_BYTES } from '../refresh/journal-file.ts';
import { MAX_CHAIN_BYTES, parseChain, ROOT_CHAIN } from '../refresh/kept-roots.ts';
import { JOURNAL } from '../refresh/look.ts';
import { s3Store } from '../stores/s3.ts';
import { objectVersions } from '../stores/s3-versions.ts';
import type { AuditOptions } from './audit.ts';
import { deployed, stateBucketOf } from './deployed.ts';

/** What `timekeeper audit --json` prints. */
interface Audited extends Audit {
  readonly repository: string;
  readonly outcome: 'done' | 'refused';
  /** Null where nothing is wrong. */
  readonly code: Code | null;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Audits a deployed repository and prints what came of it. Exit status: 0 nothing is wrong, 1 something is.
 * @throws RefusalError UNKNOWN_REPOSITORY, JOURNAL_MISSING, ROOT_CHAIN_INVALID, ROOT_PIN_MISMATCH
 * @throws FailureError NO_CREDENTIALS, ROLE_REFUSED, ACCESS_DENIED, STORE_UNREACHABLE
 */
export async function auditDeployed(name: string, options: AuditOptions): Promise<void> {
  const found = await deployed(name, options);
  const client = new S3Client(found.operator.client);
  const bucket = stateBucketOf(found);
  const [chain, versions] = await Promise.all([
    s3Store({ client, bucket, prefix: name }).get(ROOT_CHAIN, MAX_CHAIN_BYTES),
    objectVersions(client, bucket, `${name}/${JOURNAL}`, MAX_JOURNAL_BYTES),
  ]);
  if (chain === undefined || versions.length === 0)
    throw new RefusalError(
      'JOURNAL_MISSING',
      `There is no ${chain === undefined ? ROOT_CHAIN : JOURNAL} of ${name} in the state bucket.`,
    );
  const history = versions.map(({ writtenAt, bytes }) => ({ writtenAt: `${writtenAt.toISOString().slice(0, 19)}Z`, bytes })); // prettier-ignore
  const audited = { repository: name, ...judged(audit(history, parseChain(chain.bytes, found.repository.root)), versions.length) }; // prettier-ignore
  process.exitCode = audited.code === null ? 0 : 1;
  process.stdout.write(options.json ? `${JSON.stringify(audited)}\n` : rendered(audited));
}

function judged(found: Audit, versions: number): Omit<Audited, 'repository'> {
  const count = found.findings.length;
  const walked = `${versions} versions of the journal, ${found.entries.length} signatures`;
  if (count === 0)
    return { ...found, outcome: 'done', code: null, message: `${walked}: nothing is wrong.`, remedy: '' };
  const code = 'AUDIT_FAILED';
  const message = `${walked}: ${count} thing${count === 1 ? '' : 's'} should not be.`;
  return { ...found, outcome: 'refused', code, message, remedy: CODES[code].remedy };
}

function rendered({ entries, findings, message, remedy }: Audited): string {
  const lines = entries.map(({ version, issuedAt, code, by, reason, snapshot }) => {
    const why = reason === null ? '' : `  ${printable(reason)}`;
    return `${issuedAt}  version ${String(version).padEnd(6)} snapshot ${String(snapshot).padEnd(6)} ${printable(code)}  by ${printable(by)}${why}`;
  });
  const wrong = findings.map((finding) => `${finding.writtenAt}  WRONG (${finding.is}): ${printable(finding.message)}`);
  const end = remedy === '' ? [message] : [message, `  What to do:  ${remedy}`];
  return `${[...lines, ...wrong, ...end].join('\n')}\n`;
}
