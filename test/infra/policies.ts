import { arnOf, resolved, type RawTemplate, type StackPlace } from './template-values.ts';

/** A statement as IAM reads it. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [field: string]: unknown;
}

/** One policy of a template: of a role (what it may), of a resource (who may with it), or a role's trust (who may assume it). */
export interface Policy {
  /** Stack and logical id: the same in both layouts. */
  readonly id: string;
  readonly kind: 'identity' | 'resource' | 'trust';
  /** ARN of the role or of the resource. */
  readonly of: string;
  readonly account: string;
  readonly statements: readonly Statement[];
}

const DOCUMENTS: Readonly<Record<string, { readonly document: string; readonly of: string }>> = {
  'AWS::S3::BucketPolicy': { document: 'PolicyDocument', of: 'Bucket' },
  'AWS::SQS::QueuePolicy': { document: 'PolicyDocument', of: 'Queues' },
  'AWS::SNS::TopicPolicy': { document: 'PolicyDocument', of: 'Topics' },
  'AWS::SecretsManager::ResourcePolicy': { document: 'ResourcePolicy', of: 'SecretId' },
};

/** Every policy in a template, with everything in it resolved. */
export function policiesIn(template: RawTemplate, place: StackPlace): Policy[] {
  const found: Policy[] = [];
  for (const [name, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    const value = resolved(Properties, template, place) as Record<string, unknown>;
    const add = (kind: Policy['kind'], of: string, document: unknown, suffix = '') =>
      found.push({
        id: `${place.stack}/${name}${suffix}`,
        kind,
        of,
        account: place.account,
        statements: (document as { Statement: Statement[] }).Statement,
      });
    const known = DOCUMENTS[Type];
    if (known !== undefined) add('resource', targetOf(Properties[known.of], template, place), value[known.document]);
    if (Type === 'AWS::KMS::Key') add('resource', arnOf(name, template, place), value.KeyPolicy);
    if (Type === 'AWS::IAM::Role') {
      const role = arnOf(name, template, place);
      add('trust', role, value.AssumeRolePolicyDocument, ' (trust)');
      for (const { PolicyDocument } of (value.Policies ?? []) as { PolicyDocument: unknown }[])
        add('identity', role, PolicyDocument);
      if (value.ManagedPolicyArns !== undefined) throw new Error(`${name} has a managed policy.`);
    }
    if (Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy' || Type === 'AWS::Lambda::Permission')
      throw new Error(`${name} is a ${Type}: roles have their statements in them.`);
  }
  return found;
}

/** The ARN of what a policy is attached to. */
function targetOf(target: unknown, template: RawTemplate, place: StackPlace): string {
  const one: unknown = Array.isArray(target) ? target[0] : target;
  const name = (one as { Ref?: string }).Ref;
  if (name === undefined) throw new Error(`A policy is attached to ${JSON.stringify(target)}.`);
  return arnOf(name, template, place);
}
