import { inUtf8Order } from '../tuf/canonical-json.ts';
import type { JsonObject } from '../tuf/json.ts';

/** Members that were changed, in the order of go-tuf if they were in it before (a Go map is written sorted); else what is new stands last. */
export function keptOrder(before: JsonObject, after: JsonObject): JsonObject {
  const names = Array.from(before.keys());
  if (!inUtf8Order([...names]).every((sorted, index) => sorted === names[index])) return after;
  return new Map(inUtf8Order(Array.from(after.keys())).map((name) => [name, after.get(name) ?? null]));
}
