import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { bucketArn } from './principals.ts';
import type { SignedPlace } from './timestamp-signer.ts';

/** What the signer reads of the repository, and the one object that it writes. It needs ListBucket to be told 404 instead of 403. */
export function placeStatements({ bucketName, prefix = '' }: SignedPlace): PolicyStatement[] {
  const bucket = bucketArn(bucketName);
  return [
    new PolicyStatement({ sid: 'ReadMetadata', actions: ['s3:GetObject'], resources: [`${bucket}/${prefix}*.json`] }),
    new PolicyStatement({ sid: 'ListMetadata', actions: ['s3:ListBucket'], resources: [bucket] }),
    new PolicyStatement({
      sid: 'WriteTimestamp',
      actions: ['s3:PutObject'],
      resources: [`${bucket}/${prefix}timestamp.json`],
    }),
  ];
}

/** Of the state it reads what is of this repository, and writes the journal and the root chain. */
export function stateStatements(stateBucket: string, repository: string): PolicyStatement[] {
  return [
    new PolicyStatement({ sid: 'ReadState', actions: ['s3:GetObject'], resources: [`${stateBucket}/${repository}/*`] }),
    new PolicyStatement({ sid: 'ListState', actions: ['s3:ListBucket'], resources: [stateBucket] }),
    new PolicyStatement({
      sid: 'WriteState',
      actions: ['s3:PutObject'],
      resources: ['journal', 'root-chain'].map((name) => `${stateBucket}/${repository}/${name}.json`),
    }),
  ];
}

/** The operator looks at what is published, and changes nothing of it. */
export function operatorPlaceStatements({ bucketName, prefix = '' }: SignedPlace): PolicyStatement[] {
  const bucket = bucketArn(bucketName);
  return [
    new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${bucket}/${prefix}*.json`] }),
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket] }),
  ];
}
