import { type Answer, AwsError, json } from './answer.ts';
import { type Call, parseJson } from './call.ts';

/** An alarm's state, as CloudWatch names it. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm as a test sees it. */
export interface Alarm {
  readonly name: string;
  readonly isComposite: boolean;
  readonly state: AlarmState;
  readonly reason: string;
  readonly since: Date;
}

const PAGE = 50; // what DescribeAlarms gives if it is not asked for another number
const MAX_PAGE = 100;

/** The alarms of one account and region. Nothing evaluates them: they stay as they were set. */
export class CloudWatch {
  readonly #alarms = new Map<string, Alarm>();
  readonly #home: { readonly region: string; readonly account: string };
  readonly #now: () => Date;

  constructor(home: { readonly region: string; readonly account: string }, now: () => Date) {
    this.#home = home;
    this.#now = now;
  }

  /** Makes an alarm, in the state in which AWS begins. */
  createAlarm(name: string, { isComposite = false }: { readonly isComposite?: boolean } = {}): void {
    this.#put({ name, isComposite, state: 'INSUFFICIENT_DATA', reason: 'Unchecked: Initial alarm creation' });
  }

  /** Takes an alarm away. */
  remove(name: string): void {
    this.#alarms.delete(name);
  }

  /** Every alarm, in the order of the names. */
  alarms(): readonly Alarm[] {
    return [...this.#alarms.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Answers a call as CloudWatch would. @throws AwsError the refusal, in its words */
  answer(call: Call): Answer {
    const input = parseJson(call.body);
    const isHome = call.region === this.#home.region;
    if (call.operation === 'DescribeAlarms') return json(200, this.#describe(isHome ? this.alarms() : [], input));
    if (call.operation === 'SetAlarmState') return this.#setState(isHome, input);
    throw new AwsError(400, 'UnknownOperationException', `This endpoint does not imitate ${call.operation}.`);
  }

  #describe(alarms: readonly Alarm[], input: Readonly<Record<string, unknown>>): object {
    const names = texts(input.AlarmNames);
    const types = texts(input.AlarmTypes) ?? ['MetricAlarm']; // AWS leaves composite ones out unless they are asked for
    const size = Number(input.MaxRecords ?? PAGE);
    if ((names?.length ?? 0) > MAX_PAGE || size > MAX_PAGE)
      throw new AwsError(400, 'ValidationException', `Member must have length less than or equal to ${MAX_PAGE}`);
    const wanted = alarms.filter(
      ({ name, isComposite }) =>
        types.includes(isComposite ? 'CompositeAlarm' : 'MetricAlarm') &&
        (names?.includes(name) ?? true) &&
        name.startsWith(text(input.AlarmNamePrefix) ?? ''),
    );
    const start = Number(text(input.NextToken) ?? 0);
    const page = wanted.slice(start, start + size);
    return {
      MetricAlarms: page.filter(({ isComposite }) => !isComposite).map((alarm) => this.#described(alarm)),
      CompositeAlarms: page.filter(({ isComposite }) => isComposite).map((alarm) => this.#described(alarm)),
      ...(start + size < wanted.length ? { NextToken: String(start + size) } : {}),
    };
  }

  #described({ name, state, reason, since }: Alarm): object {
    return {
      AlarmName: name,
      AlarmArn: `arn:aws:cloudwatch:${this.#home.region}:${this.#home.account}:alarm:${name}`,
      StateValue: state,
      StateReason: reason,
      StateUpdatedTimestamp: since.getTime() / 1000,
    };
  }

  #setState(isHome: boolean, input: Readonly<Record<string, unknown>>): Answer {
    const alarm = isHome ? this.#alarms.get(text(input.AlarmName) ?? '') : undefined;
    const [state, reason] = [text(input.StateValue), text(input.StateReason)];
    if (!isState(state) || reason === undefined || reason.length > 1023)
      throw new AwsError(400, 'ValidationException', 'StateValue or StateReason is invalid');
    if (alarm === undefined) throw new AwsError(404, 'ResourceNotFound', 'Unknown alarm');
    this.#put({ ...alarm, state, reason });
    return json(200, {});
  }

  #put(alarm: Omit<Alarm, 'since'>): void {
    this.#alarms.set(alarm.name, { ...alarm, since: this.#now() });
  }
}

function isState(value: string | undefined): value is AlarmState {
  return value === 'OK' || value === 'ALARM' || value === 'INSUFFICIENT_DATA';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
}
