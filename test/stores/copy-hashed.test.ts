import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { copyAgain, copyHashed } from '../../lib/stores/copy-hashed.ts';
import { inParallel } from '../../lib/stores/in-parallel.ts';

const scratch = mkdtempSync(join(tmpdir(), 'copy-'));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const [BEGINNING, PIECE] = [65_536, 1_048_576];

test.each([0, 1, BEGINNING - 1, BEGINNING, BEGINNING + 1, BEGINNING + PIECE, BEGINNING + 2 * PIECE + 1])(
  'a file of %d bytes is copied whole and hashed as it is copied, and once more',
  async (length) => {
    const [from, to, again] = ['from', 'to', 'again'].map((name) => join(scratch, `${name}-${length}`));
    const content = randomBytes(length);
    writeFileSync(from!, content);
    expect(await copyHashed(from!, to!)).toEqual({
      length,
      sha512: createHash('sha512').update(content).digest('hex'),
    });
    copyAgain(to!, again!);
    expect(readFileSync(to!).equals(content)).toBe(true);
    expect(readFileSync(again!).equals(content)).toBe(true);
    expect([statSync(to!).nlink, statSync(again!).nlink]).toEqual([1, 1]); // fleetctl writes in place
  },
);

test('many at a time are copied each as it is', async () => {
  const names = Array.from({ length: 200 }, (_, index) => join(scratch, `many-${index}`));
  names.forEach((name, index) => {
    writeFileSync(name, randomBytes(index * 700)); // some in one piece, some in more
  });
  const sums = new Map<string, string>();
  await inParallel(names, 16, async (name) => void sums.set(name, (await copyHashed(name, `${name}-copy`)).sha512));
  for (const name of names) {
    expect(readFileSync(`${name}-copy`).equals(readFileSync(name))).toBe(true);
    expect(sums.get(name)).toBe(createHash('sha512').update(readFileSync(name)).digest('hex'));
  }
});

test('what is there already is not written', async () => {
  const [from, to] = [join(scratch, 'new'), join(scratch, 'there')];
  writeFileSync(from, 'new');
  writeFileSync(to, 'old');
  await expect(copyHashed(from, to)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(readFileSync(to, 'utf8')).toBe('old');
});

test('after a failure no more is begun, what had begun has ended, and the failure is told', async () => {
  const ended: number[] = [];
  const working = inParallel([0, 1, 2, 3, 4], 2, async (item) => {
    await new Promise((resolve) => setTimeout(resolve, item === 0 ? 1 : 20));
    if (item === 0) throw new Error('the first');
    ended.push(item);
  });
  await expect(working).rejects.toThrow('the first');
  expect(ended).toEqual([1]);
});
