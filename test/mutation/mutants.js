/** Where a guard can be taken out, found in the syntax tree; and sources in which every mutant sleeps until its number is called. */
import ts from 'typescript';

/**
 * @typedef {object} Mutant
 * @property {number} id - its number in this run
 * @property {string} file - below the project's folder
 * @property {number} line
 * @property {string} change - what was done, e.g. `false instead of: version < known`
 */

/** Calls that give back their first argument if all is well: without the check, they are the argument. */
const CHECKS = new Set(['verified', 'notExpired', 'pinned', 'signedBy', 'checkedPolicy']);

/** Calls whose arguments are a list, of which each member matters. */
const LISTS = new Set(['Math.max', 'Math.min', 'knownFields', 'signedFields']);

/** What a list is judged by, and what it says when nothing is looked at. */
const JUDGES = new Map([
  ['filter', (list) => list],
  ['every', () => 'true'],
  ['some', () => 'false'],
]);

const BOUNDARIES = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
]);

/** To ask for a global variable each time takes as long as all the rest, where the globals are those of a sandbox. */
const OURS = 'const { __awake, __passed, __unlike } = globalThis;';

const EQUALITIES = new Set([ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken]);

/**
 * Puts every mutant of one source into it: `version < known` becomes `(__awake(7) ? (false) : __unlike(7, false, (version < known)))`.
 * `__awake` says whether it is this mutant's turn; `__unlike` notes that it would have made a difference, and gives back what there was;
 * `__passed` is `__awake` where that cannot be seen, and notes that somebody came by.
 * @param {string} file - its name, for messages
 * @param {string} text
 * @param {number} first - the number of the first mutant
 * @returns {{ text: string, mutants: Mutant[] }}
 */
export function withMutants(file, text, first) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
  /** @type {Mutant[]} */
  const mutants = [];
  return { text: `${OURS} ${withParts(source)}`, mutants };

  /** The node's text, with the mutants in it. */
  function rewritten(node) {
    if (isType(node)) return node.getFullText(source);
    const whole = withParts(node);
    const lead = node.getFullText(source).slice(0, node.getLeadingTriviaWidth(source));
    const own = whole.slice(lead.length);
    return (
      lead + choices(node).reduceRight((otherwise, [change, instead]) => chosen(node, change, instead, otherwise), own)
    );
  }

  function withParts(node) {
    let at = node.getFullStart();
    let result = '';
    node.forEachChild((child) => {
      result += text.slice(at, child.getFullStart()) + (isListed(child) ? member(child) : rewritten(child));
      at = child.end;
    });
    return result + text.slice(at, node.end);
  }

  function chosen(node, change, instead, otherwise) {
    const number = register(node, change);
    if (ts.isExpressionStatement(node)) return `{ if (!__passed(${number})) { ${otherwise} } }`;
    return isHarmless(instead) && !/\bawait\b/.test(node.getText(source)) // what is waited for may do something
      ? `(__awake(${number}) ? (${instead}) : __unlike(${number}, ${instead}, (${otherwise})))`
      : `(__passed(${number}) ? (${instead}) : (${otherwise}))`;
  }

  /** A member of a list, and the list without it. */
  function member(node) {
    const number = register(node, 'left out');
    const lead = node.getFullText(source).slice(0, node.getLeadingTriviaWidth(source));
    return `${lead}...(__passed(${number}) ? [] : [${rewritten(node)}])`;
  }

  function register(node, change) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    const found = node.getText(source).replace(/\s+/g, ' ');
    const id = first + mutants.length;
    mutants.push({
      id,
      file,
      line: line + 1,
      change: `${change}: ${found.length > 90 ? `${found.slice(0, 89)}…` : found}`,
    });
    return id;
  }

  /** @returns {[change: string, instead: string][]} what can stand in a node's place */
  function choices(node) {
    const { parent } = node;
    if (isCondition(node)) {
      const guards = ts.isIfStatement(parent) && throws(parent.thenStatement) && !parent.elseStatement;
      return [['false instead of', 'false'], ...(guards ? [] : [['true instead of', 'true']]), ...boundary(node)];
    }
    if (ts.isExpressionStatement(node) && isCall(node.expression)) return [['left out', '']];
    if (!ts.isExpression(node)) return [];
    if (ts.isBinaryExpression(parent) && node !== parent.operatorToken) {
      const { kind } = parent.operatorToken;
      const neutral = new Map([
        [ts.SyntaxKind.AmpersandAmpersandToken, 'true'],
        [ts.SyntaxKind.BarBarToken, 'false'],
      ]).get(kind);
      if (neutral !== undefined) return [[`${neutral} instead of`, neutral], ...boundary(node)];
    }
    if (ts.isBinaryExpression(node) && EQUALITIES.has(node.operatorToken.kind)) {
      return [['true instead of', 'true'], ['false instead of', 'false']]; // prettier-ignore
    }
    if (ts.isBinaryExpression(node) && BOUNDARIES.has(node.operatorToken.kind)) {
      return [['true instead of', 'true'], ['false instead of', 'false'], ...boundary(node)]; // prettier-ignore
    }
    return ts.isCallExpression(node) ? callChoices(node) : [];
  }

  function callChoices(node) {
    const { expression: callee, arguments: given } = node;
    if (ts.isIdentifier(callee) && CHECKS.has(callee.text) && given.length > 0) {
      return [['unchecked', given[0].getText(source)]];
    }
    const judged = ts.isPropertyAccessExpression(callee) ? JUDGES.get(callee.name.text) : undefined;
    return judged === undefined ? [] : [['not judged', judged(callee.expression.getText(source))]];
  }

  function boundary(node) {
    if (!ts.isBinaryExpression(node)) return [];
    const other = BOUNDARIES.get(node.operatorToken.kind);
    if (other === undefined) return [];
    return [[`${other} in`, `${node.left.getText(source)} ${other} ${node.right.getText(source)}`]];
  }

  function isListed(node) {
    const { parent } = node;
    if (!ts.isExpression(node)) return false;
    if (ts.isArrayLiteralExpression(parent)) return parent.elements.length > 1 && !isPattern(parent);
    return (
      ts.isCallExpression(parent) &&
      parent.arguments.includes(node) &&
      LISTS.has(parent.expression.getText(source)) &&
      !ts.isSpreadElement(node)
    );
  }
}

/** Whether it can be computed beside the original: a constant, or a comparison of two values. */
function isHarmless(instead) {
  return /^(true|false)$/.test(instead) || /^[\w.?!\[\] -]+ [<>]=? [\w.?\[\] ()*+,-]+$/.test(instead);
}

function isCondition(node) {
  const { parent } = node;
  if (ts.isIfStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  return false;
}

function isCall(node) {
  if (ts.isAwaitExpression(node)) return isCall(node.expression);
  return ts.isCallExpression(node) && node.expression.kind !== ts.SyntaxKind.SuperKeyword;
}

function throws(statement) {
  if (ts.isThrowStatement(statement)) return true;
  return ts.isBlock(statement) && statement.statements.length > 0 && ts.isThrowStatement(statement.statements.at(-1));
}

function isPattern(list) {
  return ts.isBinaryExpression(list.parent) && list.parent.left === list;
}

function isType(node) {
  return (
    ts.isTypeNode(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isImportDeclaration(node)
  );
}
