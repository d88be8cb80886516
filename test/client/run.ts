import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { beginWith, fetchTargets, type Fetching } from '../../lib/client/fetch.ts';
import { stateFolder } from '../../lib/client/state-folder.ts';
import { isCoded } from '../../lib/contract/errors.ts';
import { ABSENT_TO_CLIENTS, httpStore } from '../../lib/stores/http.ts';
import type { Instant } from '../../lib/tuf/instant.ts';
import { NOW } from '../tuf/repository.ts';
import type { ServedRepository } from './served.ts';

/** What came of one fetch. */
export interface Fetched {
  /** `done`, or the code. */
  readonly code: string;
  readonly message: string;
  /** What was asked for, in order. */
  readonly asked: readonly string[];
  /** Versions of the roles that verified. */
  readonly roles: Readonly<Record<string, number>>;
  readonly targets: Fetching['fetched'];
}

/** A client with a state folder and a folder for targets, both of them not there yet. */
export class Client {
  readonly state: string;
  readonly out: string;
  root: Uint8Array | undefined;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'timekeeper-client-'));
    folders.push(folder);
    this.state = join(folder, 'state');
    this.out = join(folder, 'out');
  }

  /** Fetches as the command does, and looks at what was asked for. */
  async fetch(served: ServedRepository, targets: readonly string[] = [], now: Instant = NOW): Promise<Fetched> {
    const known: Fetching['known'] = new Map();
    const fetched: Fetching['fetched'] = [];
    const told = (code: string, message: string): Fetched => ({
      code,
      message,
      asked: served.asked(),
      roles: Object.fromEntries(Array.from(known, ([name, { version }]) => [name, version])),
      targets: fetched,
    });
    try {
      const memory = stateFolder(this.state);
      await beginWith(memory, () => this.root ?? served.repository.files.get('1.root.json')!);
      const places = { url: `${served.url}/targets/`, folder: this.out };
      const store = httpStore(served.url, { absent: ABSENT_TO_CLIENTS });
      await fetchTargets(store, memory, { targets, places, known, fetched }, now);
      return told('done', '');
    } catch (error) {
      if (isCoded(error)) return told(error.code, error.message);
      throw error;
    }
  }

  /** The files of the state, by name. */
  kept(): Map<string, Buffer> {
    return filesBelow(this.state);
  }

  /** The files below the folder for targets, by path. */
  got(): Map<string, Buffer> {
    return filesBelow(this.out);
  }
}

/** The files below a folder, by path; a lock that a killed run left is a link, and none of them. */
export function filesBelow(folder: string): Map<string, Buffer> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
