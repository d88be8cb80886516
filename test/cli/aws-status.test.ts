import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { topicName } from '../../lib/contract/alarms.ts';
import type { Status } from '../../lib/cli/status-model.ts';
import { type CommandDeployment, deploy, tearDown } from './deployment.ts';

const LEVELS = ['page', 'mail'] as const;
const EMAIL = 'oncall@example.com';

let all: CommandDeployment;
beforeEach(async () => {
  all = await deploy();
  // Where clients read it is known to the hosting stack alone.
  const repository = { hosting: { bucketName: 'files' }, root: all.root };
  const content = { name: 'updates', alarms: { email: EMAIL }, repositories: { orbit: repository } };
  writeFileSync(join(all.cwd, 'timekeeper.json'), JSON.stringify(content));
  await all.run(['enroll', 'orbit', '--key', all.key()]);
}, 60_000);
afterEach(tearDown);

/** The topics of the signing stack, and whether the mail about them was answered. */
function subscribe(isConfirmed: boolean): void {
  for (const level of LEVELS)
    all.aws.sns.subscribe(all.aws.sns.createTopic(topicName('updates', 'signing', level)), 'email', EMAIL, isConfirmed);
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
      addresses: { repository: 's3://files/' },
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
        message: `Nobody receives what updates-timekeeper-signing-page and updates-timekeeper-signing-mail say: ${EMAIL} has not confirmed it.`,
        remedy: expect.stringContaining('confirm it') as unknown,
      },
    ]);
  });

  test('says what the signer refuses', async () => {
    subscribe(true);
    all.publish('snapshot.json', all.published('snapshot.json')!.toString().replace('{', '{ '));
    const { exit, said } = await status();
    expect(exit).toBe(1);
    expect(said.problems.map(({ code }) => code)).toContain('SNAPSHOT_MISMATCH');
  });
});
