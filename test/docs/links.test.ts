import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { headings, page, PAGES, PROJECT, prose } from './pages.ts';

/** Where every link of a page points, but for the web. */
function targets(name: string): readonly string[] {
  const links = Array.from(prose(page(name)).matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
  return links.filter((target) => !/^(https?|mailto):/.test(target));
}

function isThere(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(PROJECT, file))) return false;
  return anchor === undefined || headings(page(file)).some((heading) => heading.anchor === anchor);
}

describe('every page', () => {
  test('is found: there are some, and they link to one another', () => {
    expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'docs/runbook.md', 'test/fixtures/README.md']));
    expect(PAGES.flatMap(targets).length).toBeGreaterThan(50);
  });

  test.each(PAGES)('%s links to nothing that does not exist, anchors included', (name) => {
    expect(targets(name).filter((target) => !isThere(name, target))).toEqual([]);
  });

  test.each(PAGES)('%s has no two headings with one anchor', (name) => {
    const anchors = headings(page(name)).map(({ anchor }) => anchor);

    expect(anchors.filter((anchor, at) => anchors.indexOf(anchor) !== at)).toEqual([]);
  });

  test('of docs/ is one click away from the README', () => {
    const linked = targets('README.md').map((target) => target.split('#')[0]);

    expect(PAGES.filter((name) => name.startsWith('docs/') && !linked.includes(name))).toEqual([]);
  });
});
