import { describe, expect, test } from '@jest/globals';
import { readConfiguration } from '../../lib/config/read-configuration.ts';
import { fieldRows } from './configuration-table.ts';
import { page } from './pages.ts';

const text = page('docs/configuration.md');

describe('docs/configuration.md', () => {
  test('has a row for every field of the schema, with its meaning and its default, and no other', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));

    expect(rows).toEqual(fieldRows());
  });

  test('shows examples that are sound', () => {
    const examples = Array.from(text.matchAll(/```json\n(.*?)```/gs), ([, json = '']) => json);

    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) expect(readConfiguration(Buffer.from(example))).toMatchObject({ is: 'sound' });
  });
});
