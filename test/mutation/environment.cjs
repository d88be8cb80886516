/** jest's environment for Node, in which one mutant can be awake: `globalThis.mutation` of the worker says which, and what is done with the tests. */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    const { mutation } = globalThis;
    this.global.__awake = (number) => number === mutation.awake;
    this.global.__passed = (number) => {
      mutation.passed[number] = 1;
      return number === mutation.awake;
    };
    this.global.__unlike = (number, instead, value) => {
      if (value !== instead) mutation.passed[number] = 1;
      return value;
    };
  }

  handleTestEvent(event, { rootDescribeBlock }) {
    return globalThis.mutation.on[event.name]?.(event, rootDescribeBlock);
  }
};
