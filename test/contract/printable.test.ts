import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printable, quote } from '../../lib/contract/printable.ts';

describe('a text from outside', () => {
  test.each([
    { given: 'letters of any alphabet, and signs', text: 'Grüße, Ωmega, 日本語 "quoted" <&> 👍🏽', shown: undefined },
    { given: 'colours of a terminal', text: '\u001b[31mred\u001b[0m', shown: '\\u001b[31mred\\u001b[0m' },
    { given: 'the 8-bit form of the same', text: '\u009b31m', shown: '\\u009b31m' },
    { given: 'a bell, a backspace, a null', text: '\u0007\b\0', shown: '\\u0007\\u0008\\u0000' },
    { given: 'new lines', text: 'a\nb\r\nc\td', shown: 'a\\u000ab\\u000d\\u000ac\\u0009d' },
    { given: "Unicode's new lines", text: 'a\u2028b\u2029c\u0085d', shown: 'a\\u2028b\\u2029c\\u0085d' },
    { given: 'an override of the reading direction', text: 'a\u202egpj.exe', shown: 'a\\u202egpj.exe' },
    { given: 'isolates', text: '\u2066x\u2069', shown: '\\u2066x\\u2069' },
    { given: 'marks of direction', text: '\u200e\u200f\u061c', shown: '\\u200e\\u200f\\u061c' },
    { given: 'what has no width', text: 'a\u200bb\u2060c\ufeffd', shown: 'a\\u200bb\\u2060c\\ufeffd' },
    { given: 'half of a surrogate pair', text: 'a\ud83db\udc4dc', shown: 'a\\ud83db\\udc4dc' },
  ])('is printed with $given escaped', ({ text, shown }) => {
    expect(printable(text)).toBe(shown ?? text);
  });

  test('is cut after 200 code points, never within one', () => {
    expect(printable('é'.repeat(200))).toBe('é'.repeat(200));
    expect(printable('👍'.repeat(200))).toBe('👍'.repeat(200));
    expect(printable('👍'.repeat(201))).toBe(`${'👍'.repeat(200)}…`);
    expect(printable('\n'.repeat(201))).toBe(`${'\\u000a'.repeat(200)}…`);
  });

  test('comes out the same if it is printed twice, and never with anything that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const once = printable(text);

        expect(once).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
        expect(Buffer.from(once).toString()).toBe(once); // no half of a surrogate pair
        expect(printable(once).startsWith(Array.from(once).slice(0, 200).join(''))).toBe(true);
      }),
    );
  });

  test('is quoted in double quotes', () => {
    expect(quote('a\nb')).toBe('"a\\u000ab"');
  });
});
