import * as z from 'zod';
import { REPOSITORY_NAME, repository, schema } from './schema.ts';

/** What the fields' own schemas cannot say, because it is checked between fields. */
const REQUIRED = new Map<z.core.$ZodType, object>([
  [schema, { required: ['repositories'] }],
  [schema.shape.repositories.unwrap(), { propertyNames: { pattern: REPOSITORY_NAME.source } }],
  [repository, { required: ['root'], anyOf: [{ required: ['hosting'] }, { required: ['bucket', 'url'] }] }],
]);

/** The schema for editors, which complete and check `timekeeper.json` with it: the same source as our own reading. */
export function jsonSchema(): object {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema: made }) => Object.assign(made, REQUIRED.get(zodSchema)),
  });
}
