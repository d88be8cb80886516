import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { topicName } from '../../lib/contract/alarms.ts';
import type { Status } from '../../lib/cli/status-model.ts';
import { DEPLOYMENT, tearDown } from '../lambda/deployment.ts';
import { EMAIL, type Operated, unenrolled } from './operated.ts';
import { FIXTURES } from './working-copy.ts';

const TOPICS = (['signing', 'watch'] as const).flatMap((stack) =>
  (['page', 'mail'] as const).map((level) => topicName(DEPLOYMENT, stack, level)),
);

let all: Operated;
beforeEach(async () => {
  all = await unenrolled({ prefix: '' });
  // Where clients read it is known to the hosting stack alone.
  all.configure({ hosting: { bucketName: 'updates' }, bucket: undefined, prefix: undefined, url: undefined });
  await all.run(['enroll', 'orbit', '--key', join(FIXTURES, 'go-tuf-v0.5.2', 'keys', 'timestamp.json')]);
}, 60_000);
afterEach(tearDown);

/** The topics of both stacks, and whether the mail about them was answered. */
function subscribe(isConfirmed: boolean): void {
  for (const topic of TOPICS) all.aws.sns.subscribe(all.aws.sns.createTopic(topic), 'email', EMAIL, isConfirmed);
}

async function status(env: Readonly<Record<string, string>> = {}): Promise<{ exit: number | null; said: Status }> {
  const { status: exit, stdout } = await all.run(['status', 'orbit', '--json'], { env });
  return { exit, said: JSON.parse(stdout) as Status };
}

describe('status NAME', () => {
  test("tells how the bucket's files are where only the hosting stack knows their address, and when the signer signs next", async () => {
    subscribe(true);
    const { exit, said } = await status();
    expect(exit).toBe(0);
    expect(said).toMatchObject({
      verdict: { level: 'good' },
      problems: [],
      addresses: { repository: 's3://updates/' },
      next: { signatureDueAt: '2026-11-25T16:35:14Z' },
    });
    expect(said.roles.map(({ name }) => name)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
  });

  test('is unhealthy while nobody has confirmed to receive alarms (SUBSCRIPTION_UNCONFIRMED)', async () => {
    subscribe(false);
    const { exit, said } = await status();
    expect(exit).toBe(1);
    expect(said.problems).toEqual([
      {
        code: 'SUBSCRIPTION_UNCONFIRMED',
        message: `Nobody receives what these topics say, because ${EMAIL} has not confirmed it: ${TOPICS.join(', ')}.`,
        remedy: expect.stringContaining('confirm it') as unknown,
      },
    ]);
  });

  test('says what the signer refuses', async () => {
    subscribe(true);
    all.deployment.tamper('snapshot.json', all.deployment.published('snapshot.json')!.toString().replace('{', '{ '));
    const { exit, said } = await status();
    expect(exit).toBe(1);
    expect(said.problems.map(({ code }) => code)).toContain('SNAPSHOT_MISMATCH');
  });
});
