/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  /** Whether something happens that happens so many times in 100. */
  percent(times: number): boolean {
    return this.below(100) < times;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  }
}

/** Tasks that wait for their turn before every step, so that a schedule decides in which order things happen. */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** Waits for a turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** Gives one of those who wait a turn, and lets it go on until it waits again. @returns false if nobody waits */
  async give(random: Random): Promise<boolean> {
    await everybodyWaits();
    const [next] = this.waiting.splice(random.below(this.waiting.length), 1);
    next?.();
    await everybodyWaits();
    return next !== undefined;
  }

  /** Gives turns until nobody waits. */
  async giveAll(random: Random): Promise<void> {
    while (await this.give(random));
  }
}

/** Nothing here waits for anything but turns, so once all that is ready has run, everybody waits. */
const everybodyWaits = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
