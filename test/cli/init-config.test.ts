import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { jsonSchema } from '../../lib/config/json-schema.ts';
import { describeWhere } from './describe-where.ts';
import { findTerminal } from './terminal.ts';
import { commandLine, environment } from './timekeeper.ts';
import { copyOf, FIXTURES, type WorkingCopy } from './working-copy.ts';

const ROOT = ['--root', 'repository/root.json'];
const TEN_FAULTS = fileURLToPath(new URL('../config/ten-faults.json', import.meta.url));

/** The pin, computed apart from our own reading. */
const pinOf = (copy: WorkingCopy, version: number) => ({
  version,
  sha256: createHash('sha256').update(copy.bytes('repository', 'root.json')).digest('hex'),
});

interface Written {
  readonly $schema: string;
  readonly alarms?: object;
  readonly repositories: Readonly<Record<string, { readonly root: object }>>;
}
const written = (copy: WorkingCopy, file = 'timekeeper.json') => JSON.parse(copy.bytes(file).toString()) as Written;

describe('init-config', () => {
  test('writes a file that says no more than it has to, shows the root, and how long one can be away', async () => {
    const copy = copyOf();
    const run = await copy.run(['init-config', ...ROOT, '--name', 'orbit', '--email', 'oncall@example.com']);
    const pin = pinOf(copy, 1);
    expect(run).toEqual({
      status: 0,
      stderr: '',
      stdout: `Wrote timekeeper.json: the repository "orbit".
  Trusts:      repository/root.json version 1, expires 2036-11-19T16:35:13Z
  SHA-256:     ${pin.sha256}
  Root:        1 of 7c45d6cd124f05a0bfceec9612ba8e47af6be467bcb63bbecf19c519eff10fec (ed25519)
  Timestamp:   1 of d3865141412fb29830bb75dd110ff8f2a78aa74b515e5cd094f3107ba376bf28 (ed25519)
  Kept fresh:  looked at every 1 hour, signed every 3 days, for 14 days: when the alarm comes, you can be away for 10 days
  Next:        npx cdk deploy --all, then timekeeper enroll orbit
`,
    });
    const { $schema, ...rest } = written(copy);
    expect(rest).toEqual({
      alarms: { email: 'oncall@example.com' },
      repositories: { orbit: { hosting: {}, key: { type: 'go-tuf-file' }, root: pin } },
    });
    const schema = JSON.parse(readFileSync(join(copy.folder, $schema), 'utf8')) as unknown;
    expect(schema).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });

  test('adds a repository to a file that is there, and leaves what stands in it as it is', async () => {
    const copy = copyOf();
    await copy.run(['init-config', ...ROOT, '--email', 'oncall@example.com']);
    const first = written(copy);
    writeFileSync(copy.path('timekeeper.json'), JSON.stringify({ ...first, name: 'ours' }));
    cpSync(join(FIXTURES, 'rotated', 'repository', 'root.json'), copy.path('repository', 'root.json'));
    const place = ['--bucket', 'existing-bucket', '--prefix', 'tuf', '--url', 'https://agents.example.com/tuf/'];
    const run = await copy.run(['init-config', ...ROOT, '--name', 'agents', ...place, '--key-type', 'kms-ed25519']);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(written(copy)).toEqual({
      ...first,
      name: 'ours',
      repositories: {
        ...first.repositories,
        agents: {
          bucket: 'existing-bucket',
          prefix: 'tuf',
          url: 'https://agents.example.com/tuf/',
          key: { type: 'kms-ed25519' },
          root: pinOf(copy, 3),
        },
      },
    });
  });

  test('says that nobody gets the alarms', async () => {
    const copy = copyOf();
    const { stdout } = await copy.run(['init-config', ...ROOT]);
    expect(stdout).toContain('Alarms:      nobody gets them; alarms.email names who does');
  });

  test('says all ten faults of a file with ten, and leaves it as it is', async () => {
    const copy = copyOf();
    cpSync(TEN_FAULTS, copy.path('timekeeper.json'));
    const run = await copy.run(['init-config', ...ROOT, '--name', 'another']);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    const lines = run.stderr.split('\n');
    expect(lines[0]).toBe('Failed (CONFIGURATION_INVALID): timekeeper.json has 10 faults:');
    expect(lines.slice(1, -2)).toHaveLength(10);
    expect(lines.slice(1, -2).filter((line) => !/^ {2}- (name|[a-z]+[.[][a-zA-Z0-9.\]]+) .*[.?]$/.test(line))).toEqual(
      [],
    );
    expect(copy.bytes('timekeeper.json')).toEqual(readFileSync(TEN_FAULTS));
  });
});

describe('init-config writes nothing', () => {
  test.each([
    {
      given: 'no root and no terminal',
      words: [],
      status: 2,
      says: /^Failed \(USAGE\): --root is missing, and there is no terminal/,
    },
    {
      given: 'a root that is missing',
      words: ['--root', 'none.json'],
      status: 2,
      says: /no file "none\.json", which --root names/,
    },
    {
      given: 'a file that is no root',
      words: ['--root', 'repository/snapshot.json'],
      status: 1,
      says: /^Refused \(MISSING_FIELD\): repository\/snapshot\.json: signed\._type is "snapshot"/,
    },
    {
      given: 'a root that was changed',
      words: ['--root', 'changed.json'],
      status: 1,
      says: /^Refused \(ROOT_INVALID\): changed\.json/,
    },
    {
      given: 'a name that cannot be one, and a key type',
      words: [...ROOT, '--name', 'Orbit', '--key-type', 'rsa'],
      status: 2,
      says: /has 2 faults:\n.*repositories\.Orbit\.key\.type is "rsa".*\n.*repositories\.Orbit is "Orbit"/,
    },
    {
      given: 'a bucket without an address',
      words: [...ROOT, '--bucket', 'existing'],
      status: 2,
      says: /--url is missing/,
    },
    {
      given: 'a bucket for what is made',
      words: [...ROOT, '--hosting', 'new', '--bucket', 'existing'],
      status: 2,
      says: /--bucket and --prefix are for a bucket that exists/,
    },
    { given: 'no e-mail address', words: [...ROOT, '--email', 'oncall'], status: 2, says: /alarms\.email is "oncall"/ },
  ])('given $given', async ({ words, status, says }) => {
    const copy = copyOf();
    const root = copy.bytes('repository', 'root.json').toString();
    writeFileSync(copy.path('changed.json'), root.replace('"version":1', '"version":2'));
    const run = await copy.run(['init-config', ...words]);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(/\n {2}What to do: {2}[A-Z].*\.\n$/);
    expect(existsSync(copy.path('timekeeper.json'))).toBe(false);
  });

  test('where the repository is there already', async () => {
    const copy = copyOf();
    await copy.run(['init-config', ...ROOT]);
    const before = copy.bytes('timekeeper.json');
    const run = await copy.run(['init-config', ...ROOT]);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/timekeeper\.json has a repository "orbit" already; nothing was written/);
    expect(copy.bytes('timekeeper.json')).toEqual(before);
  });

  test('where the root is that of another repository', async () => {
    const copy = copyOf();
    await copy.run(['init-config', ...ROOT]);
    const before = copy.bytes('timekeeper.json');
    const run = await copy.run(['init-config', ...ROOT, '--name', 'copy']);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/repositories\.copy\.root\.sha256 is that of orbit too/);
    expect(copy.bytes('timekeeper.json')).toEqual(before);
  });
});

describeWhere('init-config on a terminal', 'Python 3.9, which makes the terminal', findTerminal(), (terminal) => {
  test('asks for what no option says', async () => {
    const copy = copyOf();
    const words = ['init-config', '--name', 'orbit', '--hosting', 'new', '--key-type', 'go-tuf-file', '--email', ''];
    const shell = ['sh', '-c', 'cd "$0" && exec "$@"', copy.folder, ...commandLine(words)];
    const shown = await terminal.run(shell, 'repository/root.json\r', 'that you trust:', environment());
    expect(shown.status).toBe(0);
    expect(written(copy).repositories.orbit?.root).toEqual(pinOf(copy, 1));
  });
});
