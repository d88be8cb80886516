import { randomUUID } from 'node:crypto';
import { type Answer, AwsError, queryResult } from './answer.ts';
import type { Call } from './call.ts';
import { element } from './xml.ts';

interface Subscription {
  readonly protocol: string;
  readonly endpoint: string;
  /** `PendingConfirmation` until somebody confirms. */
  readonly arn: string;
}

const PAGE = 100;

/** The topics of one account and region. Nothing is sent. */
export class Sns {
  readonly #home: { readonly region: string; readonly account: string };
  readonly #topics = new Map<string, Subscription[]>();

  constructor(home: { readonly region: string; readonly account: string }) {
    this.#home = home;
  }

  /** @returns its ARN */
  createTopic(name: string): string {
    const arn = `arn:aws:sns:${this.#home.region}:${this.#home.account}:${name}`;
    this.#topics.set(arn, []);
    return arn;
  }

  /** @param isConfirmed - whether whoever has the address followed the link in the mail */
  subscribe(topicArn: string, protocol: string, endpoint: string, isConfirmed: boolean): void {
    const arn = isConfirmed ? `${topicArn}:${randomUUID()}` : 'PendingConfirmation';
    this.#find(topicArn).push({ protocol, endpoint, arn });
  }

  /** Answers a call as SNS would. @throws AwsError the refusal, in its words */
  answer(call: Call): Answer {
    const { operation, resource: topic = '', body, region } = call;
    if (operation !== 'ListSubscriptionsByTopic')
      throw new AwsError(400, 'InvalidAction', `This endpoint does not imitate ${operation}.`);
    if (topic.split(':')[3] !== region) throw new AwsError(400, 'InvalidParameter', 'Invalid parameter: TopicArn');
    const all = this.#find(topic);
    const start = Number(new URLSearchParams(body.toString()).get('NextToken') ?? 0);
    const members = all.slice(start, start + PAGE).map((one) => element('member', this.#described(topic, one)));
    const next = start + PAGE < all.length ? [element('NextToken', start + PAGE)] : [];
    return queryResult(operation, [element('Subscriptions', members), ...next]);
  }

  #described(topic: string, { protocol, endpoint, arn }: Subscription): readonly string[] {
    return [
      element('TopicArn', topic),
      element('Protocol', protocol),
      element('SubscriptionArn', arn),
      element('Owner', this.#home.account),
      element('Endpoint', endpoint),
    ];
  }

  #find(arn: string): Subscription[] {
    const topic = this.#topics.get(arn);
    if (topic === undefined) throw new AwsError(404, 'NotFound', 'Topic does not exist');
    return topic;
  }
}
