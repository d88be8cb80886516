import type { Policy, Statement } from './policies.ts';
import { may, type Cell, type Layout } from './who-may.ts';

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

/**
 * Takes every statement and every condition of every policy away, one at a time, and asks again.
 * @param cells - of each layout, what is asked there
 * @param policies - which; the layouts have the same ones, in their own accounts
 * @returns how many were taken away, and those that changed no answer
 */
export async function removed(
  layouts: readonly Layout[],
  cells: readonly (readonly Cell[])[],
  policies: readonly Policy[] = layouts[0]!.policies,
): Promise<{ readonly count: number; readonly unnoticed: readonly string[] }> {
  const unnoticed: string[] = [];
  let count = 0;
  for (const removal of policies.flatMap(removalsOf)) {
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
  return { count, unnoticed };
}
