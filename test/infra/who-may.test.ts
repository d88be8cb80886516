import { beforeAll, describe, expect, test } from '@jest/globals';
import { policiesIn } from './policies.ts';
import { removed } from './removals.ts';
import { HOSTING_OF, questionOf, securityTable, type Row } from './security-table.ts';
import { appOf, SIGNING, templatesOf, TWO } from './synthesised.ts';
import type { RawTemplate } from './template-values.ts';
import { askersOf, may, type Cell, type Layout } from './who-may.ts';

const REPOSITORIES = ['orbit', 'agents'] as const;
const table = securityTable();

function layoutOf(name: Layout['name']): Layout {
  const hosting = HOSTING_OF[name];
  const hosted = (url: string) => ({ account: hosting, region: 'us-east-1', url });
  const publishers = [`arn:aws:iam::${hosting}:role/release`];
  const json = {
    ...TWO,
    watch: { account: SIGNING, region: 'eu-west-1' },
    repositories: {
      orbit: {
        hosting: hosted('https://orbit.example.com/'),
        root: { version: 1, sha256: 'a'.repeat(64) },
        publishers,
      },
      agents: {
        hosting: hosted('https://agents.example.com/'),
        root: { version: 1, sha256: 'b'.repeat(64) },
        key: { type: 'kms-ed25519' },
        publishers,
      },
    },
  };
  const policies = Object.entries(templatesOf(appOf(json))).flatMap(([stack, template]) => {
    const isHosting = stack.endsWith('-hosting');
    const region = isHosting ? 'us-east-1' : stack.endsWith('-watch') ? 'eu-west-1' : 'eu-central-1';
    return policiesIn(template.toJSON() as unknown as RawTemplate, {
      stack,
      account: isHosting ? hosting : SIGNING,
      region,
    });
  });
  return { name, hosting, policies };
}

/** A cell of the table. */
interface TableCell extends Cell {
  readonly row: Row;
  readonly who: string;
}

const SIGNING_ADMIN = "signing account's administrator";
const HOSTING_ADMIN = "hosting account's administrator";

/** Who else may what one may: as the page says above the tables. */
function expectedOf(who: string, row: Row, layout: Layout): boolean | undefined {
  const { who: listed } = row;
  const is = (...names: readonly string[]) => names.some((name) => listed.includes(name));
  const admin = layout.name === 'one account' ? is(SIGNING_ADMIN, HOSTING_ADMIN) : is(SIGNING_ADMIN);
  switch (who) {
    case 'signer in its function':
      return is('signer', 'signer in its function');
    case SIGNING_ADMIN:
    case "another role in the signer's function":
      return admin;
    case 'signer with every permission':
      return isGuarded(row) ? is('signer', 'signer in its function') || admin : undefined;
    case 'operator with every permission':
      return isGuarded(row) || row.on.includes('/key-') ? is('operator') || admin : undefined;
    case 'publisher with every permission':
      return row.action === 's3:DeleteObjectVersion' && row.on.startsWith('files') ? is('publisher') : undefined;
    default:
      return is(who);
  }
}

/** What a role keeps being refused, whatever somebody grants it. */
function isGuarded({ action, on }: Row): boolean {
  return on.startsWith('files') || ['secretsmanager:GetSecretValue', 'kms:Sign'].includes(action);
}

/** A service comes only where a policy names a service: everywhere else each is refused as CloudFront and Lambda are, which are always asked. */
function isAsked(principal: string, { action }: Row): boolean {
  const isOfFew = /^(scheduler|cloudwatch|events)\./.test(principal);
  return !isOfFew || action === 'sts:AssumeRole' || action === 'sns:Publish' || action === 'lambda:InvokeFunction';
}

function cellsOf(layout: Layout): TableCell[] {
  return REPOSITORIES.flatMap((repository) =>
    table.flatMap((row) => {
      const question = questionOf(row, layout, repository);
      if (question === undefined) return [];
      return Object.entries(askersOf(layout, repository)).flatMap(([who, asker]) => {
        if (!isAsked(asker.principal, row)) return [];
        const expected = expectedOf(who, row, layout);
        return expected === undefined ? [] : [{ row, who, asker, question, expected }];
      });
    }),
  );
}

const layouts: Layout[] = [];
beforeAll(() => {
  layouts.push(layoutOf('two accounts'), layoutOf('one account'));
});

test('every name in the tables is that of somebody who is asked', () => {
  const known = new Set(layouts.flatMap((layout) => Object.keys(askersOf(layout, 'orbit'))));
  expect(table.flatMap(({ who }) => who).filter((name) => !known.has(name))).toEqual([]);
  expect(table.length).toBeGreaterThan(70);
});

test('every row is asked of at least one repository', () => {
  const asked = new Set(layouts.flatMap((layout) => cellsOf(layout).map(({ row }) => row)));
  expect(table.filter((row) => !asked.has(row))).toEqual([]);
});

describe.each([0, 1])('layout %i', (at) => {
  test('the policies let exactly those do what docs/security.md says', async () => {
    const layout = layouts[at]!;
    const wrong: string[] = [];
    for (const { row, who, asker, question, expected } of cellsOf(layout)) {
      const found = await may(layout, asker, question);
      if (found !== expected)
        wrong.push(
          `${layout.name}: ${who} ${found ? 'may' : 'may not'} ${row.action} on ${row.on} ${row.how} (${question.arn})`,
        );
    }
    expect(wrong).toEqual([]);
  });
});

/** What may go without the table noticing, and why it stays. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'updates-agents-hosting/…: SignerWritesTimestamp: ArnEquals aws:PrincipalArn': 'as for orbit',
  'updates-orbit-hosting/…: SignerWritesTimestamp: ArnEquals aws:PrincipalArn':
    'OnlySignerAndPublishersWrite refuses the rest of the signing account too. The condition stays, so that each Allow is right by itself.',
  'updates-signing/…: AgentsReceipt: ArnEquals aws:PrincipalArn': 'as for orbit',
  'updates-signing/…: OrbitReceipt: ArnEquals aws:PrincipalArn':
    'OrbitOurs refuses the rest of the hosting account too. The condition stays, so that each Allow is right by itself.',
};

test('fails when any statement or condition of any policy is taken away', async () => {
  const cells = layouts.map(cellsOf);
  const { count, unnoticed } = await removed(layouts, cells);
  console.log(`${count} statements and conditions were taken away, one at a time.`);
  expect(unnoticed.toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
}, 180_000);
