import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { appOf, TWO } from './synthesised.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

/** Every finding that is let stand: the rule, where, and why. */
const LET_STAND: readonly { readonly rule: RegExp; readonly at: RegExp; readonly why: string }[] = [
  {
    rule: /^AwsSolutions-S1$/,
    at: /Bucket\/Resource$/,
    why: 'Access logs of what is public anyway would hold the addresses of a whole fleet; state and memory keep every version, and CloudTrail can log data events.',
  },
  { rule: /^AwsSolutions-CFR1$/, at: /Distribution/, why: 'Clients are wherever their users are.' },
  {
    rule: /^AwsSolutions-CFR2$/,
    at: /Distribution/,
    why: 'GET of static, signed files; a firewall costs more than all the rest and can lock clients out.',
  },
  {
    rule: /^AwsSolutions-CFR3$/,
    at: /Distribution/,
    why: "The addresses of a whole fleet are kept only where somebody decides to: it is his distribution's setting.",
  },
  {
    rule: /^AwsSolutions-IAM5\[.*:log-group:\/aws\/lambda\/[\w-]+:\*\]$/,
    at: /(Signer|Watch|Verdict)\/Role/,
    why: 'The streams of its own log group, whose names Lambda makes.',
  },
  {
    rule: /^AwsSolutions-IAM5\[.*:function:updates-\w+-resign:\*\]$/,
    at: /Verdict\/Role/,
    why: 'The versions of one function: the new one has its number only when it is there.',
  },
  {
    rule: /^AwsSolutions-IAM5\[.*\/(targets\/)?\*\]$/,
    at: /Publisher\/Role/,
    why: "A publisher writes all of its repository's files, and removes old targets.",
  },
  {
    rule: /^AwsSolutions-IAM5\[.*\*\.json\]$/,
    at: /Signer\/Role/,
    why: 'The metadata of one repository: N.root.json has a new name each time.',
  },
  {
    rule: /^AwsSolutions-IAM5\[.*\*.*\.json\]$/,
    at: /Operator\/Role/,
    why: "The same object of each of the deployment's repositories, and the metadata of each.",
  },
  { rule: /^AwsSolutions-IAM5\[.*:alarm:updates-\*\]$/, at: /Operator\/Role/, why: "The deployment's own alarms." },
  {
    rule: /^AwsSolutions-IAM5\[.*>\/(orbit|agents)\/\*\]$/,
    at: /(Signer|Watch)\/Role/,
    why: "The folder of one repository; what may be written in it is named object by object, or is the watchdog's own.",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: /Operator\/Role/,
    why: 'DescribeAlarms: CloudWatch tells of alarms to those who may see all of the account.',
  },
  {
    rule: /^AwsSolutions-SMG4$/,
    at: /Passphrase\/Secret$/,
    why: 'A passphrase fits one key file: both are replaced together, by enroll.',
  },
  {
    rule: /^(AwsSolutions-SQS3|Serverless-SQSRedrivePolicy)$/,
    at: /(Failed|Undelivered|Lost)\/Queue/,
    why: 'It is itself where failures land; an alarm says that it is not empty.',
  },
  {
    rule: /^Serverless-LambdaDLQ$/,
    at: /(Signer|Watch)\/Function/,
    why: 'Its on-failure destination says more, and stands at the alias that is invoked.',
  },
  {
    rule: /^Serverless-LambdaDLQ$/,
    at: /Verdict\/Function/,
    why: 'CloudFormation waits for its answer, and fails the deployment without one.',
  },
  {
    rule: /^Serverless-LambdaTracing$/,
    at: /Function/,
    why: 'One log line a run says all; a tracer would be more code beside the key, and a permission on every resource.',
  },
  {
    rule: /^Serverless-SNSRedrivePolicy$/,
    at: /Topics\/(Page|Mail)/,
    why: 'An e-mail that bounces reaches nobody by way of a queue either; status says that a subscription is not confirmed.',
  },
  {
    rule: /^Serverless-EventBusDLQ$/,
    at: /Key\/Rule$/,
    why: 'An alarm counts what the rule matched, whether or not its mail went out.',
  },
];

test('cdk-nag has no finding without a reason, and no reason is without a finding', () => {
  const app = appOf(TWO);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).toThrow(); // for what is found, let stand or not: the report is what is judged
  const report = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as Report;
  const findings = report.pluginReports
    .filter(({ pluginName }) => ['AwsSolutions', 'Serverless'].includes(pluginName))
    .flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => ({ rule: ruleName, at: constructPath })),
      ),
    );
  const stands = (finding: { rule: string; at: string }) =>
    LET_STAND.filter(({ rule, at }) => rule.test(finding.rule) && at.test(finding.at));
  expect(findings.filter((finding) => stands(finding).length !== 1).map(({ rule, at }) => `${rule} ${at}`)).toEqual([]);
  expect(LET_STAND.filter((one) => !findings.some((finding) => stands(finding).includes(one)))).toEqual([]);
});
