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
    this.global.__mutant = (number) => {
      this.passed[number] = 1;
      return number === awake;
    };
  }

  handleTestEvent(event, { rootDescribeBlock }) {
    const { tests, report } = globalThis.mutation;
    const skip = (isNeedless) => testsIn(rootDescribeBlock).filter(isNeedless).forEach(sleep);
    switch (event.name) {
      case 'run_start':
        skip((test) => globalThis.mutation.failed || (tests !== undefined && !tests.has(nameOf(test))));
        break;
      case 'test_start':
        report({ passed: this.takePassed() }); // while the file was loaded, or in beforeAll
        break;
      case 'test_done': {
        const { duration, errors } = event.test;
        report({
          test: nameOf(event.test),
          passed: this.takePassed(),
          duration: duration ?? 0,
          failed: errors.length > 0,
        });
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
