/** The tests in jest-circus's tree. */

export function testsIn(block) {
  return block.children.flatMap((child) => (child.type === 'describeBlock' ? testsIn(child) : [child]));
}

export function nameOf({ name, parent }) {
  return parent === undefined || parent.parent === undefined ? name : `${nameOf(parent)} › ${name}`;
}

export function blocksIn(block) {
  return block.children.filter(({ type }) => type === 'describeBlock').flatMap((child) => [child, ...blocksIn(child)]);
}
