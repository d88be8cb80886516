/** An ARN in its parts. */
export interface Arn {
  /** `aws`, `aws-cn`, `aws-us-gov` or another. */
  readonly partition: string;
  readonly service: string;
  /** Empty for what has none, as in IAM. */
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** Reads an ARN that the patterns below let through. */
export function parseArn(text: string): Arn {
  const [, partition = '', service = '', region = '', account = '', ...resource] = text.split(':');
  return { partition, service, region, account, resource: resource.join(':') };
}

/** Who may assume a role: an account, a role or a user, in any partition. No session, which ends, and no wildcard. */
export const PRINCIPAL = /^arn:aws(-[a-z]+)*:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)$/;

/** A certificate that CloudFront takes: of ACM, or where there is no ACM for it (China), of IAM. */
export const CERTIFICATE =
  /^arn:aws(-[a-z]+)*:(acm:[a-z]{2}(-[a-z]+)+-\d:\d{12}:certificate\/[\w-]+|iam::\d{12}:server-certificate\/[\w+=,.@/-]+)$/;

/** The partition that a region lies in. */
export function partitionOf(region: string): string {
  const [, iso] = /^(?:us|eu)-(iso[a-z]?)-/.exec(region) ?? [];
  if (iso !== undefined) return `aws-${iso}`.replace(/-iso([a-z])$/, '-iso-$1');
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('eusc-') ? 'aws-eusc' : 'aws';
}
