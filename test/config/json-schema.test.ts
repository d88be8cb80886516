import { describe, expect, test } from '@jest/globals';
import { DEFAULTS } from '../../lib/contract/defaults.ts';
import { jsonSchema } from '../../lib/config/json-schema.ts';
import { readDuration } from '../../lib/config/duration.ts';

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | false;
}

const schema = jsonSchema() as Schema;
const repositories = schema.properties!.repositories!;
const repository = repositories.additionalProperties as Schema;

/** Every field with its path, objects included. */
function fields(of: Schema, path = ''): [string, Schema][] {
  const own = Object.entries(of.properties ?? {}).flatMap(([name, field]) => [
    [`${path}${name}`, field] as [string, Schema],
    ...fields(field, `${path}${name}.`),
  ]);
  return of.additionalProperties ? [...own, ...fields(of.additionalProperties, `${path}*.`)] : own;
}

describe('the JSON Schema for editors', () => {
  test('says of every field what it is', () => {
    const all = fields(schema);
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(([, { description = '' }]) => !/^[a-zA-Z].*\.$/.test(description)).map(([path]) => path)).toEqual(
      [],
    );
  });

  test('lets no unknown field pass', () => {
    const objects = [['', schema] as const, ...fields(schema)].filter(([, field]) => field.properties !== undefined);
    expect(objects.filter(([, field]) => field.additionalProperties !== false).map(([path]) => path)).toEqual([]);
  });

  test('demands repositories, and of each a place and a pin; nothing else', () => {
    expect(schema.required).toEqual(['repositories']);
    expect(repository.required).toEqual(['root']);
    expect(repository.anyOf).toEqual([{ required: ['hosting'] }, { required: ['bucket', 'url'] }]);
    expect(repositories.propertyNames?.pattern).toBe('^[a-z0-9][a-z0-9-]{0,39}$');
  });

  test('shows the defaults in words that mean what holds', () => {
    const { validity, resignAfter, check, cacheMax, freezeGrace, maxVersionJump, mode } = repository.properties!;
    const inSeconds = [validity, resignAfter, check, cacheMax, freezeGrace].map((field) =>
      readDuration(String(field?.default)),
    );
    expect([...inSeconds, maxVersionJump?.default, mode?.default]).toEqual([
      DEFAULTS.validity,
      DEFAULTS.resignAfter,
      DEFAULTS.check,
      DEFAULTS.cacheMax,
      DEFAULTS.freezeGrace,
      DEFAULTS.maxVersionJump,
      DEFAULTS.mode,
    ]);
  });
});
