import { jsonSchema } from '../../lib/config/json-schema.ts';

/** A JSON Schema, as far as the documentation needs it. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly required?: readonly string[];
}

/** Every field of `timekeeper.json` as a row of a table: name, meaning, what holds where it is left out. */
export function fieldRows(): readonly string[] {
  return rowsOf(jsonSchema(), '');
}

function rowsOf({ properties = {}, required = [] }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const { additionalProperties: each } = field;
    const within = typeof each === 'object' ? rowsOf(each, `${path}.NAME.`) : rowsOf(field, `${path}.`);
    return [`| \`${path}\` | ${meaningOf(field)} | ${defaultOf(field, required.includes(name))} |`, ...within];
  });
}

function meaningOf({ description = '', enum: choices }: Schema): string {
  const words = choices?.map((choice) => `\`${choice}\``).join(', ');
  return [description, ...(words === undefined ? [] : [`One of ${words}.`])].join(' ');
}

/** A field of objects says what holds where its own fields are left out. */
function defaultOf({ default: value, properties }: Schema, isRequired: boolean): string {
  if (isRequired) return 'must be written';
  return value === undefined || properties !== undefined ? '–' : `\`${JSON.stringify(value)}\``;
}
