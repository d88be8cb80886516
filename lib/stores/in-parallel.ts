/**
 * Does something with each item, several at a time, in order of their beginning. After an error nothing new is begun, and what is under way is waited for.
 * @param atOnce - how many at a time
 * @throws the first error
 */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const open = items.values();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const item of open) {
      if (errors.length > 0) return;
      try {
        await action(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
}
