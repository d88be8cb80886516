/**
 * jest's environment for Node, in which one mutant is awake. `globalThis.mutation` of the worker says which one, and which tests are to run;
 * where it names no tests, all run. It is told which mutants each of them came by. After the first failure no test runs.
 */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    const { awake, count } = globalThis.mutation;
    this.passed = new Uint8Array(count);
    this.global.__awake = (number) => number === awake;
    this.global.__passed = (number) => {
      this.passed[number] = 1;
      return number === awake;
    };
    this.global.__unlike = (number, instead, value) => {
      if (value !== instead) this.passed[number] = 1;
      return value;
    };
  }

  handleTestEvent(event, { rootDescribeBlock }) {
    const { tests, leftOut, report } = globalThis.mutation;
    const skip = (isNeedless) => testsIn(rootDescribeBlock).filter(isNeedless).forEach(sleep);
    switch (event.name) {
      case 'run_start':
        skip((test) => globalThis.mutation.failed || leftOut.test(test.name) || tests?.has(nameOf(test)) === false);
        break;
      case 'test_start':
        report({ passed: this.takePassed() }); // while the file was loaded, or in beforeAll
        this.began = process.cpuUsage();
        break;
      case 'test_done': {
        const { errors } = event.test;
        const { user, system } = process.cpuUsage(this.began);
        const cost = (user + system) / 1_000; // ms of the processor: the same on a busy machine
        report({ test: nameOf(event.test), passed: this.takePassed(), cost, failed: errors.length > 0 });
        if (errors.length === 0 || tests === undefined) break;
        globalThis.mutation.failed = true;
        skip(() => true);
      }
    }
  }

  takePassed() {
    const numbers = Array.from(this.passed.keys()).filter((number) => this.passed[number] === 1);
    this.passed.fill(0);
    return numbers;
  }
};

function sleep(test) {
  test.mode = 'skip';
}

function testsIn(block) {
  return block.children.flatMap((child) => (child.type === 'describeBlock' ? testsIn(child) : [child]));
}

function nameOf({ name, parent }) {
  return parent === undefined || parent.parent === undefined ? name : `${nameOf(parent)} › ${name}`;
}
