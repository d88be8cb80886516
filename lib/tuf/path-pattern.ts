/**
 * Whether a delegation's pattern covers a target's path: `*` is any number of characters and `?` one, neither of them a `/`; `[a-c]` and `[!a-c]` are one of a set.
 * Case counts. Takes time in proportion to the product of both lengths at most, whatever the pattern.
 * @see TUF specification, section 4.5: PATHPATTERN; glob(7)
 */
export function matchesPattern(path: string, pattern: string): boolean {
  const segments = path.split('/');
  const patterns = pattern.split('/');
  if (segments.length !== patterns.length) return false;
  return segments.every((segment, index) => matchesSegment(Array.from(segment), tokensOf(patterns[index] ?? '')));
}

type Token = '*' | ((character: string) => boolean);

function tokensOf(pattern: string): readonly Token[] {
  const characters = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const end = character === '[' ? endOfSet(characters, at) : -1;
    if (end !== -1) {
      tokens.push(setOf(characters.slice(at + 1, end)));
      at = end;
    } else if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else tokens.push((found) => found === character);
  }
  return tokens;
}

/** Where a set ends: a `]` that comes first in it is one of its characters. Without an end, `[` stands for itself: -1. */
function endOfSet(characters: readonly string[], start: number): number {
  const first = isNegation(characters[start + 1]) ? start + 2 : start + 1;
  return characters.indexOf(']', first + 1);
}

function isNegation(character: string | undefined): boolean {
  return character === '!' || character === '^'; // glob(7) and Go
}

function setOf(content: readonly string[]): Token {
  const negated = isNegation(content[0]);
  const listed = negated ? content.slice(1) : content;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < listed.length; at++) {
    const from = listed[at] ?? '';
    const to = listed[at + 1] === '-' ? listed[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  const point = (character: string): number => character.codePointAt(0) ?? 0;
  return (found) => ranges.some(([from, to]) => point(from) <= point(found) && point(found) <= point(to)) !== negated;
}

/** Goes back to the last star only: the ones before it have done their part. */
function matchesSegment(text: readonly string[], tokens: readonly Token[]): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const token = tokens[next];
    if (token === '*') {
      star = next++;
      starAt = at;
    } else if (token?.(text[at] ?? '') === true) {
      next++;
      at++;
    } else if (star !== -1) {
      next = star + 1;
      at = ++starAt;
    } else return false;
  }
  return tokens.slice(next).every((token) => token === '*');
}
