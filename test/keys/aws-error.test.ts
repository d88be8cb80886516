import { expect, test } from '@jest/globals';
import { awsRefusal } from '../../lib/keys/aws-error.ts';

const fault = { name: 'AccessDeniedException', $fault: 'client' };

test.each([
  {
    rule: "an exception of the service in the service's words",
    error: Object.assign(new Error('Not authorized.'), fault),
    says: 'AccessDeniedException: Not authorized',
  },
  {
    rule: 'control characters in them escaped',
    error: Object.assign(new Error('\u001b[31m'), fault),
    says: 'AccessDeniedException: \\u001b[31m',
  },
  {
    rule: 'a broken connection by its code',
    error: Object.assign(new Error('read'), { name: 'TimeoutError', code: 'ECONNRESET' }),
    says: 'TimeoutError (ECONNRESET)',
  },
  { rule: 'an unreadable answer without quoting it', error: new SyntaxError('"secret" is not'), says: 'SyntaxError' },
  { rule: 'what is no error at all', error: 'secret', says: 'an unknown error' },
])('names $rule', ({ error, says }) => {
  expect(awsRefusal(error)).toBe(says);
});
