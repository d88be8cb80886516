import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { diagnose } from '../../lib/authoring/diagnosis.ts';
import { CODES } from '../../lib/contract/codes.ts';
import { parseInstant } from '../../lib/tuf/instant.ts';
import { NOW, ours } from './updates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diagnosis-'));
let made = 0;
const newPlace = () => join(scratch, String(++made));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let plain: string;
let consistent: string;
beforeAll(async () => {
  [plain, consistent] = [newPlace(), newPlace()];
  for (const [folder, consistentSnapshots] of [
    [plain, false],
    [consistent, true],
  ] as const) {
    await ours.init(folder, { random: 'init', consistentSnapshots });
    const file = newPlace();
    writeFileSync(file, 'an artefact');
    await ours.add(folder, { file, name: 'orbit', platform: 'linux', version: '1', tags: ['stable'] });
  }
});

function copyOf(folder: string, name = newPlace()): string {
  cpSync(folder, name, { recursive: true });
  return name;
}

const look = (folder: string) => diagnose(folder, 'hash', parseInstant(NOW, 'now'));
const target = (folder: string, tag: string) => join(folder, 'repository', 'targets', 'orbit', 'linux', tag);

describe('nothing is wrong', () => {
  test('with a whole repository, with and without consistent snapshots', () => {
    expect([look(plain), look(consistent)]).toEqual([[], []]);
  });

  test('where there are no targets at all: a signer has a copy of the metadata alone', () => {
    const folder = copyOf(plain);
    rmSync(join(folder, 'repository', 'targets'), { recursive: true });
    expect(look(folder)).toEqual([]);
  });

  test('where a link leads to a target’s file', () => {
    const folder = copyOf(plain);
    renameSync(join(target(folder, '1'), 'orbit'), join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), join(target(folder, '1'), 'orbit'));
    expect(look(folder)).toEqual([]);
  });
});

test('of a target with consistent snapshots the file that has its hash in its name is looked at', () => {
  const folder = copyOf(consistent);
  const [name = ''] = readdirSync(target(folder, 'stable'));
  writeFileSync(join(target(folder, 'stable'), 'orbit'), 'an artefact');
  expect(look(folder)).toEqual([]);
  writeFileSync(join(target(folder, 'stable'), name), 'an artifact');
  expect(look(folder)).toMatchObject([{ code: 'TARGET_FILE_MISMATCH', message: expect.stringContaining('"orbit/linux/stable/orbit"') }]); // prettier-ignore
});

test('every target whose file is missing or another one is named', () => {
  const folder = copyOf(plain);
  rmSync(target(folder, '1'), { recursive: true });
  mkdirSync(join(target(folder, '1'), 'orbit'), { recursive: true });
  writeFileSync(join(target(folder, 'stable'), 'orbit'), 'an artifact');
  expect(look(folder).map(({ code }) => code)).toEqual(['TARGET_FILE_MISSING', 'TARGET_FILE_MISMATCH']);
  expect(diagnose(folder, 'length', parseInstant(NOW, 'now')).map(({ code }) => code)).toEqual(['TARGET_FILE_MISSING']);
});

test('a folder with a name that a shell would take apart is written so that it does not', () => {
  const folder = copyOf(plain, join(scratch, 'the operator’s; rm -r *'));
  rmSync(target(folder, '1'), { recursive: true });
  expect(look(folder)[0]?.remedy).toContain(`\`timekeeper updates remove orbit/linux/1/orbit --path '${folder}'\``);
  const quoted = copyOf(plain, join(scratch, "it's"));
  rmSync(target(quoted, '1'), { recursive: true });
  expect(look(quoted)[0]?.remedy).toContain(`--path '${scratch}/it'\\''s'\``);
});

test('where two files claim to be one root, no command is named: nobody here can know which is right', () => {
  const folder = copyOf(plain);
  appendFileSync(join(folder, 'repository', '1.root.json'), ' ');
  const [ailment] = look(folder);
  expect(ailment).toMatchObject({ is: 'refused', code: 'ROOT_INVALID', remedy: CODES.ROOT_INVALID.remedy });
});

test('a forged root is not recommended', async () => {
  const folder = copyOf(plain);
  const other = newPlace();
  await ours.init(other, { random: 'somebody else' });
  await ours.rotate(other, 'root', { random: 'and more' });
  cpSync(join(other, 'repository', '2.root.json'), join(folder, 'repository', '2.root.json'));
  expect(look(folder)[0]?.remedy).not.toContain('cp repository/2.root.json');
  rmSync(join(folder, 'repository', 'root.json'));
  expect(look(folder)[0]?.remedy).not.toContain('2.root.json');
});
