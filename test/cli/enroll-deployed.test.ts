import { afterEach, expect, test } from '@jest/globals';
import { deploy, tearDown } from './deployment.ts';

afterEach(tearDown);

test('enroll NAME checks everything, hands key and passphrase to the function, and ends with the dry run of the function', async () => {
  const d = await deploy();
  const { status, stdout, stderr } = await d.run(['enroll', 'orbit', '--key', d.key()]);
  const { secretVersion } = d.journal().identity;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe(`ok     state    updates-timekeeper-state-111111111111-eu-central-1/orbit can be read and written
ok     root     1.root.json is the pinned root, the newest too
ok     expiry   1.root.json expires 2036-11-19T16:35:13Z, in 3649 days
ok     expiry   snapshot.json 2 expires 2029-11-21T16:35:14Z, in 1094 days
ok     expiry   timestamp.json 3 expires 2026-12-06T16:35:14Z, in 13 days
ok     key      ${d.key()} is open
ok     key      1.root.json lists it for the timestamp role (d3865141412fb298; threshold 1), and for no other
done   enroll   the state is begun
todo   alarms   confirm the two mails that AWS sent to oncall@example.com at the deployment, if you have not: no alarm arrives before
ok     function its dry run came to NOT_DUE
Would do nothing (NOT_DUE): timestamp.json version 3 is healthy; the next signature is due at 2026-11-25T16:35:14Z.
  To sign now all the same:  timekeeper resign --force
  Published:   timestamp.json version 3, expires 2026-12-06T16:35:14Z (in 13 days)
  Next:        2026-11-25T16:35:14Z (in 2 days)
`);
  expect(d.kept()).toEqual(['journal.json', `key-${secretVersion!}.json`, 'root-chain.json']);
  expect(await d.invoke({ force: true })).toMatchObject({ code: 'SIGNED', version: 4 });
});
