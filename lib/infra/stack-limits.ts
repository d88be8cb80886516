import type { Stack } from 'aws-cdk-lib';
import { CfnResource } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { partitionOf } from '../config/arn.ts';
import { UsageError } from '../contract/errors.ts';

const MAX_RESOURCES = 500; // of one stack; CloudFormation
const MAX_BUCKET_POLICY = 20_480; // bytes; Amazon S3
const MAX_ROLE_POLICIES = 10_240; // characters of all of a role's inline policies, without white space; IAM

/** ARNs that only a deployment gives are counted as this long: a secret's in a region with a long name, with both names as long as they may be. */
const LONGEST_ARN = 140; // characters

/**
 * Refuses what AWS would refuse half way through a deployment: a stack that grew too large because it serves so many repositories.
 * @param count - of the repositories in the stack
 * @throws UsageError CONFIGURATION_INVALID, with how many would fit
 */
export function expectWithinLimits(stack: Stack, count: number): void {
  const resources = stack.node.findAll().filter((one) => CfnResource.isCfnResource(one));
  const exceeds = (what: string, size: number, most: number) => {
    if (size <= most) return;
    const fit = Math.max(1, Math.floor((count * most) / size) - 1); // less one, for what they have in common
    const others =
      'Write the others into a file of their own, with another name: `npx cdk deploy --all -c config=FILE`.';
    const remedy = count > 1 ? `Keep about ${fit} of its ${count} repositories. ${others}` : 'Name fewer publishers.';
    const message = `timekeeper.json makes more of the stack ${stack.stackName} than AWS takes: ${what}.`;
    throw new UsageError(message, { code: 'CONFIGURATION_INVALID', remedy });
  };
  exceeds(`${resources.length} resources of ${MAX_RESOURCES}`, resources.length, MAX_RESOURCES);
  for (const resource of resources) {
    if (resource instanceof CfnBucketPolicy) {
      const size = sizeOf(resource.policyDocument, stack, resources);
      exceeds(`a bucket policy of ${size} bytes of ${MAX_BUCKET_POLICY}`, size, MAX_BUCKET_POLICY);
    }
    if (resource instanceof CfnRole) {
      const policies = stack.resolve(resource.policies ?? []) as readonly { readonly policyDocument: unknown }[];
      const size = policies.reduce((sum, { policyDocument }) => sum + sizeOf(policyDocument, stack, resources), 0);
      exceeds(`a role with ${size} characters of policies of ${MAX_ROLE_POLICIES}`, size, MAX_ROLE_POLICIES);
    }
  }
}

/** How long a policy is once CloudFormation has filled in what only it knows. */
function sizeOf(document: unknown, stack: Stack, resources: readonly CfnResource[]): number {
  const { account, region } = stack;
  const isKnown = (value: string) => !value.startsWith('${Token');
  const partition = isKnown(region) ? partitionOf(region) : 'aws';
  const bucketArns = new Map(
    resources
      .filter((one) => one instanceof CfnBucket)
      .map((bucket) => [stack.getLogicalId(bucket), `arn:${partition}:s3:::${bucket.bucketName ?? ''}`]),
  );
  const pseudo = new Map([
    ['AWS::Partition', partition],
    ['AWS::AccountId', isKnown(account) ? account : '0'.repeat(12)],
    ['AWS::Region', isKnown(region) ? region : 'ap-southeast-1'],
  ]);
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== 'object' || value === null) return value;
    const [[only, argument] = ['', undefined]] = Object.entries(value);
    if (only === 'Ref') return pseudo.get(argument as string) ?? '-'.repeat(LONGEST_ARN);
    if (only === 'Fn::GetAtt') return bucketArns.get((argument as string[])[0] ?? '') ?? '-'.repeat(LONGEST_ARN);
    if (only === 'Fn::Join') return ((argument as [string, unknown[]])[1].map(filled) as string[]).join('');
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
  };
  return JSON.stringify(filled(stack.resolve(document))).length;
}
