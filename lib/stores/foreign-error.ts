/**
 * A text that somebody else's error carries, undefined if it has none there.
 * Asked of any object: node's own errors are no `instanceof Error` inside a sandbox such as jest's, and SDKs throw what they like.
 */
export function textOf(error: unknown, property: 'code' | 'name' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, property);
  return typeof value === 'string' ? value : undefined;
}
