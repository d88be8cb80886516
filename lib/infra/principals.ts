import { Aws, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The ARN of a role by its name: a policy can name it before it exists. */
export function roleArn(account: string, roleName: string): string {
  return `arn:${Aws.PARTITION}:iam::${account}:role/${roleName}`;
}

/** The ARN of a bucket by its name. */
export function bucketArn(bucketName: string): string {
  return `arn:${Aws.PARTITION}:s3:::${bucketName}`;
}

/** The ARN of a function by its name: policies name it before it exists. */
export function functionArn(scope: Construct, functionName: string): string {
  const { region, account } = Stack.of(scope);
  return `arn:${Aws.PARTITION}:lambda:${region}:${account}:function:${functionName}`;
}
