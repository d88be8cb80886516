import { expect, test } from '@jest/globals';
import { watchLine } from '../../lambda/watch-line.ts';
import { logLine } from '../../lambda/log-line.ts';
import { SIGNER_FLAGS } from '../../lib/contract/alarms.ts';
import type { Code, WarningCode } from '../../lib/contract/codes.ts';
import { FINDINGS, type FindingCode } from '../../lib/contract/findings.ts';
import { METRICS } from '../../lib/contract/metrics.ts';
import { metricsIn, outcomeOf, watchOutcomeOf } from './outcomes.ts';

test('every metric of the list is emitted in some run, and nothing that is not on it', () => {
  const signer = [
    outcomeOf({ outcome: 'signed', code: 'SIGNED' }),
    outcomeOf({ outcome: 'refused', code: 'NO_BASELINE' }),
    outcomeOf({ outcome: 'failed', code: 'STORE_UNREACHABLE' }),
    ...Object.values(SIGNER_FLAGS).flatMap((codes) =>
      codes.flatMap((code) => [
        outcomeOf({ code: code as Code }),
        outcomeOf({ warnings: [{ code: code as WarningCode, message: '' }] }),
      ]),
    ),
  ].map((outcome) => logLine(outcome, { force: true, reason: undefined }, 0));
  const watchdog = [
    watchOutcomeOf({ outcome: 'failed', code: 'STORE_UNREACHABLE' }),
    watchOutcomeOf({
      outcome: 'unhealthy',
      newClientOk: false,
      returningClientOk: false,
      findings: (Object.keys(FINDINGS) as FindingCode[]).map((code) => ({
        code,
        message: '',
        isPending: false,
        since: '1970-01-01T00:00:00Z',
      })),
    }),
  ].map((outcome) => watchLine(outcome, 0));

  const emitted = new Set([...signer, ...watchdog].flatMap((line) => Object.keys(metricsIn(line))));

  expect([...emitted].toSorted()).toEqual(Object.keys(METRICS).toSorted());
});
