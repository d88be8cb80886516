import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeWithGoTuf } from '../peers/describe-with-go-tuf.ts';
import type { GoTufLoop } from '../peers/go-tuf.ts';
import { arrange, CASES, type Peer } from './client-cases.ts';
import { FIXTURE_NAMES, metadataOf } from './fixtures.ts';
import { NOW, refresh, type SignedJson } from './repository.ts';
import { tufJsRefresh } from './tuf-js.ts';

/** Whether a client takes it, and the versions that it then has. */
interface Answer {
  readonly ok: boolean;
  readonly versions: Readonly<Record<string, number>> | undefined;
}

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'];

function versionsOf(memory: ReadonlyMap<string, Uint8Array>): Record<string, number> {
  return Object.fromEntries(
    ROLES.map((role) => {
      const { signed } = JSON.parse(Buffer.from(memory.get(`${role}.json`)!).toString()) as { signed: SignedJson };
      return [role, signed.version];
    }),
  );
}

function ours(files: ReadonlyMap<string, Uint8Array>, before: ReadonlyMap<string, Uint8Array>): Answer {
  const { code, memory } = refresh(files, before);
  return code === 'accepted' ? { ok: true, versions: versionsOf(memory) } : { ok: false, versions: undefined };
}

/** The same tests for each client. */
function compare(peer: Peer, check: (...state: Parameters<typeof ours>) => Promise<Answer>): void {
  const cases = CASES.map((item) => {
    const why = item.disagree?.[peer];
    return { ...item, isOtherwise: why !== undefined, how: why === undefined ? 'as we do' : `otherwise (${why})` };
  });

  test.each(cases)('answers $how to $given ($section)', async ({ isOtherwise, ...item }) => {
    const { repository, memory } = arrange(item);
    const we = ours(repository.files, memory);
    const it = await check(repository.files, memory);
    expect(it).toMatchObject(isOtherwise ? { ok: !we.ok } : we);
  });

  test.each(FIXTURE_NAMES)('answers as we do to the fixture %s', async (fixture) => {
    const files = metadataOf(fixture);
    const before = new Map([['root.json', files.get('1.root.json')!]]);
    expect(ours(files, before).ok).toBe(true);
    expect(await check(files, before)).toEqual(ours(files, before));
  });
}

describe('the client of tuf-js', () => {
  compare('tuf-js', async (files, before) => {
    const { ok, memory } = await tufJsRefresh(files, before);
    return { ok, versions: ok ? versionsOf(memory) : undefined };
  });
});

await describeWithGoTuf('the client of go-tuf', (peer) => {
  let loop: GoTufLoop;
  let scratch: string;
  let count = 0;
  beforeAll(async () => {
    loop = peer.loop();
    scratch = await mkdtemp(join(tmpdir(), 'client-peers-'));
  });
  afterAll(async () => {
    await loop.close();
    await rm(scratch, { recursive: true });
  });

  compare('go-tuf', async (files, before) => {
    const repository = join(scratch, String(++count), 'repository');
    const state = join(scratch, String(count), 'state');
    for (const [name, bytes] of files) await write(join(repository, name), bytes);
    const memory = Array.from(before, ([name, bytes]) => `${JSON.stringify(name)}:${Buffer.from(bytes).toString()}`);
    await write(join(state, 'updates-metadata.json'), `{${memory.join(',')}}`);
    const { ok, versions } = await loop.update(state, repository, { now: new Date(NOW * 1_000) });
    return { ok, versions: ok ? versions : undefined };
  });
});

async function write(file: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}
