import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NAME, tearDown } from '../lambda/deployment.ts';
import { type Operated, OPERATOR, operated } from './operated.ts';
import { outcomeOf, type Run } from './timekeeper.ts';

interface Audited {
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly entries: readonly { readonly version: number; readonly reason: string | null; readonly code: string }[];
  readonly findings: readonly { readonly is: string }[];
}

let all: Operated;
beforeEach(async () => {
  all = await operated();
  for (const reason of ['the first', 'the second']) {
    await all.deployment.run({ force: true, reason });
    all.deployment.pass(3_600);
  }
  all.aws.forgetCalls();
}, 60_000);
afterEach(tearDown);

const audit = (...words: string[]) => all.run(['audit', NAME, ...words]);
const printed = ({ stdout, stderr }: Run) => JSON.parse(stdout + stderr) as Audited; // stderr is empty, or this is no JSON
const journals = () => all.deployment.stateVersions('journal.json');

describe('a healthy history', () => {
  test('comes to nothing wrong, with every signature once, read as the operator', async () => {
    const run = await audit('--json');
    expect(run.status).toBe(0);
    expect(printed(run)).toMatchObject({ repository: NAME, outcome: 'done', code: null, remedy: '', findings: [] });
    expect(printed(run).entries).toMatchObject([
      { reason: 'the first', code: 'SIGNED' },
      { reason: 'the second', code: 'SIGNED' },
    ]);
    const [first, second] = printed(run).entries;
    expect(second!.version).toBe(first!.version + 1);
    const { aws } = all;
    expect(aws.calls.slice(0, 2).map(({ operation }) => operation)).toEqual(['GetCallerIdentity', 'AssumeRole']);
    expect(aws.calls.slice(2).filter(({ caller }) => !caller.startsWith(OPERATOR))).toEqual([]);
    expect(aws.calls.filter(({ operation }) => /Put|Delete|Set|Invoke/.test(operation))).toEqual([]);
  });

  test('is shown with times, versions and reasons', async () => {
    const { status, stdout } = await audit();
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}version \d+ +snapshot \d+ +SIGNED {2}by .* {2}the first$/m,
    );
    expect(stdout).toMatch(/^\d+ versions of the journal, 2 signatures: nothing is wrong\.$/m);
  });
});

describe('a history that somebody wrote in', () => {
  test('an older journal that was put back fails with the finding', async () => {
    all.deployment.putState('journal.json', journals().at(-2));
    const run = await audit('--json');
    expect(run.status).toBe(1);
    expect(printed(run)).toMatchObject({ outcome: 'refused', code: 'AUDIT_FAILED' });
    expect(printed(run).findings).toMatchObject([{ is: 'version went back' }]);
    expect(printed(run).remedy).toMatch(/^Find out who wrote the journal/);
  });

  test('a version that was signed twice after it fails with both findings, also for a person', async () => {
    all.deployment.putState('journal.json', journals().at(-2));
    await all.deployment.run({ force: true, reason: 'again' });
    const { status, stdout } = await audit();
    expect(status).toBe(1);
    expect(stdout).toContain('WRONG (version went back)');
    expect(stdout).toMatch(/^ {2}What to do: {2}Find out who wrote the journal/m);
  });

  test('a journal that was deleted and put back fails with the finding', async () => {
    const last = journals().at(-1)!;
    all.deployment.putState('journal.json', undefined);
    all.deployment.putState('journal.json', last);
    const run = await audit('--json');
    expect(run.status).toBe(1);
    expect(printed(run).findings).toMatchObject([{ is: 'deleted' }]);
  });

  test('a journal that cannot be read fails with the finding', async () => {
    all.deployment.putState('journal.json', '{"format":');
    const run = await audit('--json');
    expect(run.status).toBe(1);
    expect(printed(run).findings).toMatchObject([{ is: 'unreadable' }]);
  });
});

describe('what keeps an audit from beginning', () => {
  test.each([
    { code: 'JOURNAL_MISSING', given: 'no root chain', prepare: () => { all.deployment.putState('root-chain.json', undefined); } }, // prettier-ignore
    { code: 'JOURNAL_MISSING', given: 'no journal and never one', prepare: () => { all.deployment.purgeState('journal.json'); } }, // prettier-ignore
    { code: 'ROOT_CHAIN_INVALID', given: 'a root chain that is none', prepare: () => { all.deployment.putState('root-chain.json', '{}'); } }, // prettier-ignore
    { code: 'ACCESS_DENIED', given: 'no permission to list', prepare: () => { fail('ListObjectVersions', 403, 'AccessDenied'); } }, // prettier-ignore
    { code: 'STORE_UNREACHABLE', given: 'a bucket that fails', prepare: () => { fail('ListObjectVersions', 500, 'InternalError'); } }, // prettier-ignore
    {
      code: 'ROLE_REFUSED',
      given: 'a role that trusts others',
      prepare: () => {
        all.aws.sts.allowRoles();
      },
    },
  ])('$given: $code', async ({ code, prepare }) => {
    prepare();
    expect(outcomeOf(await audit('--json'))).toMatchObject({ repository: NAME, code });
  });

  test('a name that the configuration does not list: UNKNOWN_REPOSITORY, before AWS is asked', async () => {
    expect(outcomeOf(await all.run(['audit', 'agents', '--json']))).toMatchObject({ code: 'UNKNOWN_REPOSITORY' });
    expect(all.aws.calls).toEqual([]);
  });
});

function fail(operation: string, status: number, code: string): void {
  all.aws.faults.push({ match: (call) => call.operation === operation, times: 9, answer: { status, code } });
}
