import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { Match } from 'aws-cdk-lib/assertions';
import { ALARMS, alarmDescription, alarmName, type AlarmKind } from '../../lib/contract/alarms.ts';
import { METRICS } from '../../lib/contract/metrics.ts';
import { addDeployment } from '../../lib/infra/deployment.ts';
import { hostingStatements } from '../../lib/infra/hosting-policy.ts';
import { appOf, configurationOf, HOSTING, SIGNING, templatesOf, TWO } from './synthesised.ts';
import { resolved, type RawTemplate } from './template-values.ts';

const templates = templatesOf(appOf(TWO));
const hosting = templates['updates-orbit-hosting']!;
const signing = templates['updates-signing']!;
const watch = templates['updates-watch']!;
const all = Object.entries(templates).map(([stack, template]) => ({ stack, template }));

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}
/** As Template.hasResourceProperties, which throws, but seen by the linter as an assertion. */
const expectResource = (template: Template, type: string, properties: object): void => {
  template.hasResourceProperties(type, properties);
};
const resourcesOf = (template: Template, type: string): Resource[] =>
  Object.values(template.findResources(type)) as Resource[];

test('there is a stack for each repository that is hosted here, one that signs and one that watches', () => {
  expect(Object.keys(templates)).toEqual(['updates-orbit-hosting', 'updates-signing', 'updates-watch']);
});

describe.each(all)('$stack', ({ template }) => {
  test('keeps its bucket private, versioned, without ACLs, and when the stack goes', () => {
    const buckets = resourcesOf(template, 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(1);
    expect(buckets[0]).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      },
    });
  });

  test('refers to no other stack', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput/);
    expect(Object.values(template.findOutputs('*')).filter((output) => 'Export' in output)).toEqual([]);
  });

  test('gives a role nothing but its own statements', () => {
    expect(
      resourcesOf(template, 'AWS::IAM::Role').filter(({ Properties }) => 'ManagedPolicyArns' in Properties),
    ).toEqual([]);
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
    template.resourceCountIs('AWS::Lambda::Permission', 0);
  });

  test('is what it was, but for the hashes of the handlers', () => {
    const text = JSON.stringify(template.toJSON(), null, 1)
      .replace(/[0-9a-f]{64}\.zip/g, 'HASH.zip')
      .replace(/CurrentVersion[0-9A-F]{8}[0-9a-f]{32}/g, 'CurrentVersion');
    expect(JSON.parse(text)).toMatchSnapshot();
  });
});

describe('hosting', () => {
  const [distribution] = resourcesOf(hosting, 'AWS::CloudFront::Distribution') as unknown as {
    Properties: { DistributionConfig: Record<string, unknown> };
  }[];
  const config = distribution!.Properties.DistributionConfig;

  test('keeps unversioned metadata for a minute, versioned for a day, and targets for a minute unless they say more', () => {
    const policies = hosting.findResources('AWS::CloudFront::CachePolicy') as Record<
      string,
      { Properties: { CachePolicyConfig: { MinTTL: number; DefaultTTL: number; MaxTTL: number } } }
    >;
    const ttlOf = (behavior: unknown) => {
      const { CachePolicyId: id } = behavior as { CachePolicyId: { Ref: string } };
      const { MinTTL, DefaultTTL, MaxTTL } = policies[id.Ref]!.Properties.CachePolicyConfig;
      return [MinTTL, DefaultTTL, MaxTTL];
    };
    expect(ttlOf(config.DefaultCacheBehavior)).toEqual([0, 60, 60]);
    const others = (config.CacheBehaviors as { PathPattern: string }[]).map((behavior) => [
      behavior.PathPattern,
      ...ttlOf(behavior),
    ]);
    expect(others).toEqual([
      ['targets/*', 0, 60, 31_536_000], // fleetctl's channels are paths whose content changes
      ['*.root.json', 0, 86_400, 31_536_000],
      ['*.snapshot.json', 0, 86_400, 31_536_000],
      ['*.targets.json', 0, 86_400, 31_536_000],
    ]);
  });

  test('forgets a missing object after 10 seconds, and answers with what the bucket said', () => {
    expect(config.CustomErrorResponses).toEqual([
      { ErrorCode: 403, ErrorCachingMinTTL: 10 },
      { ErrorCode: 404, ErrorCachingMinTTL: 10 },
    ]);
  });

  test('lets CloudFront list, so that a missing object is a 404, and forwards no query with which to list', () => {
    expectResource(hosting, 'AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudfront.amazonaws.com' },
            Action: ['s3:GetObject', 's3:ListBucket'],
          }),
        ]),
      },
    });
    hosting.allResourcesProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: {
        ParametersInCacheKeyAndForwardedToOrigin: { QueryStringsConfig: { QueryStringBehavior: 'none' } },
      },
    });
    expect(JSON.stringify(config)).not.toContain('OriginRequestPolicyId');
  });

  test.each([
    { asked: '//timestamp.json', answer: { uri: '/timestamp.json' } },
    { asked: '/timestamp.json', answer: { uri: '/timestamp.json' } },
    { asked: '/targets/a//b', answer: { uri: '/targets/a//b' } },
    { asked: '/', answer: { statusCode: 404 } },
    { asked: '///', answer: { statusCode: 404 } },
  ])('answers $asked with $answer', ({ asked, answer }) => {
    const [edge] = resourcesOf(hosting, 'AWS::CloudFront::Function');
    const code = edge!.Properties.FunctionCode as string;
    const handler = runInNewContext(`${code}; handler`) as (event: object) => object;
    expect(JSON.parse(JSON.stringify(handler({ request: { uri: asked } })))).toEqual(answer);
    const behaviors = [config.DefaultCacheBehavior, ...(config.CacheBehaviors as unknown[])];
    for (const behavior of behaviors)
      expect(behavior).toMatchObject({ FunctionAssociations: [{ EventType: 'viewer-request' }] });
  });

  test('takes TLS 1.2 or later on a domain of its own, and sends plain HTTP there', () => {
    expect(config).toMatchObject({
      Aliases: ['updates.example.com'],
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
      DefaultCacheBehavior: { ViewerProtocolPolicy: 'redirect-to-https' },
    });
  });
});

describe('signing', () => {
  test('runs each signer alone: Node 24, arm64, 512 MiB, no reserved concurrency, its own log that ends', () => {
    for (const repository of ['orbit', 'agents']) {
      expectResource(signing, 'AWS::Lambda::Function', {
        FunctionName: `updates-${repository}-resign`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: 512,
        ReservedConcurrentExecutions: Match.absent(),
      });
      expectResource(signing, 'AWS::Logs::LogGroup', {
        LogGroupName: `/aws/lambda/updates-${repository}-resign`,
        RetentionInDays: 365,
      });
    }
  });

  test('passes no secret through CloudFormation, and keeps secret and key when the stack goes', () => {
    const [secret] = resourcesOf(signing, 'AWS::SecretsManager::Secret');
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', Properties: { Name: 'timekeeper/updates/orbit' } });
    expect(Object.keys(secret!.Properties).toSorted()).toEqual(['Description', 'Name']); // neither a value nor a made one
    const [key] = resourcesOf(signing, 'AWS::KMS::Key');
    expect(key).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY', PendingWindowInDays: 30 },
    });
  });

  test.each([
    { type: 'kms-ed25519', spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512' },
    { type: 'kms-p256', spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256' },
    { type: 'kms-rsa', spec: 'RSA_3072', algorithm: 'RSASSA_PSS_SHA_256' },
  ])('makes a key of type $type that signs with $algorithm alone', ({ type, spec, algorithm }) => {
    const agents = { ...TWO.repositories.agents, key: { type } };
    const made = templatesOf(appOf({ ...TWO, repositories: { agents } }))['updates-signing']!;
    expectResource(made, 'AWS::KMS::Key', {
      KeySpec: spec,
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'kms:Sign',
            Condition: Match.objectLike({
              StringEquals: { 'kms:SigningAlgorithm': algorithm, 'kms:MessageType': 'RAW' },
            }),
          }),
        ]),
      },
    });
  });

  test('invokes the alias, in a group of its own, with retries within one check and a queue behind', () => {
    expectResource(signing, 'AWS::Scheduler::Schedule', {
      Name: 'orbit',
      GroupName: { Ref: Match.stringLikeRegexp('^FoundationSchedules') },
      ScheduleExpression: 'rate(1 hour)',
      Target: {
        Arn: { Ref: Match.stringLikeRegexp('^orbitLiveAlias') },
        Input: '{"repository":"orbit"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 10 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^orbitUndelivered'), 'Arn'] } },
      },
    });
    expectResource(signing, 'AWS::Lambda::EventInvokeConfig', {
      FunctionName: 'updates-orbit-resign',
      Qualifier: 'live',
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3_600,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^orbitFailed'), 'Arn'] } },
      },
    });
  });

  test('lets CloudFormation move the alias to the version that the verdict gives', () => {
    expectResource(signing, 'AWS::Lambda::Alias', {
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [Match.stringLikeRegexp('^orbitLiveVerdict'), 'version'] },
    });
    expectResource(signing, 'Custom::TimekeeperVerdict', {
      version: { 'Fn::GetAtt': [Match.stringLikeRegexp('^orbitSignerFunctionCurrentVersion'), 'Version'] },
      repository: 'orbit',
    });
  });

  test("prints the statements that the policy of a user's own bucket needs", () => {
    const template = signing.toJSON() as RawTemplate;
    const place = { stack: 'updates-signing', account: SIGNING, region: 'eu-central-1' };
    const [output] = Object.entries(signing.findOutputs('*')).filter(([name]) =>
      name.startsWith('agentsBucketPolicyStatements'),
    );
    const printed: unknown = JSON.parse(resolved((output![1] as { Value: unknown }).Value, template, place) as string);
    const stack = new Stack(new App(), 'any', { env: place });
    const expected = hostingStatements({
      bucketName: 'existing-bucket',
      prefix: 'tuf/',
      signingAccount: SIGNING,
      signerRoleName: 'updates-agents-signer',
      operatorRoleName: 'updates-timekeeper-operator',
      publishers: [`arn:aws:iam::${SIGNING}:role/updates-agents-publisher`],
    }).map((statement) => resolved(stack.resolve(statement.toStatementJson()), template, place));
    expect(printed).toEqual(expected);
    expect(expected).toHaveLength(7);
  });
});

describe('the alarms', () => {
  const kinds = Object.keys(ALARMS) as AlarmKind[];
  const made = (kind: AlarmKind) => {
    const template = ALARMS[kind].stack === 'signing' ? signing : watch;
    const found = resourcesOf(template, 'AWS::CloudWatch::Alarm');
    return found.filter(({ Properties }) => Properties.AlarmName === alarmName('updates', 'orbit', kind));
  };

  test.each(kinds)(
    '%s is there once for each repository, says what to do, and watches a metric that is emitted',
    (kind) => {
      const [alarm, ...more] = made(kind);
      expect(more).toEqual([]);
      expect(alarm!.Properties.AlarmDescription).toBe(alarmDescription(kind, 'orbit', []));
      expect((alarm!.Properties.AlarmDescription as string).length).toBeLessThanOrEqual(1_024);
      const { Namespace: namespace, MetricName: metric } = alarm!.Properties;
      expect(namespace === 'Timekeeper' ? Object.keys(METRICS) : [metric]).toContain(metric);
      const { EvaluationPeriods: periods, Period: period } = alarm!.Properties as Record<string, number>;
      expect(periods! * period!).toBeLessThanOrEqual(period! >= 3_600 ? 604_800 : 86_400);
    },
  );

  test.each(kinds.filter((kind) => ALARMS[kind].level === 'mail'))('%s mails by itself', (kind) => {
    expect(made(kind)[0]!.Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^TopicsMail/) as unknown }]);
  });

  test.each(kinds.filter((kind) => ALARMS[kind].level === 'page'))(
    '%s pages through the one composite alarm only',
    (kind) => {
      const template = ALARMS[kind].stack === 'signing' ? signing : watch;
      const [alarm] = made(kind);
      expect(alarm!.Properties).not.toHaveProperty('AlarmActions');
      const [page] = resourcesOf(template, 'AWS::CloudWatch::CompositeAlarm').filter(
        ({ Properties }) => Properties.AlarmName === `updates-orbit-${ALARMS[kind].stack}-page`,
      );
      expect(JSON.stringify(page!.Properties.AlarmRule)).toContain(`orbitWatchedAlarms${kind.replaceAll('-', '')}`);
      expect(page!.Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^TopicsPage/) as unknown }]);
    },
  );

  test.each(['signer-silent', 'watch-silent'] as const)('%s takes no data for bad news', (kind) => {
    expect(made(kind)[0]!.Properties).toMatchObject({
      TreatMissingData: 'breaching',
      EvaluationPeriods: 2,
      Period: 3_600,
    });
  });

  test('tell the one who is configured, on both topics of each stack', () => {
    for (const template of [signing, watch]) {
      const told = resourcesOf(template, 'AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint);
      expect(told).toEqual(['oncall@example.com', 'oncall@example.com']);
    }
  });
});

describe('the watchdog', () => {
  test("has a role without a key and without another bucket than its memory's", () => {
    const roles = resourcesOf(watch, 'AWS::IAM::Role').filter(
      ({ Properties }) => Properties.RoleName === 'updates-orbit-watch',
    );
    const text = JSON.stringify(roles);
    expect(roles).toHaveLength(1);
    expect(text).not.toMatch(/kms:|secretsmanager:|tuf-|state/);
  });
});

describe('synth', () => {
  test.each([
    { partition: 'aws-cn', region: 'cn-north-1' },
    { partition: 'aws-us-gov', region: 'us-gov-west-1' },
  ])('in $partition names no other partition', ({ region }) => {
    const place = { account: SIGNING, region };
    const made = templatesOf(
      appOf({
        name: 'updates',
        signing: place,
        repositories: {
          orbit: { hosting: { ...place }, root: { version: 1, sha256: 'a'.repeat(64) } },
          agents: { ...TWO.repositories.agents },
        },
      }),
    );
    for (const template of Object.values(made)) expect(JSON.stringify(template.toJSON())).not.toMatch(/arn:aws:/);
  });

  test('uses the qualifier of a bootstrap, and puts its boundary on every role', () => {
    const made = templatesOf(
      appOf(TWO, {
        context: {
          '@aws-cdk/core:bootstrapQualifier': 'acme',
          '@aws-cdk/core:permissionsBoundary': { name: 'developer-boundary' },
        },
      }),
    );
    for (const template of Object.values(made)) {
      expect(JSON.stringify(template.toJSON())).not.toContain('hnb659fds');
      for (const { Properties } of resourcesOf(template, 'AWS::IAM::Role'))
        expect(JSON.stringify(Properties.PermissionsBoundary)).toContain(':policy/developer-boundary');
    }
  });

  test('fits any account and region where none is written', () => {
    const made = appOf({
      name: 'updates',
      repositories: { orbit: { hosting: {}, root: { version: 1, sha256: 'a'.repeat(64) } } },
    });
    for (const stack of made.node.children.filter((child) => Stack.isStack(child)))
      expect(stack.environment).toBe('aws://unknown-account/unknown-region');
    expect(Object.keys(templatesOf(made))).toHaveLength(3);
  });

  test('takes what is not written from whoever deploys', () => {
    const made = appOf(
      { name: 'updates', repositories: { orbit: { hosting: {}, root: { version: 1, sha256: 'a'.repeat(64) } } } },
      { deployer: { account: HOSTING, region: 'eu-north-1' } },
    );
    for (const stack of made.node.children.filter((child) => Stack.isStack(child)))
      expect(stack.environment).toBe(`aws://${HOSTING}/eu-north-1`);
  });

  test('says which place is missing where some are written and nobody is logged in', () => {
    const configuration = configurationOf({
      name: 'updates',
      repositories: {
        orbit: {
          hosting: { account: HOSTING, region: 'us-east-1', url: 'https://updates.example.com/' },
          root: { version: 1, sha256: 'a'.repeat(64) },
        },
      },
    });
    expect(() => {
      addDeployment(new App(), configuration, { account: undefined, region: undefined });
    }).toThrow('signing.account is not written, and there are no credentials to tell it from.');
  });

  test('protects every stack from deletion, unless it is told to make them removable', () => {
    const isProtected = (app: App) =>
      app.node.children
        .filter((child) => Stack.isStack(child))
        .map(({ terminationProtection }) => terminationProtection);
    expect(isProtected(appOf(TWO))).toEqual([true, true, true]);
    expect(isProtected(appOf(TWO, { context: { removable: 'true' } }))).toEqual([false, false, false]);
  });

  test("passes CloudFormation's own validation", () => {
    expect(() => appOf(TWO, { validation: true }).synth()).not.toThrow();
  });
});
