import { expect, test } from '@jest/globals';
import { page, section } from './pages.ts';

const text = page('docs/dependencies.md');
const { dependencies, devDependencies } = JSON.parse(page('package.json')) as {
  dependencies: Readonly<Record<string, string>>;
  devDependencies: Readonly<Record<string, string>>;
};

/** The packages in the first column of a section's table. */
function listed(title: string): readonly string[] {
  const rows = section(text, title).match(/^\| `.*$/gm) ?? [];
  return rows.flatMap((row) => Array.from(row.split(' | ')[0]!.matchAll(/`([^`]+)`/g), ([, name = '']) => name));
}

test.each([
  { title: 'At run time', packages: dependencies },
  { title: 'To build and test', packages: devDependencies },
])('docs/dependencies.md says of every package, "$title", why it is there, and of no other', ({ title, packages }) => {
  expect(listed(title).toSorted()).toEqual(Object.keys(packages).toSorted());
});
