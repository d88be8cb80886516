import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { configuration, least, OTHER_PIN, PIN, reading, type Written } from './configuration.ts';

const CERTIFICATE = 'arn:aws:acm:us-east-1:111111111111:certificate/1';
const HERE = { account: '111111111111', region: 'eu-central-1' };
const LONG = 'a'.repeat(40);
const bucket = (more: Written = {}): Written => ({
  bucket: 'existing-bucket',
  url: 'https://agents.example.com/tuf/',
  root: OTHER_PIN,
  ...more,
});
const two = (orbit: Written, agents: Written, rest: Written = {}): Written => ({
  ...rest,
  repositories: { orbit, agents },
});

test('says every default once, and fills in all of them', () => {
  expect(configuration(least())).toEqual({
    name: 'updates',
    signing: { account: undefined, region: undefined },
    watch: { account: undefined, region: undefined },
    alarms: { email: undefined },
    operators: [],
    repositories: {
      orbit: {
        hosting: {
          kind: 'stack',
          account: undefined,
          region: undefined,
          bucketName: undefined,
          domain: undefined,
          url: undefined,
        },
        publishers: [],
        key: { type: 'go-tuf-file' },
        root: PIN,
        mode: 'refresh',
        check: { expression: 'rate(1 hour)', seconds: 3_600 },
        resignAfter: 3 * 86_400,
        validity: 14 * 86_400,
        cacheMax: 600,
        freezeGrace: 86_400,
        maxVersionJump: 1_000_000,
        allowSharedSnapshotKey: false,
        contacts: [],
      },
    },
  });
});

test('reads every field', () => {
  const written = {
    $schema: './dist/timekeeper.schema.json',
    name: 'tuf',
    signing: HERE,
    watch: { region: 'eu-west-1' },
    alarms: { email: 'oncall@example.com' },
    operators: ['arn:aws:iam::111111111111:role/oncall'],
    repositories: {
      orbit: {
        hosting: {
          account: '222222222222',
          region: 'us-west-2',
          domainName: 'updates.example.com',
          certificateArn: CERTIFICATE.replace('111111111111', '222222222222'),
          bucketName: 'our-own-name',
        },
        publishers: ['arn:aws:iam::222222222222:user/release', 'arn:aws:iam::222222222222:root'],
        key: { type: 'kms-rsa' },
        root: PIN,
        mode: 'advance',
        check: 'cron(0/30 * * * ? *)',
        resignAfter: '36 hours',
        validity: '7d',
        cacheMax: '90 seconds',
        freezeGrace: '2 days',
        maxVersionJump: 1_000,
        allowSharedSnapshotKey: true,
        contacts: ['Ada, +49 30 1'],
      },
      agents: bucket({ prefix: 'tuf', url: 'https://agents.example.com/tuf', region: 'eu-north-1' }),
    },
  };
  expect(configuration(written)).toMatchObject({
    name: 'tuf',
    signing: HERE,
    watch: { account: '111111111111', region: 'eu-west-1' },
    alarms: { email: 'oncall@example.com' },
    operators: ['arn:aws:iam::111111111111:role/oncall'],
    repositories: {
      orbit: {
        hosting: {
          kind: 'stack',
          account: '222222222222',
          region: 'us-west-2',
          bucketName: 'our-own-name',
          domain: { name: 'updates.example.com', certificateArn: CERTIFICATE.replace('111111111111', '222222222222') },
          url: 'https://updates.example.com/',
        },
        publishers: ['arn:aws:iam::222222222222:user/release', 'arn:aws:iam::222222222222:root'],
        key: { type: 'kms-rsa' },
        mode: 'advance',
        check: { expression: 'cron(0/30 * * * ? *)', seconds: 1_800 },
        resignAfter: 129_600,
        validity: 604_800,
        cacheMax: 90,
        freezeGrace: 172_800,
        maxVersionJump: 1_000,
        allowSharedSnapshotKey: true,
        contacts: ['Ada, +49 30 1'],
      },
      agents: {
        hosting: {
          kind: 'bucket',
          account: '111111111111',
          region: 'eu-north-1',
          bucketName: 'existing-bucket',
          prefix: 'tuf/',
          url: 'https://agents.example.com/tuf/',
        },
        root: OTHER_PIN,
      },
    },
  });
});

test('takes a repository whose name every object has, and inherits none', () => {
  const { repositories } = configuration({ repositories: { constructor: { hosting: {}, root: PIN } } });
  expect(Object.keys(repositories)).toEqual(['constructor']);
  expect(configuration(least()).repositories.constructor).toBeUndefined();
});

test('says all ten faults of a file with ten at once, each with its field', () => {
  const faults = reading(readFileSync(new URL('./ten-faults.json', import.meta.url), 'utf8'));
  expect(faults).toEqual([
    'name is "Updates". Write at most 40 lower-case letters, digits and hyphens, a letter first.',
    'signing.account is 111111111111. Write the twelve digits of an AWS account, in quotes.',
    'alarms.email is "oncall". Write an address such as "oncall@example.com".',
    'operators[0] is "arn:aws:sts::111111111111:assumed-role/oncall/me". Write the ARN of a role, a user or an account, such as "arn:aws:iam::111111111111:role/oncall"; of a session, write its role.',
    'repositories.orbit.root.sha256 is "00". Write the 64 lower-case hexadecimal digits that `sha256sum` prints.',
    'repositories.orbit.resignAfter is "3 dayz". Write a duration such as "90 minutes" or "3 days".',
    'repositories.orbit.modus is not a field that is known. Did you mean mode?',
    'repositories.orbit.hosting.certificateArn is in eu-central-1. CloudFront takes certificates from us-east-1 only: request it there.',
    'repositories.agents.root is missing. Nothing is signed without a root that somebody vouches for: `timekeeper init-config` asks for its file and writes it.',
    'repositories.more.validity does not cover resignAfter (3 days), 2 missed checks (1 hour each) and 8 hours for a person: the alarm would come too late. Write at least "82 hours", or lower resignAfter or check.',
  ]);
});

describe('refuses a file', () => {
  test.each([
    { given: 'that is no JSON', json: '{ "name": "x", }', says: /^cannot be read: it / },
    { given: 'with a comment', json: '{ // ours\n}', says: /^cannot be read: it / },
    { given: 'with two repositories of one name', json: '{"repositories":{"a":{},"a":{}}}', says: /"a".*twice/ },
    { given: 'that is a list', json: '[]', says: /^is a list\. Write an object/ },
    { given: 'that is empty', json: {}, says: /^repositories is empty\. Add a repository: `timekeeper init-config`/ },
    {
      given: 'with a repository that is text',
      json: { repositories: { orbit: 'x' } },
      says: /^repositories\.orbit is "x"\. Write an object/,
    },
  ])('$given', ({ json, says }) => {
    expect(reading(json)).toEqual([expect.stringMatching(says)]);
  });
});

describe('refuses one field', () => {
  test.each<{ given: string; json: Written; says: RegExp }>([
    { given: 'name, with a digit first', json: least({}, { name: '1st' }), says: /^name is "1st"\. .*a letter first/ },
    {
      given: 'name, too long for the state bucket',
      json: least({}, { name: LONG }),
      says: /^name makes the name of the state bucket 85 characters long, .* AWS takes 63\. Shorten it by 22\.$/,
    },
    { given: 'region', json: least({}, { signing: { region: 'Frankfurt' } }), says: /^signing\.region is "Frankfurt"/ },
    {
      given: 'an unknown field',
      json: least({}, { opertors: [] }),
      says: /^opertors is not .* Did you mean operators\?$/,
    },
    {
      given: 'an unknown field like no other',
      json: least({ hosting: { cdn: 1 } }),
      says: /^repositories\.orbit\.hosting\.cdn .* Known here: account, region, domainName, certificateArn, bucketName, url\.$/,
    },
    {
      given: 'a list that is text',
      json: least({ publishers: 'me' }),
      says: /publishers is "me"\. Write a list of ARNs/,
    },
    {
      given: 'an ARN with a wildcard',
      json: least({ publishers: ['arn:aws:iam::111111111111:role/*'] }),
      says: /publishers\[0\] is/,
    },
    { given: 'a mode', json: least({ mode: 'fast' }), says: /mode is "fast"\. Write one of "refresh", "advance"\.$/ },
    {
      given: 'a flag in quotes',
      json: least({ allowSharedSnapshotKey: 'true' }),
      says: /allowSharedSnapshotKey is "true"\. Write true or false, without quotes\.$/,
    },
    { given: 'no version jump', json: least({ maxVersionJump: 0 }), says: /maxVersionJump is 0\./ },
    {
      given: 'a pin in capitals',
      json: least({ root: { version: 1, sha256: 'A1'.repeat(32) } }),
      says: /root\.sha256 is/,
    },
    {
      given: 'no pin',
      json: { repositories: { orbit: { hosting: {} } } },
      says: /root is missing\. .*`timekeeper init-config`/,
    },
    { given: 'half a pin', json: least({ root: { version: 1 } }), says: /root\.sha256 is missing/ },
    {
      given: 'a repository without a place',
      json: { repositories: { orbit: { root: PIN } } },
      says: /^repositories\.orbit has no place\. /,
    },
    {
      given: 'two places',
      json: least({ bucket: 'other-bucket' }),
      says: /orbit\.bucket does not go with hosting\. Remove it, or hosting\.$/,
    },
    {
      given: 'an address beside hosting',
      json: least({ url: 'https://a.example/' }),
      says: /orbit\.url does not go with hosting\. Move it into hosting\.$/,
    },
    {
      given: 'a bucket without an address',
      json: { repositories: { orbit: { bucket: 'existing', root: PIN } } },
      says: /orbit\.url is missing/,
    },
    {
      given: 'a bucket as an address',
      json: { repositories: { orbit: bucket({ bucket: 's3://b' }) } },
      says: /orbit\.bucket is "s3:/,
    },
    {
      given: 'a prefix with a slash in front',
      json: { repositories: { orbit: bucket({ prefix: '/tuf' }) } },
      says: /prefix is/,
    },
    {
      given: 'a prefix that climbs',
      json: { repositories: { orbit: bucket({ prefix: 'tuf/../x' }) } },
      says: /prefix is/,
    },
    {
      given: 'an address with a password',
      json: { repositories: { orbit: bucket({ url: 'https://a:b@c.example/' }) } },
      says: /url is/,
    },
    {
      given: 'a domain without a certificate',
      json: least({ hosting: { domainName: 'a.example' } }),
      says: /certificateArn is missing/,
    },
    {
      given: 'a certificate without a domain',
      json: least({ hosting: { certificateArn: CERTIFICATE } }),
      says: /domainName is missing/,
    },
    {
      given: "a certificate of another account than the distribution's",
      json: least({ hosting: { account: '222222222222', domainName: 'a.example', certificateArn: CERTIFICATE } }),
      says: /certificateArn is of account 111111111111, but the distribution is in 222222222222/,
    },
    {
      given: 'a certificate of another partition',
      json: least({ hosting: { region: 'cn-north-1', domainName: 'a.example', certificateArn: CERTIFICATE } }),
      says: /certificateArn is of partition aws, but cn-north-1 is in aws-cn/,
    },
    {
      given: 'an operator of another partition',
      json: least({}, { signing: { region: 'us-gov-west-1' }, operators: ['arn:aws:iam::111111111111:root'] }),
      says: /operators\[0\] is of partition aws, but us-gov-west-1 is in aws-us-gov/,
    },
    {
      given: 'no address for a watchdog elsewhere',
      json: least({}, { signing: HERE, watch: { region: 'eu-west-1' } }),
      says: /^repositories\.orbit\.hosting\.url is missing\. .* deploy the hosting stack first, then write the address that it prints/,
    },
    {
      given: 'too short a life',
      json: least({ validity: '59 minutes', resignAfter: '1 minute', check: '1 minute' }),
      says: /validity is 59 minutes\. Write a duration from 1 hour to 31 days\.$/,
    },
    {
      given: 'a check that is rarer than two of them fit into the week that CloudWatch looks back over',
      json: least({ check: '4 days', resignAfter: '5 days', validity: '31 days' }),
      says: /check leaves up to 4 days between two checks\. Check at least every 3 days: /,
    },
    { given: 'a cache that may hide a fault for days', json: least({ cacheMax: '2 days' }), says: /cacheMax is 2 days: .* Write at most "1 day"\.$/ }, // prettier-ignore
    { given: 'a freeze that nobody would be told of', json: least({ freezeGrace: '40 days' }), says: /freezeGrace is 40 days\. Write at most "31 days"\.$/ }, // prettier-ignore
    { given: 'too long a life', json: least({ validity: '32 days' }), says: /validity is 32 days\./ },
    {
      given: 'a life that leaves a person too little',
      json: least({ validity: '3.4 days' }),
      says: /validity does not cover .*: you can be away for 7 hours\. Write at least "82 hours"/,
    },
    {
      given: 'a check that is rarer than the signature is due',
      json: least({ resignAfter: '30 minutes' }),
      says: /check leaves up to 1 hour between two checks, more than resignAfter \(30 minutes\)/,
    },
    {
      given: 'a signature that is always due',
      json: least({ resignAfter: '0 s', check: '1 minute' }),
      says: /resignAfter is less than a second/,
    },
    {
      given: 'a check of seconds',
      json: least({ check: '90 seconds' }),
      says: /check is "90 seconds"\. Write a rate of whole minutes/,
    },
    {
      given: "a repository's name in capitals",
      json: { repositories: { Orbit: { hosting: {}, root: PIN } } },
      says: /^repositories\.Orbit is "Orbit"\. /,
    },
    {
      given: 'a name that is no name',
      json: '{"repositories":{"__proto__":{"hosting":{}}}}' as unknown as Written,
      says: /^cannot be read: it has a field "__proto__"\.$/,
    },
    {
      given: "a repository's name that is too long for its bucket",
      json: { repositories: { [LONG]: { hosting: {}, root: PIN } } },
      says: /makes the name of the hosting bucket 80 characters long, .* by 17, or name the bucket with hosting\.bucketName\.$/,
    },
  ])('$given', ({ json, says }) => {
    expect(reading(json)).toEqual([expect.stringMatching(says)]);
  });
});

describe('refuses two repositories', () => {
  const orbit = bucket({ root: PIN });
  test.each([
    {
      given: 'with one pin',
      orbit,
      agents: bucket({ bucket: 'other-bucket', url: 'https://b.example/', root: PIN }),
      says: /agents\.root\.sha256 is that of orbit too\. .*a timestamp does not name its repository/,
    },
    { given: 'in one place', orbit, agents: bucket({ url: 'https://b.example/' }), says: /agents\.bucket overlaps: / },
    {
      given: 'one inside the other',
      orbit,
      agents: bucket({ url: 'https://b.example/', prefix: 'tuf/' }),
      says: /agents\.prefix overlaps: "tuf\/" in bucket existing-bucket overlaps with "" of orbit/,
    },
    {
      given: 'in one bucket that is made',
      orbit: { hosting: { bucketName: 'one-bucket' }, root: PIN },
      agents: { hosting: { bucketName: 'one-bucket' }, root: OTHER_PIN },
      says: /agents\.hosting\.bucketName overlaps/,
    },
    {
      given: 'at one address',
      orbit,
      agents: bucket({ bucket: 'other-bucket' }),
      says: /agents\.url makes the address https:\/\/agents\.example\.com\/tuf\/, which is that of orbit too/,
    },
  ])('$given', ({ orbit: first, agents, says }) => {
    expect(reading(two(first, agents))).toEqual([expect.stringMatching(says)]);
  });
});

describe('takes', () => {
  test.each<{ given: string; json: Written }>([
    {
      given: 'two folders beside each other in one bucket',
      json: two(bucket({ prefix: 'a/', root: PIN }), bucket({ prefix: 'ab/', url: 'https://b.example/' })),
    },
    {
      given: 'a watchdog elsewhere that knows the address',
      json: least({ hosting: { url: 'https://a.example' } }, { watch: { region: 'eu-west-1' } }),
    },
    {
      given: 'a watchdog elsewhere with a domain',
      json: least(
        { hosting: { domainName: 'a.example', certificateArn: CERTIFICATE } },
        { watch: { region: 'eu-west-1' } },
      ),
    },
    {
      given: "China, where CloudFront's certificates are those of IAM",
      json: least({
        hosting: {
          region: 'cn-north-1',
          domainName: 'a.example',
          certificateArn: 'arn:aws-cn:iam::111111111111:server-certificate/cloudfront/a',
        },
      }),
    },
    {
      given: 'an operator of GovCloud',
      json: least(
        {},
        { signing: { region: 'us-gov-west-1' }, operators: ['arn:aws-us-gov:iam::111111111111:role/a/b'] },
      ),
    },
    {
      given: 'a long name with a bucket of its own',
      json: { repositories: { ['a'.repeat(40)]: { hosting: { bucketName: 'short' }, root: PIN } } },
    },
    { given: 'the least that leaves a person a night', json: least({ validity: '82 hours' }) },
  ])('$given', ({ json }) => {
    expect(reading(json)).toMatchObject({ name: 'updates' });
  });
});
