import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { alarmName, ALARMS, type AlarmKind } from '../contract/alarms.ts';
import { FailureError, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { textOf } from '../stores/foreign-error.ts';
import { alarmRegionOf, deployed } from './deployed.ts';
import type { DrillOptions } from './drill.ts';

const REASON = 'A drill by timekeeper drill: nothing is wrong. Whoever reads this, please say so to whoever drills.';

/** An alarm to be set off, and where it is. */
interface Drilled {
  readonly kind: AlarmKind;
  readonly name: string;
  readonly region: string;
}

/**
 * Sets alarms of a repository off and says whom they should reach.
 * @throws UsageError for an alarm that there is not, or that is the watchdog's in another account
 * @throws FailureError NOT_DEPLOYED, ALARMS_UNREACHABLE, NO_CREDENTIALS, ROLE_REFUSED
 */
export async function drill(name: string, alarm: string | undefined, options: DrillOptions): Promise<void> {
  const kinds = chosen(alarm);
  const found = await deployed(name, options);
  const { configuration, operator } = found;
  const alarms = kinds.flatMap((kind): Drilled[] => {
    const region = alarmRegionOf(found, ALARMS[kind].stack);
    return region === undefined ? [] : [{ kind, name: alarmName(configuration.name, name, kind), region }];
  });
  if (alarms.length === 0)
    throw new UsageError(
      `${quote(kinds.join(', '))} is in another account, where the operator's role does not reach.`,
      {
        remedy: 'Set it off in the CloudWatch console of the account of the watch stack.',
      },
    );
  const regions = [...new Set(alarms.map(({ region }) => region))].map((region) => ({
    cloudWatch: new CloudWatchClient({ ...operator.client, region }),
    names: alarms.filter((one) => one.region === region).map((one) => one.name),
  }));
  const missing: string[] = [];
  for (const { cloudWatch, names } of regions) {
    const there = await existing(cloudWatch, names);
    missing.push(...names.filter((one) => !there.has(one)));
  }
  if (missing.length > 0) throw new FailureError('NOT_DEPLOYED', `There is no alarm ${missing.join(', ')}.`);
  for (const { cloudWatch, names } of regions)
    for (const AlarmName of names)
      await calling(() => cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: REASON }))); // prettier-ignore

  const drilled = alarms.map((one) => ({ alarm: one.name, level: ALARMS[one.kind].level }));
  const { email } = configuration.alarms;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ repository: name, outcome: 'done', code: null, email: email ?? null, alarms: drilled })}\n`,
    );
    return;
  }
  const lines = drilled.map((one) => `  ${one.level}  ${one.alarm}`);
  const whom = email ?? 'whoever subscribed to the topics (timekeeper.json names no e-mail)';
  const left =
    alarms.length < kinds.length
      ? "The watchdog's are in another account: set them off in its CloudWatch console.\n"
      : '';
  process.stdout.write(`Set off:\n${lines.join('\n')}\nWithin minutes this should reach ${whom}: one page of each stack for all that page, and a mail for each other.\n${left}`); // prettier-ignore
}

function chosen(alarm: string | undefined): readonly AlarmKind[] {
  const all = Object.keys(ALARMS) as AlarmKind[];
  if (alarm === undefined) return all;
  const kind = all.find((one) => one === alarm);
  if (kind !== undefined) return [kind];
  throw new UsageError(`There is no alarm ${quote(alarm)}.`, { remedy: `Name one of ${all.join(', ')}.` });
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
