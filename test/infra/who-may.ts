import { runSimulation } from '@cloud-copilot/iam-simulate';
import { HOSTING, SIGNING } from './synthesised.ts';
import type { Policy, Statement } from './policies.ts';

/** Where things are: the two accounts apart, or all in one. */
export interface Layout {
  readonly name: 'two accounts' | 'one account';
  readonly hosting: string;
  readonly policies: readonly Policy[];
}

/** Who asks, with what IAM knows of them. */
export interface Asker {
  /** ARN of the role, or the name of an AWS service. */
  readonly principal: string;
  /** Statements beside those of the templates. */
  readonly own?: readonly Statement[];
  readonly context?: Readonly<Record<string, string>>;
}

/** May somebody do this? */
export interface Question {
  readonly action: string;
  readonly arn: string;
  readonly account: string;
  readonly context: Readonly<Record<string, string>>;
}

/** A question, who asks it, and whether he may. */
export interface Cell {
  readonly asker: Asker;
  readonly question: Question;
  readonly expected: boolean;
}

export const EVERYTHING: readonly Statement[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
const MAY_ASSUME: readonly Statement[] = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }];
const STRANGER = '999999999999';

const role = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;
const resignOf = (repository: string) => `arn:aws:lambda:eu-central-1:${SIGNING}:function:updates-${repository}-resign`;

/** Everybody, for one repository. What an account's administrator can do by changing policies or code is not asked here: only what they can do as things are. */
export function askersOf(layout: Layout, repository: string): Readonly<Record<string, Asker>> {
  const other = repository === 'orbit' ? 'agents' : 'orbit';
  const inside = (name: string) => ({ 'lambda:SourceFunctionArn': resignOf(name) });
  const signer = role(SIGNING, `updates-${repository}-signer`);
  const source = (arn: string, account = SIGNING) => ({ 'aws:SourceArn': arn, 'aws:SourceAccount': account });
  const group = (account: string, name: string) => `arn:aws:scheduler:eu-central-1:${account}:schedule-group/${name}`;
  const distribution = layout.policies
    .filter(({ of }) => of.endsWith(`updates-${repository}-tuf-${layout.hosting}-us-east-1`))
    .flatMap(
      ({ statements }) => JSON.stringify(statements).match(/arn:aws:cloudfront::\d+:distribution\/\w+/g) ?? [],
    )[0]!;
  const roleOf = (part: string) => layout.policies.find(({ kind, id }) => kind === 'identity' && id.includes(part))!.of;
  const always = {
    'signer in its function': { principal: signer, context: inside(repository) },
    "another repository's signer": { principal: role(SIGNING, `updates-${other}-signer`), context: inside(other) },
    signer: { principal: signer },
    "another role in the signer's function": {
      principal: role(SIGNING, 'admin'),
      own: EVERYTHING,
      context: inside(repository),
    },
    operator: { principal: role(SIGNING, 'updates-timekeeper-operator') },
    oncall: { principal: role(SIGNING, 'oncall'), own: MAY_ASSUME },
    publisher: { principal: role(layout.hosting, `updates-${repository}-publisher`) },
    'publisher with every permission': {
      principal: role(layout.hosting, `updates-${repository}-publisher`),
      own: EVERYTHING,
    },
    release: { principal: role(layout.hosting, 'release'), own: MAY_ASSUME },
    watchdog: { principal: role(SIGNING, `updates-${repository}-watch`) },
    judge: { principal: roleOf('FoundationVerdictRole') },
    schedule: { principal: roleOf(`updates-signing/${repository}ScheduleRole`) },
    'watch schedule': { principal: roleOf(`updates-watch/${repository}ScheduleRole`) },
    CloudFront: { principal: 'cloudfront.amazonaws.com', context: source(distribution) },
    "somebody else's CloudFront": {
      principal: 'cloudfront.amazonaws.com',
      context: source(`arn:aws:cloudfront::${STRANGER}:distribution/EOTHER`, STRANGER),
    },
    Lambda: { principal: 'lambda.amazonaws.com' },
    Scheduler: { principal: 'scheduler.amazonaws.com', context: source(group(SIGNING, 'updates-timekeeper')) },
    'Scheduler of the watchdog': {
      principal: 'scheduler.amazonaws.com',
      context: source(group(SIGNING, 'updates-timekeeper-watch').replace('eu-central-1', 'eu-west-1')),
    },
    'Scheduler for another group': {
      principal: 'scheduler.amazonaws.com',
      context: source(group(SIGNING, 'another')),
    },
    'Scheduler for another account': {
      principal: 'scheduler.amazonaws.com',
      context: source(group(SIGNING, 'updates-timekeeper'), STRANGER),
    },
    "Scheduler of the watchdog's for another account": {
      principal: 'scheduler.amazonaws.com',
      context: source(group(SIGNING, 'updates-timekeeper-watch').replace('eu-central-1', 'eu-west-1'), STRANGER),
    },
    'an alarm': {
      principal: 'cloudwatch.amazonaws.com',
      context: source(`arn:aws:cloudwatch:eu-central-1:${SIGNING}:alarm:updates-orbit-signing-page`),
    },
    "the watchdog's alarm": {
      principal: 'cloudwatch.amazonaws.com',
      context: source(`arn:aws:cloudwatch:eu-west-1:${SIGNING}:alarm:updates-orbit-watch-page`),
    },
    'a rule': {
      principal: 'events.amazonaws.com',
      context: source(`arn:aws:events:eu-central-1:${SIGNING}:rule/updates-signing-key`),
    },
    "the watchdog's rule": {
      principal: 'events.amazonaws.com',
      context: source(`arn:aws:events:eu-west-1:${SIGNING}:rule/updates-watch`),
    },
    "somebody else's alarm or rule": {
      principal: 'cloudwatch.amazonaws.com',
      context: source(`arn:aws:cloudwatch:eu-central-1:${STRANGER}:alarm:x`, STRANGER),
    },
    "signing account's administrator": { principal: role(SIGNING, 'admin'), own: EVERYTHING },
    stranger: { principal: role(STRANGER, 'admin'), own: EVERYTHING },
  };
  return layout.name === 'two accounts'
    ? { ...always, "hosting account's administrator": { principal: role(HOSTING, 'admin'), own: EVERYTHING } }
    : {
        ...always,
        'signer with every permission': { principal: signer, own: EVERYTHING, context: inside(repository) },
        'operator with every permission': { principal: role(SIGNING, 'updates-timekeeper-operator'), own: EVERYTHING },
      };
}

/** What IAM answers. */
export async function may(layout: Layout, asker: Asker, { action, arn, account, context }: Question): Promise<boolean> {
  const isService = !asker.principal.startsWith('arn:');
  const identity = layout.policies
    .filter(({ kind, of }) => kind === 'identity' && of === asker.principal)
    .flatMap(({ statements }) => statements);
  const attached = layout.policies.find(
    ({ kind, of }) => kind === (action === 'sts:AssumeRole' ? 'trust' : 'resource') && isOf(arn, of),
  );
  const all = [...identity, ...(asker.own ?? [])];
  const document = (statements: readonly Statement[]) => ({ Version: '2012-10-17', Statement: statements });
  const simulated = await runSimulation(
    {
      request: {
        principal: asker.principal,
        action,
        resource: { resource: arn, accountId: account },
        contextVariables: {
          'aws:SecureTransport': 'true',
          ...(action.startsWith('s3:') && context['aws:SecureTransport'] !== 'false' && { 's3:TlsVersion': '1.3' }),
          'aws:PrincipalIsAWSService': String(isService),
          ...(!isService && {
            'aws:PrincipalArn': asker.principal,
            'aws:PrincipalAccount': asker.principal.split(':')[4]!,
          }),
          ...asker.context,
          ...context,
        },
      },
      identityPolicies: all.length === 0 ? [] : [{ name: 'own', policy: document(all) }],
      ...(attached !== undefined &&
        attached.statements.length > 0 && {
          resourcePolicy: document(attached.statements),
        }),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (simulated.resultType === 'error') throw new Error(JSON.stringify({ action, arn, simulated }).slice(0, 2_000));
  return simulated.overallResult === 'Allowed';
}

/** A bucket's policy is asked for its objects too, a function's for its versions. */
function isOf(arn: string, of: string): boolean {
  return arn === of || (of.startsWith('arn:aws:s3:::') && arn.startsWith(`${of}/`));
}
