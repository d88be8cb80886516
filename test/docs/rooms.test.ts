import { describe, expect, test } from '@jest/globals';
import { page } from './pages.ts';

/** The import rule of eslint.config.js, as far as it says who may import whom. */
interface Rule {
  readonly policies: readonly {
    readonly from?: { readonly element: { readonly type: string } };
    readonly allow: { readonly to: { readonly element?: { readonly types: { readonly anyOf: readonly string[] } } } };
  }[];
}

/** Which rooms lint lets each room import. */
async function granted(): Promise<ReadonlyMap<string, readonly string[]>> {
  const path = '../../eslint.config.js';
  const { default: config } = (await import(path)) as {
    default: readonly { readonly rules?: Readonly<Record<string, unknown>> }[];
  };
  const rules = config.map(({ rules: all = {} }) => all['boundaries/dependencies']);
  const [, rule] = rules.find((found) => Array.isArray(found)) as [string, Rule];
  const rooms = rule.policies.flatMap(({ from, allow }) => {
    const { type = '' } = from?.element ?? {};
    const others = allow.to.element?.types.anyOf.filter((room) => room !== type) ?? [];
    return from === undefined ? [] : [[type, others] as const];
  });
  return new Map(rooms);
}

/** What docs/architecture.md says. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const rows = page('docs/architecture.md').matchAll(/^\| `(?:lib\/)?([a-z]+)\/` \| .* \| ([^|]+) \|$/gm);
  return new Map(
    Array.from(rows, ([, room = '', words = '']) => [room, words === '–' ? [] : words.split(', ')] as const),
  );
}

describe('docs/architecture.md', () => {
  test('has the room table that lint enforces', async () => {
    expect(documented()).toEqual(await granted());
  });
});
