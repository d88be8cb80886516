import * as z from 'zod';
import { schema } from './schema.ts';

/** The names of the fields that may stand at a path of `timekeeper.json`. */
export function knownFields(path: readonly PropertyKey[]): readonly string[] {
  let at: z.core.$ZodType = schema;
  for (const part of path) {
    const next = within(unwrapped(at), part);
    if (next === undefined) return [];
    at = next;
  }
  const object = unwrapped(at);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function within(type: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (type instanceof z.ZodObject) return (type.shape as Readonly<Record<PropertyKey, z.core.$ZodType>>)[part];
  return type instanceof z.ZodRecord ? type.valueType : undefined;
}

/** A type without the optional and the default around it. */
function unwrapped(type: z.core.$ZodType): z.core.$ZodType {
  return type instanceof z.ZodOptional || type instanceof z.ZodPrefault ? unwrapped(type.def.innerType) : type;
}
