/** A template as it was synthesised. */
export interface RawTemplate {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}

/** Where a stack is. */
export interface StackPlace {
  readonly stack: string;
  readonly account: string;
  readonly region: string;
}

/** Replaces Ref, Fn::GetAtt and Fn::Join by what they come to once the stack is there. */
export function resolved(value: unknown, template: RawTemplate, place: StackPlace): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(item, template, place));
  if (typeof value !== 'object' || value === null) return value;
  const [[only, argument] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (only === 'Ref') return refOf(argument as string, template, place);
    if (only === 'Fn::GetAtt') return attributeOf(argument as [string, string], template, place);
    if (only === 'Fn::Join') {
      const [by, parts] = argument as [string, unknown[]];
      return parts.map((part) => resolved(part, template, place)).join(by);
    }
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, template, place)]));
}

function refOf(name: string, template: RawTemplate, place: StackPlace): unknown {
  const pseudo = new Map([
    ['AWS::AccountId', place.account],
    ['AWS::Region', place.region],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
  ]).get(name);
  if (pseudo !== undefined) return pseudo;
  const { Type } = resourceOf(name, template);
  if (Type === 'AWS::CloudFront::Distribution') return `E${name.slice(-8)}`;
  if (Type === 'AWS::KMS::Key') return name;
  if (Type === 'AWS::Lambda::Function') return named(name, 'FunctionName', template, place);
  if (Type === 'AWS::S3::Bucket') return named(name, 'BucketName', template, place);
  return arnOf(name, template, place);
}

function attributeOf([name, attribute]: [string, string], template: RawTemplate, place: StackPlace): unknown {
  return attribute === 'Arn' || attribute === 'TopicArn' ? arnOf(name, template, place) : `${name}.${attribute}`;
}

function named(name: string, property: string, template: RawTemplate, place: StackPlace): string {
  const given = resourceOf(name, template).Properties?.[property];
  return given === undefined ? `${place.stack}-${name}` : String(resolved(given, template, place));
}

/** The ARN that a resource will have. */
export function arnOf(name: string, template: RawTemplate, place: StackPlace): string {
  const { Type } = resourceOf(name, template);
  const { account, region } = place;
  const own = (property: string) => named(name, property, template, place);
  switch (Type) {
    case 'AWS::S3::Bucket':
      return `arn:aws:s3:::${own('BucketName')}`;
    case 'AWS::IAM::Role':
      return `arn:aws:iam::${account}:role/${own('RoleName')}`;
    case 'AWS::SQS::Queue':
      return `arn:aws:sqs:${region}:${account}:${own('QueueName')}`;
    case 'AWS::SNS::Topic':
      return `arn:aws:sns:${region}:${account}:${own('TopicName')}`;
    case 'AWS::KMS::Key':
      return `arn:aws:kms:${region}:${account}:key/${name}`;
    case 'AWS::SecretsManager::Secret':
      return `arn:aws:secretsmanager:${region}:${account}:secret:${own('Name')}-AbCdEf`;
    case 'AWS::Lambda::Function':
      return `arn:aws:lambda:${region}:${account}:function:${own('FunctionName')}`;
    case 'AWS::Lambda::Alias':
      return `arn:aws:lambda:${region}:${account}:function:${own('FunctionName')}:live`;
    case 'AWS::CloudWatch::Alarm':
      return `arn:aws:cloudwatch:${region}:${account}:alarm:${own('AlarmName')}`;
    default:
      return `${Type}/${name}`;
  }
}

function resourceOf(name: string, template: RawTemplate): RawTemplate['Resources'][string] {
  const found = template.Resources[name];
  if (found === undefined) throw new Error(`The template has no ${name}.`);
  return found;
}
