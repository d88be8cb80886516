import { beforeAll, describe, expect, test } from '@jest/globals';
import { policiesIn, type Policy, type Statement } from './policies.ts';
import { HOSTING_OF, questionOf, securityTable, type Row } from './security-table.ts';
import { appOf, SIGNING, templatesOf, TWO } from './synthesised.ts';
import type { RawTemplate } from './template-values.ts';
import { askersOf, may, type Layout, type Question } from './who-may.ts';

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

/** One cell: somebody, a question, and whether the table says that he may. */
interface Cell {
  readonly row: Row;
  readonly who: string;
  readonly asker: ReturnType<typeof askersOf>[string];
  readonly question: Question;
  readonly expected: boolean;
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

function cellsOf(layout: Layout): Cell[] {
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

/** A statement or a condition that is taken away. */
interface Removal {
  readonly of: string;
  readonly kind: Policy['kind'];
  readonly what: string;
  readonly at: number;
  /** Whether it can only turn a no into a yes; cells of the other kind are asked last. */
  readonly widens: boolean;
  readonly apply: (statements: readonly Statement[]) => readonly Statement[];
}

function removalsOf({ id, kind, statements }: Policy): Removal[] {
  return statements.flatMap((statement, at) => {
    const name = statement.Sid ?? `statement ${at + 1}`;
    const isDeny = statement.Effect === 'Deny';
    const whole: Removal = { of: id, kind, at, what: name, widens: isDeny, apply: (all) => all.toSpliced(at, 1) };
    const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key): Removal => ({
        of: id,
        kind,
        at,
        what: `${name}: ${operator} ${key}`,
        widens: !isDeny,
        apply: (all) => all.with(at, withoutCondition(all[at]!, operator, key)),
      })),
    );
    return [whole, ...conditions];
  });
}

function withoutCondition(statement: Statement, operator: string, key: string): Statement {
  const keys = Object.fromEntries(Object.entries(statement.Condition![operator]!).filter(([name]) => name !== key));
  const rest = Object.fromEntries(Object.entries(statement.Condition!).filter(([name]) => name !== operator));
  return { ...statement, Condition: { ...rest, ...(Object.keys(keys).length > 0 && { [operator]: keys }) } };
}

/** Only what the statement speaks of can change. */
function concerns(policy: Policy, statement: Statement, { question, asker }: Cell): boolean {
  const actions = [statement.Action].flat() as string[];
  if (!actions.some((action) => action === question.action || action === `${question.action.split(':')[0]!}:*`))
    return false;
  if (policy.kind === 'identity') return asker.principal === policy.of;
  return question.arn === policy.of || question.arn.startsWith(`${policy.of}/`);
}

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
  const unnoticed: string[] = [];
  let count = 0;
  for (const removal of layouts[0]!.policies.flatMap(removalsOf)) {
    count += 1;
    const isNoticed = await (async () => {
      for (const [number, layout] of layouts.entries()) {
        const policy = layout.policies.find(({ id, kind }) => id === removal.of && kind === removal.kind)!;
        const weakened: Layout = {
          ...layout,
          policies: layout.policies.with(layout.policies.indexOf(policy), {
            ...policy,
            statements: removal.apply(policy.statements),
          }),
        };
        const concerned = cells[number]!.filter((cell) => concerns(policy, policy.statements[removal.at]!, cell));
        const likely = concerned.toSorted((one, two) => Number(one.expected) - Number(two.expected));
        for (const cell of removal.widens ? likely : likely.toReversed())
          if ((await may(weakened, cell.asker, cell.question)) !== cell.expected) return true;
      }
      return false;
    })();
    if (!isNoticed) unnoticed.push(`${removal.of.replace(/\/.*BucketPolicy\w+$/, '/…')}: ${removal.what}`);
  }
  console.log(`${count} statements and conditions were taken away, one at a time.`);
  expect(unnoticed.toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
}, 180_000);
