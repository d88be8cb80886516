import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { contentToken } from '../../lib/stores/plain-file.ts';
import { FileSwitch, type PreparedFile } from '../../lib/stores/switch-files.ts';
import { encodeIntent } from '../../lib/stores/switch-intent.ts';

const scratch = mkdtempSync(join(tmpdir(), 'switch-'));
let made = 0;
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let base: string;
let files: FileSwitch;
beforeEach(() => {
  base = join(scratch, String(++made));
  mkdirSync(join(base, 'state'), { recursive: true });
  files = new FileSwitch(base, 'state/update');
});

const token = (text: string) => contentToken([Buffer.from(text)]);
const text = (name: string) => (existsSync(join(base, name)) ? readFileSync(join(base, name), 'utf8') : undefined);

function put(name: string, content: string): void {
  mkdirSync(dirname(join(base, name)), { recursive: true });
  writeFileSync(join(base, name), content);
}

function prepare(to: string, content: string, isPublished: boolean): PreparedFile {
  const from = to.replaceAll('/', '-');
  files.prepare(from, Buffer.from(content), to, 0o644);
  return { from, to, isPublished, ...(isPublished && { content: token(content) }) };
}

describe('files that are switched in', () => {
  test('are all in their place then, and nothing is left beside them', () => {
    put('a', 'old a');
    files.switchIn([prepare('a', 'new a', false), prepare('folder/b', 'new b', true)], ['folder']);
    expect([text('a'), text('folder/b')]).toEqual(['new a', 'new b']);
    expect(existsSync(join(base, 'state/update'))).toBe(false);
    expect(files.recover()).toEqual({ is: 'nothing' });
  });

  test('are not switched in over what is not expected', () => {
    put('a', 'somebody else’s');
    const prepared = { ...prepare('a', 'new a', true), expected: token('old a') };
    expect(() => {
      files.switchIn([prepared], []);
    }).toThrow(expect.objectContaining({ code: 'LOST_RACE' }));
    files.discard();
    expect([text('a'), existsSync(join(base, 'state/update'))]).toEqual(['somebody else’s', false]);
  });

  test('are all as before if one cannot be put in its place before anybody could rely on one', () => {
    put('a', 'old a');
    put('blocked', 'a file where a folder is to be');
    const prepared = [prepare('a', 'new a', false), prepare('c', 'new c', false), prepare('blocked/b', 'new b', false)];
    expect(() => {
      files.switchIn([...prepared, prepare('d', 'new d', true)], ['blocked', 'another']);
    }).toThrow(/b in .*blocked could not be written: ENOTDIR/);
    expect([text('a'), text('c'), text('d')]).toEqual(['old a', undefined, undefined]);
    expect(existsSync(join(base, 'another'))).toBe(false);
    expect(files.recover()).toEqual({ is: 'nothing' });
  });

  test('are finished by the next run if one cannot be put in its place after that', () => {
    put('blocked', 'a file where a folder is to be');
    const prepared = [prepare('a', 'new a', true), prepare('blocked/b', 'new b', true)];
    expect(() => {
      files.switchIn(prepared, ['blocked']);
    }).toThrow(/the next command finishes what was begun/);
    expect(text('a')).toBe('new a');
    rmSync(join(base, 'blocked'));
    mkdirSync(join(base, 'blocked'));
    expect(files.recover()).toEqual({ is: 'finished' });
    expect([text('a'), text('blocked/b')]).toEqual(['new a', 'new b']);
    expect(existsSync(join(base, 'state/update'))).toBe(false);
  });

  test('are in their place before what is to be removed is gone, and the folder that is empty then', () => {
    put('folder/deeper/a', 'unneeded');
    put('folder/kept', 'needed');
    const prepared = [prepare('list', 'without a', true)];
    put('blocked', 'a file where a folder is to be');
    expect(() => {
      files.switchIn([...prepared, prepare('blocked/b', 'new b', true)], ['blocked'], ['folder/deeper/a']);
    }).toThrow(/the next command finishes/);
    expect([text('list'), text('folder/deeper/a')]).toEqual(['without a', 'unneeded']);
    rmSync(join(base, 'blocked'));
    mkdirSync(join(base, 'blocked'));
    rmSync(join(base, 'folder/deeper/a')); // as if it had been killed after that
    expect(files.recover()).toEqual({ is: 'finished' });
    expect([text('folder/kept'), existsSync(join(base, 'folder/deeper'))]).toEqual(['needed', false]);
  });

  test('are in their place, and it is over, if what is to be removed cannot be: that is told once', () => {
    put('folder/a/file', 'it is a folder');
    put('folder/b', 'a file');
    expect(() => {
      files.switchIn([prepare('list', 'without a', true)], [], ['folder/a', 'folder/b']);
    }).toThrow(/a in .*folder could not be removed, and all else is done; remove it by hand: /);
    expect([text('list'), text('folder/b')]).toEqual(['without a', undefined]);
    expect(files.recover()).toEqual({ is: 'nothing' });
  });
});

describe('what a killed run had left', () => {
  test('before it recorded what it was about to do is removed', () => {
    prepare('a', 'new a', true);
    expect(files.recover()).toEqual({ is: 'nothing' });
    expect([text('a'), existsSync(join(base, 'state/update'))]).toEqual([undefined, false]);
  });

  test('while it undid what it had begun is undone', () => {
    const named = (to: string) => ({ from: to, to, isPublished: false, after: null });
    put('a', 'new a');
    put('state/update/old/a', 'old a');
    put('b', 'old b');
    put('state/update/new/b', 'new b');
    put('c', 'new c');
    const all = [{ ...named('a'), before: null }, { ...named('b'), before: null }, { ...named('c'), before: 'absent' }] as const; // prettier-ignore
    put('state/update/undo.json', Buffer.from(encodeIntent({ folders: [], files: all })).toString());
    expect(files.recover()).toEqual({ is: 'undone' });
    expect([text('a'), text('b'), text('c')]).toEqual(['old a', 'old b', undefined]);
    expect(existsSync(join(base, 'state/update'))).toBe(false);
  });

  test('is left as it is if it was written by another version', () => {
    put('state/update/intent.json', '{"format":2}');
    expect(() => files.recover()).toThrow(expect.objectContaining({ code: 'STORE_UNREACHABLE' }));
    expect(text('state/update/intent.json')).toBe('{"format":2}');
  });
});
