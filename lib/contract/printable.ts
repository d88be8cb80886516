// Control characters, and the bidirectional and zero-width ones that make a terminal or a log viewer show something else than is there.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;
const MAX_LENGTH = 200; // code points

/**
 * Makes a text from outside fit to be printed or logged: at most 200 code points, control and bidirectional characters escaped.
 * @param text - anything: a field's name, a file's name, an operator's reason
 */
export function printable(text: string): string {
  const points = Array.from(text.slice(0, 2 * MAX_LENGTH + 2)); // a text may have megabytes, a code point two units
  const cut = points.length > MAX_LENGTH ? `${points.slice(0, MAX_LENGTH).join('')}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text from outside, printable and in quotes. */
export function quote(text: string): string {
  return `"${printable(text)}"`;
}

const FEW = 5;

/** A list of texts from outside, in quotes; of a long one only how many more there are. */
export function firstFew(texts: readonly string[]): string {
  const more = texts.length > FEW ? ` and ${texts.length - FEW} more` : '';
  return texts.slice(0, FEW).map(quote).join(', ') + more;
}
