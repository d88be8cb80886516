import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConfiguration } from '../../lib/config/read-configuration.ts';
import { jsonSchema } from '../../lib/config/json-schema.ts';
import { least, OTHER_PIN, PIN } from './configuration.ts';

const names = Array.from(new Set(JSON.stringify(jsonSchema()).match(/"[a-zA-Z0-9$]+"(?=:)/g)), (name) =>
  name.slice(1, -1),
);
const words = [
  '1 hour',
  '3 days',
  '14 days',
  'cron(0 * * * ? *)',
  'go-tuf-file',
  'aws',
  'eu-central-1',
  '111111111111',
  'https://a.example/',
];

/** JSON that is nearly a configuration: fields' names and values that mean something, anywhere. */
const nearly = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(...words, PIN, OTHER_PIN, {}, 1, 0, -1, true, null, '', '__proto__', 'constructor'),
    fc.dictionary(fc.oneof(fc.constantFrom(...names, 'orbit', '__proto__', 'constructor'), fc.string()), tie('json'), {
      maxKeys: 6,
    }),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.jsonValue(),
  ),
}));

const fits = (bytes: Uint8Array): boolean => {
  const reading = readConfiguration(bytes);
  return reading.is === 'sound'
    ? Object.keys(reading.configuration.repositories).length > 0
    : reading.faults.length > 0 && reading.faults.every(({ message }) => /\S\.$|\?$/.test(message));
};

test('whatever JSON there is, it is a configuration or has faults, and nothing is thrown', () => {
  fc.assert(
    fc.property(nearly.json, (json) => fits(Buffer.from(JSON.stringify(json)))),
    { numRuns: 500 },
  );
});

test('so is whatever stands in one place of a sound configuration', () => {
  const sound = least(
    { publishers: [], key: { type: 'go-tuf-file' }, validity: '14 days' },
    { signing: {}, alarms: {} },
  );
  const change = fc.tuple(fc.constantFrom(...names), nearly.json, fc.boolean());
  fc.assert(
    fc.property(change, ([name, json, deep]) =>
      fits(Buffer.from(JSON.stringify(deep ? least({ [name]: json }) : { ...sound, [name]: json }))),
    ),
    { numRuns: 500 },
  );
});

test('so are any bytes', () => {
  fc.assert(fc.property(fc.uint8Array(), fits));
});

test('what is printed of a fault holds no control character', () => {
  fc.assert(
    fc.property(nearly.json, fc.string({ unit: 'binary' }), (json, name) => {
      const reading = readConfiguration(
        Buffer.from(JSON.stringify(least({ [name]: json }, { [name]: name, repositories: { [name]: json } }))),
      );
      const printed =
        reading.is === 'sound' ? '' : reading.faults.map(({ field, message }) => field + message).join('');
      expect(printed).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u);
    }),
    { numRuns: 500 },
  );
});
