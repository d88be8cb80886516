import { describe, expect, test } from '@jest/globals';
import { ALARMS, runbookSection, type AlarmKind } from '../../lib/contract/alarms.ts';
import { CODES, WARNINGS } from '../../lib/contract/codes.ts';
import { FINDINGS } from '../../lib/contract/findings.ts';
import { headings, page, section } from './pages.ts';

const text = page('docs/runbook.md');
const sections = headings(text).filter(({ level }) => level === 3);

/** Whatever can be in an e-mail or on a terminal and needs a person. */
const codes = [
  ...Object.keys(CODES).filter((code) => !['SIGNED', 'NOT_DUE'].includes(code)),
  ...Object.keys(WARNINGS),
  ...Object.keys(FINDINGS),
];
const alarms = Object.keys(ALARMS) as AlarmKind[];
const wanted = Array.from(new Set([...codes, ...alarms]));

const PARTS = ['Means', 'Clients', 'Look', 'Do', 'Over when'];

/** What stands below a heading itself, without the sections in it. */
function own(title: string): string {
  return section(text, title).split(/^#/m)[0]!.trim();
}

function parts(content: string): readonly string[] {
  return Array.from(content.matchAll(/^- \*\*([^*]+):\*\* \S/gm), ([, part = '']) => part);
}

/** A section that says no more than where the whole answer stands. */
function refersTo(content: string): string | undefined {
  const [, anchor] = /See \[[^\]]+\]\(#([^)]+)\)\.$/.exec(content) ?? [];
  return headings(text).find((heading) => heading.anchor === anchor)?.title;
}

describe('the runbook', () => {
  test('has a section for every code, warning, finding and alarm', () => {
    const titles = sections.map(({ title }) => title);

    expect(wanted.filter((name) => !titles.includes(name))).toEqual([]);
  });

  test('has no section of a code or alarm that does not exist', () => {
    const named = sections.map(({ title }) => title).filter((title) => /^([A-Z0-9]+(_[A-Z0-9]+)*|[a-z]+(-[a-z]+)+)$/.test(title)); // prettier-ignore

    expect(named.filter((title) => !wanted.includes(title))).toEqual([]);
    expect(named).toHaveLength(wanted.length);
  });

  test.each(wanted)(
    'says of %s what it means, what clients feel, where to look, what to do and when it is over',
    (name) => {
      const content = own(name);
      const group = refersTo(content);
      const answer = group === undefined || parts(content).length > 0 ? content : own(group);

      expect(parts(answer)).toEqual(PARTS);
    },
  );

  test('names no code that does not exist', () => {
    const known = [...wanted, 'SIGNED', 'NOT_DUE'];
    const named = Array.from(text.matchAll(/(?<![$_A-Z])[A-Z]{3,}(?:_[A-Z0-9]+)+(?![_A-Z])/g), ([code]) => code);
    const notOurs = ['ERROR_MESSAGE', 'FLEET_TIMESTAMP_PASSPHRASE', 'AWS_REGION']; // a queue's attribute, variables

    expect(named.filter((code) => !known.includes(code) && !notOurs.includes(code))).toEqual([]);
  });

  test.each(alarms)('is where the e-mail of %s says that it is', (kind) => {
    const anchors = headings(text).map(({ anchor }) => `docs/runbook.md#${anchor}`);

    expect(anchors).toContain(runbookSection(kind));
  });

  test.each(alarms)('has the command that the e-mail of %s says to type', (kind) => {
    expect(own(kind)).toContain(`\`${ALARMS[kind].command.replace('NAME', 'orbit')}\``);
  });
});
