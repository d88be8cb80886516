import { RemovalPolicy, Stack, type Duration } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { handlerCode, type HandlerName } from './lambda-code.ts';

/** A function with a role and a log group of its own. */
export interface OwnFunctionProps {
  /** One of the bundled handlers. */
  readonly handler: HandlerName;
  readonly functionName: string;
  /** The role's fixed name, where another policy names it. @default - CloudFormation makes one */
  readonly roleName?: string;
  readonly description: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the function may do beside writing its log. */
  readonly statements: readonly PolicyStatement[];
  readonly timeout: Duration;
  /** In MiB; the CPU grows with it. @default 512 */
  readonly memorySize?: number;
  /** How long the log is kept. @default RetentionDays.ONE_YEAR */
  readonly logRetention?: RetentionDays;
  /** @default - none: a new account has 10 in all, and the conditional puts already guard against two at once */
  readonly reservedConcurrentExecutions?: number;
}

/** A Lambda function whose role may do what its statements say and write its own log, and nothing else: no managed policy, no statement that a library adds. */
export class OwnFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** The role's statements, to which more can be added until the template is written. */
  readonly policy: PolicyDocument;

  constructor(scope: Construct, id: string, props: OwnFunctionProps) {
    super(scope, id);
    const { handler, functionName, roleName, logRetention = RetentionDays.ONE_YEAR } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.policy = new PolicyDocument({ statements: [logStatement(this, functionName), ...props.statements] });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      ...(roleName !== undefined && { roleName }),
      description: props.description,
      inlinePolicies: { Own: this.policy },
    });
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout,
      code: handlerCode(this, handler),
      handler: `${handler}.handler`,
      role: this.role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      ...(props.environment !== undefined && { environment: props.environment }),
      ...(props.reservedConcurrentExecutions !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      }),
    });
  }
}

function logStatement(scope: Construct, functionName: string): PolicyStatement {
  const { partition, region, account } = Stack.of(scope);
  return new PolicyStatement({
    sid: 'OwnLog',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [`arn:${partition}:logs:${region}:${account}:log-group:/aws/lambda/${functionName}:*`],
  });
}
