import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { OTHER_KEYS } from '../authoring/public-keys.ts';
import { ours } from '../authoring/updates.ts';
import { Client, newPath, WorkingCopy } from '../cli/working-copy.ts';
import { TYPED, wordsOf } from './command-lines.ts';

/** The commands of the page that change a repository, in its order. */
const LINES = TYPED.filter(
  ({ page, line }) => page === 'docs/key-rotation.md' && line.startsWith('timekeeper updates'),
);

test('the commands of key-rotation.md do what the page says, on the machines of two holders', async () => {
  const home = new WorkingCopy(newPath());
  const holder = new WorkingCopy(newPath());
  mkdirSync(holder.folder);
  await ours.init(home.folder);
  const first = home.bytes('repository', '1.root.json');
  writeFileSync(home.path('timestamp-key.json'), JSON.stringify(OTHER_KEYS[1].json)); // as enroll prints it

  const typed = async (machine: WorkingCopy, ending: string, more: readonly string[] = []): Promise<string> => {
    const { line } = LINES.find((known) => known.line.startsWith(`timekeeper updates ${ending}`))!;
    const [, ...words] = wordsOf(line);
    const env = { FLEET_ROOT_PASSPHRASE: machine === holder ? 'of the holder' : 'of the first' };
    const { status, stdout, stderr } = await machine.run([...words, ...more], { env });
    expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: expect.not.stringContaining('Error') });
    return stdout;
  };

  await typed(home, 'rotate timestamp');
  await typed(home, 'add-key');
  expect(home.signed('root.json').version).toBe(3);
  writeFileSync(home.path('holder.json'), await typed(holder, 'generate-key'));
  await typed(home, 'stage-root');

  for (const machine of [home, holder]) {
    cpSync(home.path('repository', 'root.json'), machine.path('root.json')); // of their own records
    if (machine === holder) cpSync(home.path('next-root.json'), holder.path('next-root.json'));
    await typed(machine, 'sign', ['--yes']); // nobody is there to be asked
  }
  cpSync(holder.path('next-root.json'), home.path('next-root.json'));
  await typed(home, 'publish-root');
  expect(home.signed('root.json').version).toBe(4);
  expect(new Client(first).update(home.repository).root.roles.root).toMatchObject({ threshold: 2 });
  expect(LINES.map(({ line }) => line.split(' ')[2])).toEqual(['rotate', 'add-key', 'generate-key', 'stage-root', 'sign', 'publish-root']); // prettier-ignore
});
