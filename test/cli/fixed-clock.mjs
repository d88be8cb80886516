/* For `node --import`: the process's clock stands at TEST_CLOCK. The product has no hook for that, and needs none. */
const now = Date.parse(process.env.TEST_CLOCK);

globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) super(now);
    else super(...given);
  }

  static now() {
    return now;
  }
};
