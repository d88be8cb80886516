import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { artefactsOfFolder } from '../../lib/authoring/artefact-folder.ts';
import { pathsOfEach } from '../../lib/authoring/target-paths.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
}

test('every file becomes the target of its path, with the version that its folder has, and with the tags for all', () => {
  const paths = ['orbit/linux/1.2.3/orbit', 'orbit/windows/1.2.3/orbit.exe', 'extensions/hello/macos/5/hello.ext', 'desktop/linux/1/desktop.tar.gz', 'a b/ü/𝒳/a b']; // prettier-ignore
  put(...paths);
  const artefacts = artefactsOfFolder(folder, ['stable']);
  expect(artefacts.map(({ version }) => version).sort()).toEqual(['1', '1.2.3', '1.2.3', '5', '𝒳']);
  const versionsAndTags = pathsOfEach(artefacts).flat();
  expect(versionsAndTags).toEqual(expect.arrayContaining([...paths, 'orbit/linux/stable/orbit', 'extensions/hello/macos/stable/hello.ext'])); // prettier-ignore
  expect(versionsAndTags).toHaveLength(2 * paths.length);
});

describe('one file that cannot be a target refuses the whole folder, and is named:', () => {
  test.each([
    { given: 'too high', path: 'orbit/linux/orbit', says: 'is not at NAME/PLATFORM/VERSION/FILE' },
    { given: 'too deep', path: 'orbit/linux/1/bin/orbit', says: 'is not at NAME/PLATFORM/VERSION/FILE' },
    { given: 'left by a file manager', path: 'orbit/linux/.DS_Store', says: 'is not at NAME/PLATFORM/VERSION/FILE' },
    { given: 'called as nothing asks for it', path: 'orbit/linux/1/README.md', says: 'expects: "orbit/linux/1/orbit"' },
    { given: 'an extension', path: 'extensions/hello/linux/1/extension.ext', says: 'expects: "extensions/hello/linux/1/hello.ext"' }, // prettier-ignore
  ])('$given', ({ path, says }) => {
    put('orbit/linux/2/orbit', path);
    const added = () => artefactsOfFolder(folder, []);
    expect(added).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(says) }));
    expect(added).toThrow(`${path} in ${folder}`);
  });

  test('a link, which could lead anywhere', () => {
    put('orbit/linux/1/orbit');
    symlinkSync('/etc/hostname', join(folder, 'orbit/linux/link'));
    expect(() => artefactsOfFolder(folder, [])).toThrow('orbit/linux/link in');
  });

  test('two versions that would get one tag', () => {
    put('orbit/linux/1/orbit', 'orbit/linux/2/orbit');
    expect(() => pathsOfEach(artefactsOfFolder(folder, ['stable']))).toThrow(
      `orbit/linux/1/orbit in ${folder} and orbit/linux/2/orbit in ${folder} would both become the target "orbit/linux/stable/orbit".`,
    );
  });

  test('no file at all', () => {
    mkdirSync(join(folder, 'orbit'));
    expect(() => artefactsOfFolder(folder, [])).toThrow(/^There is no file below /);
  });

  test('a folder that is not there', () => {
    expect(() => artefactsOfFolder(join(folder, 'none'), [])).toThrow(expect.objectContaining({ code: 'STORE_UNREACHABLE' })); // prettier-ignore
  });
});
