import { describe, expect, test } from '@jest/globals';
import { policiesIn } from './policies.ts';
import { appOf, HOSTING, SIGNING, templatesOf } from './synthesised.ts';
import type { RawTemplate } from './template-values.ts';

const PLACE = { account: SIGNING, region: 'eu-central-1' };

interface Many {
  readonly count: number;
  readonly deployment?: string;
  /** Of one repository, by its number. */
  readonly nameOf?: (at: number) => string;
  readonly publishers?: readonly string[];
}

/** The templates of a deployment of so many repositories, each in a bucket that exists. */
function synthesised({ count, deployment = 'updates', nameOf = (at) => `tuf-${at}`, publishers = [] }: Many) {
  const repositories = Array.from({ length: count }, (_, at) => [
    nameOf(at),
    {
      bucket: `bucket-${at}`,
      account: HOSTING,
      url: `https://tuf-${at}.example.com/`,
      root: { version: 1, sha256: String(at).padStart(64, 'a') },
      publishers,
    },
  ]);
  const json = { name: deployment, signing: PLACE, repositories: Object.fromEntries(repositories) as object };
  return templatesOf(appOf(json));
}

/** What AWS will count: of the signing stack, its resources, and the longest policy of a bucket and of a role. */
function counted(many: Many) {
  const { deployment = 'updates' } = many;
  const template = synthesised(many)[`${deployment}-signing`]!.toJSON() as RawTemplate;
  const policies = policiesIn(template, { stack: `${deployment}-signing`, ...PLACE });
  const longest = (kind: 'resource' | 'identity', of: string) =>
    Math.max(
      ...policies
        .filter((policy) => policy.kind === kind && policy.of.startsWith(of))
        .map(({ statements }) => JSON.stringify({ Statement: statements, Version: '2012-10-17' }).length),
    );
  return {
    resources: Object.keys(template.Resources).length,
    bucketPolicy: longest('resource', 'arn:aws:s3:::'),
    rolePolicy: longest('identity', 'arn:aws:iam::'),
  };
}

describe('a deployment of as many repositories as fit', () => {
  test('has no more than 500 resources in a stack, 20,480 bytes in a bucket policy and 10,240 characters in a role', () => {
    const { resources, bucketPolicy, rolePolicy } = counted({ count: 16 });
    expect(resources).toBeLessThanOrEqual(500);
    expect(bucketPolicy).toBeLessThanOrEqual(20_480);
    expect(rolePolicy).toBeLessThanOrEqual(10_240);
  });

  test('is refused with one repository more, before anything is deployed: with the name of the stack, and about how many fit', () => {
    expect(() => synthesised({ count: 17 })).toThrow(
      'timekeeper.json makes more of the stack updates-signing than AWS takes: 505 resources of 500.',
    );
    expect(() => synthesised({ count: 40 })).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION_INVALID',
        remedy:
          'Keep about 16 of its 40 repositories. Write the others into a file of their own, with another name: `npx cdk deploy --all -c config=FILE`.',
      }),
    );
  });
});

describe('names as long as they may be', () => {
  const long = {
    deployment: 'd'.repeat(18),
    nameOf: (at: number) => `${'r'.repeat(33)}${String(at).padStart(2, '0')}`,
  };

  test('are refused by the length of the policy that they make, as S3 counts it', () => {
    const perRepository = counted({ count: 2, ...long }).bucketPolicy - counted({ count: 1, ...long }).bucketPolicy;
    const fit = Math.floor((20_480 - counted({ count: 1, ...long }).bucketPolicy) / perRepository) + 1;
    expect(fit).toBeLessThan(16);
    expect(counted({ count: fit, ...long }).bucketPolicy).toBeLessThanOrEqual(20_480);
    const tooMany = counted({ count: 1, ...long }).bucketPolicy + fit * perRepository;
    expect(tooMany).toBeGreaterThan(20_480);
    expect(() => synthesised({ count: fit + 1, ...long })).toThrow(`a bucket policy of ${tooMany} bytes of 20480.`);
  });
});

test('many publishers of a bucket of one’s own count too', () => {
  const publishers = Array.from({ length: 300 }, (_, at) => `arn:aws:iam::${HOSTING}:role/release-${at}`);
  expect(() => synthesised({ count: 1, publishers })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/a bucket policy of \d+ bytes of 20480\.$/) as unknown,
      remedy: 'Name fewer publishers.',
    }),
  );
});
