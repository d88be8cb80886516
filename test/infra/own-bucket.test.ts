import { describe, expect, test } from '@jest/globals';
import { policiesIn } from './policies.ts';
import { removed } from './removals.ts';
import { appOf, HOSTING, SIGNING, templatesOf, TWO } from './synthesised.ts';
import { resolved, type RawTemplate } from './template-values.ts';
import { EVERYTHING, may, type Asker, type Cell, type Layout } from './who-may.ts';

const BUCKET = 'arn:aws:s3:::existing-bucket';
const PLACE = { stack: 'updates-signing', account: SIGNING, region: 'eu-central-1' };
const role = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;

/** The signing stack for a bucket of the user's own, whose policy is what that stack printed. */
function layoutOf(name: Layout['name'], account: string): Layout {
  const { orbit, agents } = TWO.repositories;
  const own = { ...agents, account, publishers: [role(account, 'release')] };
  const template = templatesOf(appOf({ ...TWO, repositories: { orbit, agents: own } }))['updates-signing']!;
  const raw = template.toJSON() as RawTemplate;
  const [, printed] = Object.entries(template.findOutputs('*')).find(([id]) => id.includes('BucketPolicyStatements'))!;
  const statements = JSON.parse(resolved((printed as { Value: unknown }).Value, raw, PLACE) as string) as [];
  const policy = { id: 'the bucket', kind: 'resource', of: BUCKET, account, statements } as const;
  return { name, hosting: account, policies: [policy, ...policiesIn(raw, PLACE)] };
}

const askersOf = ({ hosting }: Layout): Readonly<Record<string, Asker>> => ({
  signer: { principal: role(SIGNING, 'updates-agents-signer') },
  'signer with every permission': { principal: role(SIGNING, 'updates-agents-signer'), own: EVERYTHING },
  operator: { principal: role(SIGNING, 'updates-timekeeper-operator') },
  publisher: { principal: role(hosting, 'release'), own: EVERYTHING },
  administrator: { principal: role(hosting, 'admin'), own: EVERYTHING },
  "signing account's administrator": { principal: role(SIGNING, 'admin'), own: EVERYTHING },
  "another repository's signer": { principal: role(SIGNING, 'updates-orbit-signer') },
  stranger: { principal: role('999999999999', 'admin'), own: EVERYTHING },
});

/** Whom the statements let: `tuf/` is the repository's folder; what is beside it is none of Timekeeper's business, but that the signer writes nothing there. */
const TABLE: readonly {
  readonly action: string;
  readonly key: string;
  readonly how?: Readonly<Record<string, string>>;
  readonly who: readonly string[];
}[] = [
  { action: 's3:GetObject', key: '/tuf/timestamp.json', who: ['signer', 'operator', 'publisher', 'administrator'] },
  { action: 's3:GetObject', key: '/tuf/targets/tool', who: ['publisher', 'administrator'] },
  { action: 's3:ListBucket', key: '', who: ['signer', 'operator', 'publisher', 'administrator'] },
  {
    action: 's3:PutObject',
    key: '/tuf/timestamp.json',
    how: { 's3:if-match': '"etag"' },
    who: ['signer', 'publisher'],
  },
  {
    action: 's3:PutObject',
    key: '/tuf/timestamp.json',
    how: { 's3:if-none-match': '*' },
    who: ['signer', 'publisher'],
  },
  { action: 's3:PutObject', key: '/tuf/timestamp.json', who: ['publisher'] },
  { action: 's3:PutObject', key: '/tuf/snapshot.json', how: { 's3:if-match': '"etag"' }, who: ['publisher'] },
  { action: 's3:PutObject', key: '/beside', how: { 's3:if-match': '"etag"' }, who: ['publisher', 'administrator'] },
  { action: 's3:DeleteObject', key: '/tuf/timestamp.json', who: ['publisher'] },
  { action: 's3:DeleteObjectVersion', key: '/tuf/timestamp.json', who: ['publisher'] },
];

function cellsOf(layout: Layout): (Cell & { readonly said: string })[] {
  return TABLE.flatMap(({ action, key, how: context = {}, who }) =>
    Object.entries(askersOf(layout)).flatMap(([name, asker]) => {
      const is = (one: string) => who.includes(one);
      const isWrite = !/Get|List/.test(action);
      if (name === 'signer with every permission' && !isWrite) return [];
      const expected =
        name === 'signer with every permission'
          ? is('signer')
          : name === "signing account's administrator" && layout.hosting === SIGNING
            ? is('administrator')
            : is(name);
      const question = { action, arn: `${BUCKET}${key}`, account: layout.hosting, context };
      return [{ asker, question, expected, said: `${name}: ${action} ${key} ${JSON.stringify(context)}` }];
    }),
  );
}

const layouts = [layoutOf('two accounts', HOSTING), layoutOf('one account', SIGNING)];

describe("the statements that are printed for a user's own bucket", () => {
  test.each(layouts)(
    'in $name let the signer replace timestamp.json on condition, the publishers write, and nobody else',
    async (layout) => {
      const wrong: string[] = [];
      for (const { asker, question, expected, said } of cellsOf(layout))
        if ((await may(layout, asker, question)) !== expected) wrong.push(`${said} should be ${expected}`);
      expect(wrong).toEqual([]);
    },
  );

  test('are all needed, and each of their conditions', async () => {
    const { count, unnoticed } = await removed(layouts, layouts.map(cellsOf), layouts[0]!.policies.slice(0, 1));
    expect(count).toBe(16);
    // OnlySignerAndPublishersWrite refuses the rest of the signing account too; the condition stays, so that the Allow is right by itself.
    expect(unnoticed).toEqual(['the bucket: SignerWritesTimestamp: ArnEquals aws:PrincipalArn']);
  });
});
