import * as names from '../contract/names.ts';
import type { Place } from '../contract/names.ts';

const MAX_FUNCTION_NAME = 64; // characters; AWS Lambda
const MAX_ROLE_NAME = 64; // characters; IAM
const MAX_BUCKET_NAME = 63; // characters; Amazon S3
const MAX_SCHEDULE_GROUP_NAME = 64; // characters; EventBridge Scheduler
const MAX_STACK_NAME = 128; // characters; CloudFormation

/** A name that AWS would refuse. */
export interface LongName {
  /** What it is of, as in "the state bucket". */
  readonly what: string;
  readonly name: string;
  readonly most: number;
}

/** Which of a deployment's own names are too long. */
export function longNames(deployment: string, signing: Partial<Place>, watch: Partial<Place>): LongName[] {
  return tooLong([
    ["the operator's role", names.operatorRoleName(deployment), MAX_ROLE_NAME],
    ['the state bucket', names.stateBucketName(deployment, assumed(signing)), MAX_BUCKET_NAME],
    ["the watchdog's bucket", names.watchBucketName(deployment, assumed(watch)), MAX_BUCKET_NAME],
    ['the schedule group', names.scheduleGroupName(deployment), MAX_SCHEDULE_GROUP_NAME],
  ]);
}

/** Which names of one repository are too long. */
export function longRepositoryNames(
  deployment: string,
  repository: string,
  hosting: Partial<Place> | undefined,
): LongName[] {
  return tooLong([
    ["the signer's function", names.signerFunctionName(deployment, repository), MAX_FUNCTION_NAME],
    ["the watchdog's function", names.watchFunctionName(deployment, repository), MAX_FUNCTION_NAME],
    ["the signer's role", names.signerRoleName(deployment, repository), MAX_ROLE_NAME],
    ["the publisher's role", names.publisherRoleName(deployment, repository), MAX_ROLE_NAME],
    ['the hosting stack', names.stackName(deployment, { hosting: repository }), MAX_STACK_NAME],
    ...(hosting === undefined
      ? []
      : [
          [
            'the hosting bucket',
            names.hostingBucketName(deployment, repository, assumed(hosting)),
            MAX_BUCKET_NAME,
          ] as const,
        ]),
  ]);
}

/** What is known only when it is deployed, as long as it can be. */
function assumed({ account = '0'.repeat(12), region = 'ap-southeast-1' }: Partial<Place>): Place {
  return { account, region };
}

function tooLong(candidates: readonly (readonly [what: string, name: string, most: number])[]): LongName[] {
  return candidates.filter(([, name, most]) => name.length > most).map(([what, name, most]) => ({ what, name, most }));
}
