/**
 * Does something for each of many items, several at a time.
 * @param lanes - how many at a time
 * @throws what the first that failed threw, once all that had begun have ended
 */
export async function inLanes<T>(
  lanes: number,
  items: readonly T[],
  action: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  const faults: unknown[] = [];
  const lane = async () => {
    for (const [index, item] of left) {
      if (faults.length > 0) return;
      await action(item, index).catch((error: unknown) => faults.push(error));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (faults.length > 0) throw faults[0];
}
