import { RefusalError } from '../contract/errors.ts';
import { isArray, isObject, parseJson, type Json } from '../tuf/json.ts';
import type { Configuration } from './configuration.ts';
import { complete, incomplete } from './configure.ts';
import { ruleFaults } from './deployment-rules.ts';
import type { Fault } from './fault.ts';
import { knownFields } from './known-fields.ts';
import type { RuleFault } from './rule.ts';
import { schema, type Draft } from './schema.ts';
import { shapeFaults, type ShapeFault } from './shape-faults.ts';

const MAX_ROUNDS = 4; // objects nest no deeper

/** A configuration, or everything that is wrong with it. */
export type Reading =
  | { readonly is: 'sound'; readonly configuration: Configuration }
  | { readonly is: 'faulty'; readonly faults: readonly [Fault, ...Fault[]] };

/**
 * Reads `timekeeper.json`, whole: each field by itself, then what they come to together. Never throws for what stands in it.
 * What cannot be read is set aside, so that the rest is still checked; nothing is concluded from it.
 * @param bytes - the file
 */
export function readConfiguration(bytes: Uint8Array): Reading {
  const json = read(bytes);
  if (json instanceof RefusalError) return faulty([{ field: '', message: `cannot be read: ${json.message}` }]);
  const unreadable: ShapeFault[] = [];
  let rest = json;
  // What an object must have may go in the first round, and the object itself in the second.
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds += 1) {
    const parsed = schema.safeParse(rest);
    if (parsed.success) return judge(parsed.data, unreadable);
    const found = shapeFaults(parsed.error.issues, knownFields);
    if (rounds === 0) unreadable.push(...found);
    rest = without(rest, found);
  }
  return faulty(unreadable);
}

function judge(draft: Draft, unreadable: readonly ShapeFault[]): Reading {
  const whole = incomplete(draft);
  const concluded = ruleFaults(whole).filter(({ from }) => !from.some((field) => touches(field, unreadable)));
  const faults = [...unreadable, ...concluded];
  const configuration = complete(whole);
  return faults.length > 0 || configuration === undefined ? faulty(faults) : { is: 'sound', configuration };
}

/** Whether a field, one in it or the one it is in could not be read. */
function touches(field: string, unreadable: readonly ShapeFault[]): boolean {
  return unreadable.some(
    ({ field: other }) =>
      other === field ||
      other.startsWith(`${field}.`) ||
      other.startsWith(`${field}[`) ||
      field.startsWith(`${other}.`) ||
      field.startsWith(`${other}[`),
  );
}

function faulty(faults: readonly (RuleFault | Fault)[]): Reading {
  const [first, ...rest] = faults.map(({ field, message }) => ({ field, message }));
  // There is always one: a configuration is whole if nothing was found.
  return { is: 'faulty', faults: [first ?? { field: '', message: 'cannot be read.' }, ...rest] };
}

/** Strictly, so that of two repositories with one name none is lost unseen; then as plain objects, which the schema takes. */
function read(bytes: Uint8Array): unknown {
  try {
    const json = parseJson(bytes, 'it');
    if (hasPrototype(json)) return new RefusalError('AMBIGUOUS_FIELD', 'it has a field "__proto__".');
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof RefusalError) return error;
    throw error;
  }
}

/** The schema's library passes such a field by, and nothing in the file is to go unread. */
function hasPrototype(json: Json): boolean {
  if (isArray(json)) return json.some(hasPrototype);
  return isObject(json) && (json.has('__proto__') || Array.from(json.values()).some(hasPrototype));
}

/** A copy without the fields that cannot be read. A list goes as a whole, and so does an object without a field that it must have. */
function without(json: unknown, unreadable: readonly ShapeFault[]): unknown {
  const copy = structuredClone(json);
  for (const { path } of unreadable) {
    const index = path.findIndex((part) => typeof part === 'number');
    const whole = index < 0 ? path : path.slice(0, index);
    if (!remove(copy, whole)) remove(copy, whole.slice(0, -1));
  }
  return copy;
}

/** @returns whether it was there */
function remove(json: unknown, [first, ...rest]: readonly PropertyKey[]): boolean {
  if (typeof json !== 'object' || json === null || first === undefined || !Object.hasOwn(json, first)) return false;
  return rest.length > 0
    ? remove((json as Record<PropertyKey, unknown>)[first], rest)
    : Reflect.deleteProperty(json, first);
}
