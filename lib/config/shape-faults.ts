import type * as z from 'zod';
import { fieldName, type Fault } from './fault.ts';
import { similar } from './similar.ts';

/** A field that cannot be read as it stands. */
export interface ShapeFault extends Fault {
  readonly path: readonly PropertyKey[];
}

type Issue = z.core.$ZodIssue;

/**
 * What the schema's library found, in our words: one fault for each field, with its name.
 * @param known - the fields that may stand at a path
 */
export function shapeFaults(
  issues: readonly Issue[],
  known: (path: readonly PropertyKey[]) => readonly string[],
): ShapeFault[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownField(issue.path, key, known(issue.path)));
    return [{ path: issue.path, field: fieldName(issue.path), message: issue.message }];
  });
}

function unknownField(path: readonly PropertyKey[], key: string, known: readonly string[]): ShapeFault {
  const meant = similar(key, known);
  const advice = meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean ${meant}?`;
  const field = fieldName([...path, key]);
  return { path: [...path, key], field, message: `is not a field that is known. ${advice}` };
}
