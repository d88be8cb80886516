import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { alarmName, ALARMS, type AlarmKind } from '../contract/alarms.ts';
import { FailureError, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { textOf } from '../stores/foreign-error.ts';
import { deployed } from './deployed.ts';
import type { DrillOptions } from './drill.ts';

const REASON = 'A drill by timekeeper drill: nothing is wrong. Whoever reads this, please say so to whoever drills.';

/**
 * Sets alarms of a repository off and says whom they should reach.
 * @throws UsageError for an alarm that there is not, or that is the watchdog's
 * @throws FailureError NOT_DEPLOYED, ALARMS_UNREACHABLE, NO_CREDENTIALS, ROLE_REFUSED
 */
export async function drill(name: string, alarm: string | undefined, options: DrillOptions): Promise<void> {
  const kinds = chosen(alarm);
  const { configuration, operator } = await deployed(name, options);
  const cloudWatch = new CloudWatchClient(operator.client);
  const names = kinds.map((kind) => alarmName(configuration.name, name, kind));
  const there = await existing(cloudWatch, names);
  const missing = names.filter((one) => !there.has(one));
  if (missing.length > 0) throw new FailureError('NOT_DEPLOYED', `There is no alarm ${missing.join(', ')}.`);
  for (const AlarmName of names)
    await calling(() => cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: REASON }))); // prettier-ignore

  const drilled = kinds.map((kind) => ({
    alarm: alarmName(configuration.name, name, kind),
    level: ALARMS[kind].level,
  }));
  const { email } = configuration.alarms;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ repository: name, outcome: 'done', code: null, email: email ?? null, alarms: drilled })}\n`,
    );
    return;
  }
  const lines = drilled.map((one) => `  ${one.level}  ${one.alarm}`);
  const whom = email ?? 'whoever subscribed to the topics (timekeeper.json names no e-mail)';
  process.stdout.write(`Set off:\n${lines.join('\n')}\nWithin minutes this should reach ${whom}: one page for all that page, and a mail for each other.\n`); // prettier-ignore
}

function chosen(alarm: string | undefined): readonly AlarmKind[] {
  const all = (Object.keys(ALARMS) as AlarmKind[]).filter((kind) => ALARMS[kind].stack === 'signing');
  if (alarm === undefined) return all;
  const kind = all.find((one) => one === alarm);
  if (kind !== undefined) return [kind];
  const isWatch = Object.hasOwn(ALARMS, alarm);
  throw new UsageError(
    isWatch
      ? `${quote(alarm)} is an alarm of the watch stack, where the operator's role does not reach.`
      : `There is no alarm ${quote(alarm)}.`,
    { remedy: isWatch ? 'Set it off in the CloudWatch console of that account.' : `Name one of ${all.join(', ')}.` },
  );
}

async function existing(cloudWatch: CloudWatchClient, names: string[]): Promise<ReadonlySet<string | undefined>> {
  const { MetricAlarms: found = [] } = await calling(() => cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: names }))); // prettier-ignore
  return new Set(found.map(({ AlarmName }) => AlarmName));
}

async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const why = printable(textOf(error, 'name') ?? 'an unknown error');
    throw new FailureError('ALARMS_UNREACHABLE', `CloudWatch could not be asked: ${why}.`, { cause: error });
  }
}
