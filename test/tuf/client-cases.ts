import type { RefusalCode } from '../../lib/contract/codes.ts';
import { ed25519Key, type SigningKey } from './signing-key.ts';
import { EXPIRED, refresh, signedFile, TestRepository, type SignedJson } from './repository.ts';

/** One thing broken, or changed, between two refreshes of a client. */
export interface ClientCase {
  /** The section of the TUF specification 1.0.34 that is at stake. */
  readonly section: string;
  readonly given: string;
  readonly code: RefusalCode | 'accepted';
  /** What the second refresh asks for, and what it keeps, in order. */
  readonly requests: readonly string[];
  readonly stored: readonly string[];
  /** What happens in between. As they come, repository and memory have version 1 of everything. */
  readonly change: (repository: TestRepository, memory: Map<string, Uint8Array>) => void;
  /** Before the client's first refresh. */
  readonly prepare?: (repository: TestRepository) => void;
  /** Clients that see it otherwise, and why. The others accept what we accept, and refuse what we refuse. */
  readonly disagree?: Readonly<Partial<Record<Peer, string>>>;
}

export type Peer = 'go-tuf' | 'tuf-js';

/** A repository that was refreshed from, then changed; and the memory of the client that did. */
export function arrange({ prepare, change }: ClientCase): {
  readonly repository: TestRepository;
  readonly memory: ReadonlyMap<string, Uint8Array>;
} {
  const repository = new TestRepository();
  prepare?.(repository);
  repository.root(1);
  repository.publish(1);
  const memory = new Map<string, Uint8Array>([['root.json', repository.files.get('1.root.json')!]]);
  update(repository, memory);
  change(repository, memory);
  return { repository, memory };
}

/** A refresh that has to succeed. */
function update({ files }: TestRepository, memory: Map<string, Uint8Array>): void {
  const { code, message, memory: kept } = refresh(files, memory);
  if (code !== 'accepted') throw new Error(message);
  for (const [name, bytes] of kept) memory.set(name, bytes);
}

const ROOT = ['2.root.json'];
const TO_TIMESTAMP = [...ROOT, 'timestamp.json'];
const TO_SNAPSHOT = [...TO_TIMESTAMP, 'snapshot.json'];
const TO_TARGETS = [...TO_SNAPSHOT, 'targets.json'];
const ALL = ['timestamp.json', 'snapshot.json', 'targets.json'];

const expires = (when: string) => (signed: SignedJson) => {
  signed.expires = when;
};
const expired = expires(EXPIRED);
const version = (number: number) => (signed: SignedJson) => {
  signed.version = number;
};

/** Gives a role new keys. */
function rotate(repository: TestRepository, role: 'root' | 'timestamp' | 'snapshot' | 'targets'): void {
  repository.keys[role] = [ed25519Key()];
}

/** Has two keys sign a role, of two. */
function twoOf(role: 'timestamp' | 'snapshot') {
  return (repository: TestRepository): void => {
    repository.keys[role] = [ed25519Key(), ed25519Key()];
    repository.thresholds[role] = 2;
  };
}

/** Replaces one of two keys; from now on one signature is enough. */
function keepOneOf(repository: TestRepository, role: 'timestamp' | 'snapshot'): void {
  repository.keys[role] = [repository.keys[role][0]!, ed25519Key()];
  repository.thresholds[role] = 1;
}

/** Publishes root N+1, signed by the root keys of now and of before. */
function nextRoot(repository: TestRepository, number: number, before = repository.keys.root): void {
  repository.root(number, undefined, Array.from(new Set([...before, ...repository.keys.root])));
}

const EARLY_RETURN = 'it looks no further once the timestamp has the version that it knows';

const FORGETS_NOTHING = 'it holds on to whatever still verifies under the new root';

export const CASES: readonly ClientCase[] = [
  // 5.2 and 5.3: root.
  {
    section: '5.3.3',
    given: 'nothing new',
    code: 'accepted',
    requests: TO_TIMESTAMP,
    stored: [],
    change: () => undefined,
  },
  {
    section: '5.3.3',
    given: 'a root N+2 without N+1, which is not looked for',
    code: 'accepted',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.root(3);
    },
  },
  {
    section: '5.3.4',
    given: 'a next root signed by its own keys only',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      rotate(repository, 'root');
      repository.root(2);
    },
  },
  {
    section: '5.3.4',
    given: 'a next root signed by the keys before only',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      const before = repository.keys.root;
      rotate(repository, 'root');
      repository.root(2, undefined, before);
    },
  },
  {
    section: '5.3.4',
    given: 'a next root that one key of two before signed',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    prepare: (repository) => {
      repository.keys.root = [ed25519Key(), ed25519Key()];
      repository.thresholds.root = 2;
    },
    change: (repository) => {
      repository.thresholds.root = 1;
      repository.root(2, undefined, repository.keys.root.slice(1));
    },
  },
  {
    section: '5.3.4',
    given: 'a next root that raises its threshold above its signatures',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      const before = repository.keys.root;
      repository.keys.root = [...before, ed25519Key()];
      repository.thresholds.root = 2;
      repository.root(2, undefined, before);
    },
  },
  {
    section: '5.3.4',
    given: 'a next root of garbage',
    code: 'NOT_JSON',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      repository.put('2.root.json', Buffer.from('<html>'));
    },
  },
  {
    section: '5.3.5',
    given: 'a next root that skips a version',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      repository.root(2, version(3));
    },
  },
  {
    section: '5.3.5',
    given: 'the same root again as the next',
    code: 'ROOT_INVALID',
    requests: ROOT,
    stored: [],
    change: (repository) => {
      repository.put('2.root.json', repository.files.get('1.root.json')!);
    },
  },
  {
    section: '5.3.6',
    given: 'an expired root on the way to one that is not',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', '4.root.json', 'timestamp.json'],
    stored: ['root.json', 'root.json'],
    change: (repository) => {
      repository.root(2, expired);
      repository.root(3);
    },
  },
  {
    section: '5.3.8',
    given: 'a good root before a bad one, which is kept',
    code: 'ROOT_INVALID',
    requests: ['2.root.json', '3.root.json'],
    stored: ['root.json'],
    change: (repository) => {
      const before = repository.keys.root;
      rotate(repository, 'root');
      nextRoot(repository, 2, before);
      rotate(repository, 'root');
      repository.root(3);
    },
  },
  {
    section: '5.3.9',
    given: 'root keys rotated twice',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', '4.root.json', 'timestamp.json'],
    stored: ['root.json', 'root.json'],
    change: (repository) => {
      for (const number of [2, 3]) {
        const before = repository.keys.root;
        rotate(repository, 'root');
        nextRoot(repository, number, before);
      }
    },
  },
  {
    section: '5.3.10',
    given: 'an expired last root, which is kept',
    code: 'METADATA_EXPIRED',
    requests: ['2.root.json', '3.root.json'],
    stored: ['root.json'],
    change: (repository) => {
      repository.root(2, expired);
    },
  },
  {
    section: '5.3.11',
    given: 'a timestamp version run up by a thief, then the key rotated',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json', 'timestamp.json'],
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp);
      rotate(repository, 'timestamp');
      repository.root(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.3.11',
    given: 'a snapshot version run up by a thief, then snapshot and timestamp keys rotated',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL.slice(0, 2)],
    stored: ['root.json', 'timestamp.json', 'snapshot.json'],
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp);
      fastForward(memory, 'snapshot', repository.keys.snapshot);
      rotate(repository, 'timestamp');
      rotate(repository, 'snapshot');
      repository.root(2);
      repository.snapshot(1);
      repository.timestamp(1);
    },
  },
  {
    section: '5.3.11',
    given: 'a version of targets run up in the snapshot, then the snapshot key rotated',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL],
    stored: ['root.json', ...ALL],
    change: (repository, memory) => {
      repository.targets(99);
      repository.snapshot(2);
      repository.timestamp(2);
      update(repository, memory);
      rotate(repository, 'snapshot');
      repository.root(2);
      repository.targets(1);
      repository.snapshot(3);
      repository.timestamp(3);
    },
    disagree: { 'go-tuf': 'it holds on to the version of the targets.json that it has' },
  },
  {
    section: '5.3.11',
    given: 'a snapshot version run up by a thief, then the snapshot key rotated and the timestamp key kept',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL.slice(0, 2)],
    stored: ['root.json', 'timestamp.json', 'snapshot.json'],
    change: (repository, memory) => {
      repository.snapshot(99);
      repository.timestamp(2);
      update(repository, memory);
      rotate(repository, 'snapshot');
      repository.root(2);
      repository.snapshot(2);
      repository.timestamp(3);
    },
    disagree: { 'tuf-js': FORGETS_NOTHING },
  },
  {
    section: '5.3.11',
    given: 'a lower timestamp after a root that kept fewer of its keys than had to sign',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json', 'timestamp.json'],
    prepare: twoOf('timestamp'),
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp);
      keepOneOf(repository, 'timestamp');
      repository.root(2);
      repository.timestamp(2);
    },
    disagree: { 'go-tuf': FORGETS_NOTHING, 'tuf-js': FORGETS_NOTHING },
  },
  {
    section: '5.3.11',
    given: 'a lower snapshot after a root that kept fewer of its keys than had to sign',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL],
    stored: ['root.json', ...ALL],
    prepare: twoOf('snapshot'),
    change: (repository, memory) => {
      repository.targets(99);
      repository.snapshot(99);
      repository.timestamp(2);
      update(repository, memory);
      keepOneOf(repository, 'snapshot');
      repository.root(2);
      repository.targets(2);
      repository.snapshot(2);
      repository.timestamp(3);
    },
    disagree: { 'go-tuf': FORGETS_NOTHING, 'tuf-js': FORGETS_NOTHING },
  },
  {
    section: '5.3.11',
    given:
      'a snapshot version run up by the thief of one key of two, then that key taken away and the timestamp key kept',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL.slice(0, 2)],
    stored: ['root.json', 'timestamp.json', 'snapshot.json'],
    prepare: (repository) => {
      repository.keys.snapshot = [ed25519Key(), ed25519Key()];
    },
    change: (repository, memory) => {
      const [stolen, other] = repository.keys.snapshot;
      repository.snapshot(99, undefined, [stolen!]);
      repository.timestamp(2);
      update(repository, memory);
      repository.keys.snapshot = [other!];
      repository.root(2);
      repository.snapshot(2);
      repository.timestamp(3);
    },
    disagree: { 'tuf-js': FORGETS_NOTHING },
  },
  {
    section: '5.3.11',
    given: 'a snapshot version run up by a thief of two keys of three, of which one was taken away',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL.slice(0, 2)],
    stored: ['root.json', 'timestamp.json', 'snapshot.json'],
    prepare: (repository) => {
      repository.keys.snapshot = [ed25519Key(), ed25519Key(), ed25519Key()];
      repository.thresholds.snapshot = 2;
    },
    change: (repository, memory) => {
      const [stolen, another, other] = repository.keys.snapshot;
      repository.snapshot(99, undefined, [stolen!, another!]);
      repository.timestamp(2);
      update(repository, memory);
      repository.keys.snapshot = [another!, other!];
      repository.root(2);
      repository.snapshot(2);
      repository.timestamp(3);
    },
    disagree: { 'tuf-js': FORGETS_NOTHING },
  },
  {
    section: '5.3.11',
    given: 'a lower timestamp after a root that left its keys alone',
    code: 'METADATA_ROLLBACK',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json'],
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp);
      repository.root(2);
      repository.timestamp(1);
    },
  },
  {
    section: '5.3.11',
    given: 'a lower timestamp after a root that added a key beside the one that signed',
    code: 'METADATA_ROLLBACK',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json'],
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp);
      const before = repository.keys.timestamp;
      repository.keys.timestamp = [...before, ed25519Key()];
      repository.root(2);
      repository.timestamp(1);
    },
  },
  {
    section: '5.3.11',
    given: 'a lower timestamp after a root that replaced the key which signed the kept one, of two',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json', 'timestamp.json'],
    prepare: (repository) => {
      repository.keys.timestamp = [ed25519Key(), ed25519Key()];
    },
    change: (repository, memory) => {
      const [stolen, other] = repository.keys.timestamp;
      fastForward(memory, 'timestamp', [stolen!]);
      repository.keys.timestamp = [other!];
      repository.root(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.3.12',
    given: 'a root that turns consistent snapshots on',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json'],
    stored: ['root.json', ...ALL],
    change: (repository) => {
      repository.isConsistent = true;
      repository.root(2);
      repository.publish(2);
    },
  },
  {
    section: '5.3.12',
    given: 'a root that turns consistent snapshots off',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL],
    stored: ['root.json', ...ALL],
    prepare: (repository) => {
      repository.isConsistent = true;
    },
    change: (repository) => {
      repository.isConsistent = false;
      repository.root(2);
      repository.publish(2);
    },
  },

  // 5.4: timestamp.
  {
    section: '5.4',
    given: 'a new version of everything',
    code: 'accepted',
    requests: TO_TARGETS,
    stored: ALL,
    change: (repository) => {
      repository.publish(2);
    },
  },
  {
    section: '5.4.1',
    given: 'no timestamp',
    code: 'TIMESTAMP_MISSING',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.files.delete('timestamp.json');
    },
  },
  {
    section: '5.4.1',
    given: 'a timestamp above 16 KiB',
    code: 'TOO_LARGE',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.timestamp(2);
      const bytes = repository.files.get('timestamp.json')!;
      repository.put('timestamp.json', Buffer.concat([bytes, Buffer.alloc(16_385 - bytes.length, ' ')]));
    },
  },
  {
    section: '5.4.2',
    given: 'a timestamp signed by the snapshot key',
    code: 'SIGNATURE_INVALID',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.timestamp(2, undefined, repository.keys.snapshot);
    },
  },
  {
    section: '5.4.2',
    given: 'a timestamp signed by a key that the next root removed',
    code: 'SIGNATURE_INVALID',
    requests: ['2.root.json', '3.root.json', 'timestamp.json'],
    stored: ['root.json'],
    change: (repository) => {
      const before = repository.keys.timestamp;
      rotate(repository, 'timestamp');
      repository.root(2);
      repository.timestamp(2, undefined, before);
    },
  },
  {
    section: '5.4.2',
    given: 'a timestamp that one key of two signed at threshold 2',
    code: 'THRESHOLD_NOT_MET',
    requests: TO_TIMESTAMP,
    stored: [],
    prepare: (repository) => {
      repository.keys.timestamp = [ed25519Key(), ed25519Key()];
      repository.thresholds.timestamp = 2;
    },
    change: (repository) => {
      repository.timestamp(2, undefined, repository.keys.timestamp.slice(1));
    },
  },
  {
    section: '5.4.2',
    given: 'a snapshot in place of the timestamp, signed by the timestamp key',
    code: 'MISSING_FIELD',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.timestamp(2, (signed) => {
        signed._type = 'snapshot';
      });
    },
  },
  {
    section: '5.4.3.1',
    given: 'an older timestamp',
    code: 'METADATA_ROLLBACK',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      fastForward(memory, 'timestamp', repository.keys.timestamp, 2);
    },
  },
  {
    section: '5.4.3.1',
    given: 'another timestamp of the same version, which is not kept',
    code: 'accepted',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.targets(2);
      repository.snapshot(2);
      repository.timestamp(1);
    },
  },
  {
    section: '5.4.3.1',
    given: 'an older timestamp than an expired one that is kept',
    code: 'METADATA_ROLLBACK',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      repository.timestamp(2, expired);
      memory.set('timestamp.json', repository.files.get('timestamp.json')!);
      repository.timestamp(1);
    },
  },
  {
    section: '5.4.3.2',
    given: 'a higher timestamp that names an older snapshot',
    code: 'METADATA_ROLLBACK',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      repository.publish(5);
      update(repository, memory);
      repository.snapshot(4);
      repository.timestamp(6);
    },
  },
  {
    section: '5.4.4',
    given: 'a higher but expired timestamp',
    code: 'METADATA_EXPIRED',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository) => {
      repository.timestamp(2, expired);
    },
  },
  {
    section: '5.4.4',
    given: 'the timestamp that is kept, expired since',
    code: 'METADATA_EXPIRED',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      repository.timestamp(1, expired);
      memory.set('timestamp.json', repository.files.get('timestamp.json')!);
    },
  },
  {
    section: '5.4.5',
    given: 'garbage for the timestamp that was kept',
    code: 'accepted',
    requests: TO_TIMESTAMP,
    stored: ['timestamp.json'],
    change: (_, memory) => {
      memory.set('timestamp.json', Buffer.from('{}'));
    },
  },

  // 5.5: snapshot.
  {
    section: '5.5.1',
    given: 'a new timestamp of the same snapshot, which is not fetched again',
    code: 'accepted',
    requests: TO_TIMESTAMP,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.timestamp(2);
    },
  },
  {
    section: '5.5.1',
    given: 'a snapshot of the version that is kept, but with other bytes, which is fetched',
    code: 'accepted',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json', 'snapshot.json'],
    change: (repository) => {
      repository.snapshot(1, expires('2030-06-01T00:00:00Z'));
      repository.timestamp(2);
    },
  },
  {
    section: '5.5.1',
    given: 'no snapshot; the timestamp is kept',
    code: 'SNAPSHOT_MISSING',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.publish(2);
      repository.files.delete('snapshot.json');
    },
  },
  {
    section: '5.5.2',
    given: 'another snapshot than the timestamp names (mix and match)',
    code: 'SNAPSHOT_MISMATCH',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.publish(2);
      repository.targets(3);
      repository.snapshot(2);
    },
  },
  {
    section: '5.5.2',
    given: 'the old snapshot, left behind by a cache',
    code: 'SNAPSHOT_MISMATCH',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      const old = repository.files.get('snapshot.json')!;
      repository.publish(2);
      repository.put('snapshot.json', old);
    },
  },
  {
    section: '5.5.3',
    given: 'a snapshot signed by the timestamp key',
    code: 'SIGNATURE_INVALID',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.snapshot(2, undefined, repository.keys.timestamp);
      repository.timestamp(2);
    },
  },
  {
    section: '5.5.4',
    given: 'a snapshot of another version than the timestamp says',
    code: 'SNAPSHOT_MISMATCH',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.snapshot(2);
      repository.timestamp(2, (signed) => {
        signed.meta['snapshot.json']!.version = 3;
      });
    },
  },
  {
    section: '5.5.5',
    given: 'a snapshot in which targets go back',
    code: 'METADATA_ROLLBACK',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    prepare: (repository) => {
      repository.targets(2);
    },
    change: (repository, memory) => {
      repository.publish(2);
      update(repository, memory);
      repository.targets(1);
      repository.snapshot(3);
      repository.timestamp(3);
    },
  },
  {
    section: '5.5.5',
    given: 'a snapshot in which a role vanishes',
    code: 'METADATA_ROLLBACK',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    prepare: (repository) => {
      repository.delegations = { targets: ['a'] };
    },
    change: (repository) => {
      repository.delegations = {};
      repository.publish(2);
    },
  },
  {
    section: '5.5.5',
    given: 'a snapshot in which a delegated role goes back',
    code: 'METADATA_ROLLBACK',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    prepare: (repository) => {
      repository.delegations = { targets: ['a'] };
    },
    change: (repository, memory) => {
      repository.publish(2);
      update(repository, memory);
      repository.targets(1, undefined, 'a');
      repository.snapshot(3);
      repository.timestamp(3);
    },
  },
  {
    section: '5.5.5',
    given: 'a role that goes back against an expired snapshot that is kept',
    code: 'METADATA_ROLLBACK',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository, memory) => {
      repository.targets(2);
      repository.snapshot(2, expired);
      memory.set('snapshot.json', repository.files.get('snapshot.json')!);
      repository.targets(1);
      repository.snapshot(3);
      repository.timestamp(3);
    },
  },
  {
    section: '5.5.5',
    given: 'a lower snapshot with the same targets, after the timestamp key was rotated',
    code: 'accepted',
    requests: ['2.root.json', '3.root.json', ...ALL.slice(0, 2)],
    stored: ['root.json', 'timestamp.json', 'snapshot.json'],
    change: (repository, memory) => {
      repository.snapshot(5);
      repository.timestamp(2);
      update(repository, memory);
      rotate(repository, 'timestamp');
      repository.root(2);
      repository.snapshot(4);
      repository.timestamp(3);
    },
    disagree: { 'go-tuf': 'it also compares with the version of the snapshot that it has' },
  },
  {
    section: '5.5.6',
    given: 'a higher but expired snapshot',
    code: 'METADATA_EXPIRED',
    requests: TO_SNAPSHOT,
    stored: ['timestamp.json'],
    change: (repository) => {
      repository.snapshot(2, expired);
      repository.timestamp(2);
    },
  },
  {
    section: '5.5.6',
    given: 'the snapshot that is kept, expired since',
    code: 'METADATA_EXPIRED',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      repository.snapshot(1, expired);
      repository.timestamp(1);
      for (const name of ['timestamp.json', 'snapshot.json']) memory.set(name, repository.files.get(name)!);
    },
    disagree: { 'go-tuf': EARLY_RETURN },
  },

  // 5.6: targets.
  {
    section: '5.6.1',
    given: 'a new snapshot of the same targets, which are not fetched again',
    code: 'accepted',
    requests: TO_SNAPSHOT,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.snapshot(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.6.1',
    given: 'targets of the version that is kept, but with other bytes, which are fetched',
    code: 'accepted',
    requests: TO_TARGETS,
    stored: ALL,
    change: (repository) => {
      repository.targets(1, expires('2030-06-01T00:00:00Z'));
      repository.snapshot(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.6.1',
    given: 'no targets; timestamp and snapshot are kept',
    code: 'TARGETS_MISSING',
    requests: TO_TARGETS,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.publish(2);
      repository.files.delete('targets.json');
    },
  },
  {
    section: '5.6.2',
    given: 'other targets than the snapshot names (mix and match)',
    code: 'TARGETS_MISMATCH',
    requests: TO_TARGETS,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.publish(2);
      repository.targets(2, (signed) => {
        signed.targets.a = { length: 0, hashes: { sha512: '00'.repeat(64) } };
      });
    },
  },
  {
    section: '5.6.3',
    given: 'targets signed by the snapshot key',
    code: 'SIGNATURE_INVALID',
    requests: TO_TARGETS,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.targets(2, undefined, 'targets', repository.keys.snapshot);
      repository.snapshot(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.6.4',
    given: 'targets of another version than the snapshot says',
    code: 'TARGETS_MISMATCH',
    requests: TO_TARGETS,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.targets(2);
      repository.snapshot(2, (signed) => {
        signed.meta['targets.json']!.version = 3;
      });
      repository.timestamp(2);
    },
  },
  {
    section: '5.6.5',
    given: 'expired targets',
    code: 'METADATA_EXPIRED',
    requests: TO_TARGETS,
    stored: ALL.slice(0, 2),
    change: (repository) => {
      repository.targets(2, expired);
      repository.snapshot(2);
      repository.timestamp(2);
    },
  },
  {
    section: '5.6.5',
    given: 'the targets that are kept, expired since',
    code: 'METADATA_EXPIRED',
    requests: TO_TIMESTAMP,
    stored: [],
    change: (repository, memory) => {
      repository.targets(1, expired);
      repository.snapshot(1);
      repository.timestamp(1);
      for (const name of ALL) memory.set(name, repository.files.get(name)!);
    },
    disagree: { 'go-tuf': EARLY_RETURN },
  },
];

/** Puts into a memory what a thief of a role's keys could have made a client keep. */
function fastForward(
  memory: Map<string, Uint8Array>,
  role: 'timestamp' | 'snapshot',
  keys: readonly SigningKey[],
  number = 99,
): void {
  const { signed } = JSON.parse(Buffer.from(memory.get(`${role}.json`)!).toString()) as { signed: SignedJson };
  memory.set(`${role}.json`, signedFile({ ...signed, version: number }, keys));
}
