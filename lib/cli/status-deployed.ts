import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { topicName } from '../contract/alarms.ts';
import { WARNINGS } from '../contract/codes.ts';
import { isCoded } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import { outcomeOf } from '../refresh/outcome.ts';
import type { ReadStore } from '../stores/store.ts';
import type { Instant } from '../tuf/instant.ts';
import { decide } from './decide.ts';
import type { DeploymentOptions } from './deployment-options.ts';
import { alarmRegionOf, deployed, deployedPlaces, deployedPolicy, deployedTrust, type Deployed } from './deployed.ts';
import type { Problem } from './progress.ts';

/** What the signing account tells of a repository beside what clients see. */
export interface DeployedView {
  /** What a run would do now; undefined where nobody here may look. */
  readonly outcome: Outcome | undefined;
  /** The bucket itself, behind the address that clients know. */
  readonly bucket?: { readonly place: string; readonly metadata: ReadStore };
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** Looks at a deployed repository with the operator's access. Without it, what clients see is still worth showing. */
export async function deployedView(name: string, options: DeploymentOptions, now: Instant): Promise<DeployedView> {
  try {
    const found = await deployed(name, options);
    const [outcome, problems] = await Promise.all([wouldDo(found, now), unconfirmed(found)]);
    const bucket = { place: deployedTrust(found).place, metadata: deployedPlaces(found).hosting };
    return { outcome, bucket, problems, notes: [] };
  } catch (error) {
    if (!isCoded(error) || error.name !== 'FailureError') throw error;
    const { code, remedy } = error;
    const note = { code, message: `What the signer would do is not known here: ${error.message}`, remedy };
    return { outcome: undefined, problems: [], notes: [note] };
  }
}

function wouldDo(found: Deployed, now: Instant): Promise<Outcome> {
  const { name } = found;
  return decide(name, deployedPlaces(found), deployedTrust(found), deployedPolicy(found), now).then(
    ({ outcome }) => outcome,
    (error: unknown) => outcomeOf(error, { repository: name, dryRun: true }),
  );
}

/** An alarm that nobody confirmed to receive is none. */
async function unconfirmed(found: Deployed): Promise<readonly Problem[]> {
  const { configuration, operator } = found;
  const { email } = configuration.alarms;
  if (email === undefined) return [];
  const topics = (['signing', 'watch'] as const).flatMap((stack) => {
    const region = alarmRegionOf(found, stack);
    if (region === undefined) return [];
    return (['page', 'mail'] as const).map((level) => ({ region, name: topicName(configuration.name, stack, level) }));
  });
  const waiting = await Promise.all(
    topics.map(async ({ region, name }) => {
      const TopicArn = `arn:${operator.partition}:sns:${region}:${operator.place.account}:${name}`;
      const sns = new SNSClient({ ...operator.client, region });
      try {
        const { Subscriptions: all = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
        return !all.some(({ SubscriptionArn: arn = '' }) => arn.startsWith('arn:'));
      } catch {
        return false; // a permission that is missing must not hide how clients fare
      }
    }),
  );
  const unheard = topics.filter((_, index) => waiting[index]).map(({ name }) => name);
  if (unheard.length === 0) return [];
  const message = `Nobody receives what these topics say, because ${email} has not confirmed it: ${unheard.join(', ')}.`;
  return [{ code: 'SUBSCRIPTION_UNCONFIRMED', message, remedy: WARNINGS.SUBSCRIPTION_UNCONFIRMED }];
}
