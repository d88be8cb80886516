import { describe, expect, test } from '@jest/globals';
import { targetPaths } from '../../lib/authoring/target-paths.ts';

const paths = (name: string, platform: string, file: string, version = '1.2.3', tags: readonly string[] = []) =>
  targetPaths({ file, name, platform, version, tags });

describe('a target is named as Orbit asks for it', () => {
  test.each([
    { name: 'orbit', platform: 'linux', file: './orbit', path: 'orbit/linux/1.2.3/orbit' },
    { name: 'orbit', platform: 'windows', file: './orbit.exe', path: 'orbit/windows/1.2.3/orbit.exe' },
    { name: 'osqueryd', platform: 'macos-app', file: 'a/osqueryd.app.tar.gz', path: 'osqueryd/macos-app/1.2.3/osqueryd.app.tar.gz' }, // prettier-ignore
    { name: 'osqueryd', platform: 'macos', file: 'something.else', path: 'osqueryd/macos/1.2.3/osqueryd' },
    { name: 'osqueryd', platform: 'linux', file: 'osqueryd.tar.gz', path: 'osqueryd/linux/1.2.3/osqueryd' },
    { name: 'swiftDialog', platform: 'macos', file: 'x.app.tar.gz', path: 'swiftDialog/macos/1.2.3/swiftDialog.app.tar.gz' }, // prettier-ignore
    { name: 'escrowBuddy', platform: 'macos', file: 'EscrowBuddy.pkg', path: 'escrowBuddy/macos/1.2.3/escrowBuddy.pkg' }, // prettier-ignore
    { name: 'desktop', platform: 'windows', file: 'anything', path: 'desktop/windows/1.2.3/fleet-desktop.exe' },
    { name: 'desktop', platform: 'windows-arm64', file: 'x.exe', path: 'desktop/windows-arm64/1.2.3/fleet-desktop.exe' }, // prettier-ignore
    { name: 'desktop', platform: 'linux', file: 'x.exe', path: 'desktop/linux/1.2.3/desktop.tar.gz' },
    { name: 'desktop', platform: 'linux-arm64', file: 'x', path: 'desktop/linux-arm64/1.2.3/desktop.tar.gz' },
    { name: 'desktop', platform: 'macos', file: 'desktop.app.tar.gz', path: 'desktop/macos/1.2.3/desktop.app.tar.gz' },
    { name: 'extensions/hello', platform: 'linux', file: 'hello.ext', path: 'extensions/hello/linux/1.2.3/hello.ext' },
    { name: 'extensions/hello', platform: 'windows', file: 'hello.ext.exe', path: 'extensions/hello/windows/1.2.3/hello.ext.exe' }, // prettier-ignore
    { name: 'extensions/hello', platform: 'windows', file: 'hello.exe', path: 'extensions/hello/windows/1.2.3/hello.exe' }, // prettier-ignore
    { name: 'extensions/hello', platform: 'macos', file: 'hello', path: 'extensions/hello/macos/1.2.3/hello' },
  ])('$name for $platform from $file: $path', ({ name, platform, file, path }) => {
    expect(paths(name, platform, file)).toEqual([path]);
  });

  test('under its version first, then under each tag, each once', () => {
    expect(paths('orbit', 'linux', 'orbit', '5.0.1', ['5.0', '5', 'stable', '5'])).toEqual(
      ['5.0.1', '5.0', '5', 'stable'].map((tag) => `orbit/linux/${tag}/orbit`),
    );
  });
});

test.each([
  { given: 'a name that leads out', name: '../keys', version: '1', tags: [] },
  { given: 'an absolute name', name: '/etc', version: '1', tags: [] },
  { given: 'a version that leads out', name: 'orbit', version: '..', tags: [] },
  { given: 'an empty tag, as of two commas', name: 'orbit', version: '1', tags: ['5', '', 'stable'] },
  { given: 'a dot', name: 'orbit', version: '.', tags: [] },
  { given: 'an empty version', name: 'orbit', version: '', tags: [] },
  { given: 'a zero byte', name: 'or\0bit', version: '1', tags: [] },
])('$given is refused', ({ name, version, tags }) => {
  expect(() => paths(name, 'linux', 'orbit', version, tags)).toThrow(/cannot be the path of a target/);
});
