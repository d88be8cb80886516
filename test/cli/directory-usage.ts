import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { WorkingCopy } from './working-copy.ts';

/** One way to call a command wrongly. */
export interface WrongUsage {
  readonly given: string;
  readonly words: readonly string[];
  readonly arrange?: (copy: WorkingCopy) => void;
  /** The message. */
  readonly says: RegExp;
  /** What to do. */
  readonly advises: RegExp;
}

const HELP = /^See --help\.$/;
const NAME_FOLDER = /--path\.$/;
const NAME_STATE = /outside the repository with --state\.$/;
const NAME_FILE = /^Name the right file\.$/;

/** How any command over a directory can be called wrongly. */
export const WRONG_USAGES: readonly WrongUsage[] = [
  { given: 'an option that does not exist', words: ['--bogus'], says: /'--bogus'/, advises: HELP },
  { given: 'a word too many', words: ['orbit', 'agents'], says: /Too many arguments/, advises: HELP },
  { given: 'an option without its value', words: ['--path'], says: /'--path <dir>' argument missing/, advises: HELP },
  { given: 'an unknown mode', words: ['--mode', 'fast'], says: /'fast' is invalid.*refresh, advance/, advises: HELP },
  ...[
    ['--validity', '30 dayz'],
    ['--validity', ''],
    ['--validity', '-3 days'],
    ['--validity', '14'],
    ['--validity', '1e3 days'],
    ['--resign-after', 'three days'],
    ['--resign-after', '3 days\u0007'],
  ].map(([option = '', value = '']) => ({
    given: `${option} ${JSON.stringify(value)}`,
    words: [option, value],
    says: new RegExp(`^${option} is ".*", not a duration such as "90 minutes" or "3 days"\\.$`),
    advises: HELP,
  })),
  { given: 'a validity that is too long', words: ['--validity', '32 days'], says: /31 days\.$/, advises: HELP },
  {
    given: 'a validity that is too short',
    words: ['--validity', '59 minutes', '--resign-after', '1 minute'],
    says: /between 1 hour/,
    advises: HELP,
  },
  {
    given: '--resign-after longer than the validity',
    words: ['--resign-after', '15 days'],
    says: /^--validity has to be longer than --resign-after\.$/,
    advises: HELP,
  },
  {
    given: '--resign-after as long as the validity',
    words: ['--resign-after', '14 days'],
    says: /longer than --resign-after/,
    advises: HELP,
  },
  {
    given: 'no time until the next signature',
    words: ['--resign-after', '0 days'],
    says: /until the next signature has to be 1 second or more/,
    advises: HELP,
  },
  {
    given: 'a folder that is missing',
    words: ['--path', 'nowhere'],
    says: /no folder "nowhere"/,
    advises: NAME_FOLDER,
  },
  {
    given: 'a file in place of the folder',
    words: ['--path', 'repository/root.json'],
    says: /no folder "repository\/root\.json"/,
    advises: NAME_FOLDER,
  },
  {
    given: 'a folder that is not empty and has no repository',
    words: ['--path', 'other'],
    arrange: (copy) => {
      mkdirSync(copy.path('other', 'targets'), { recursive: true });
    },
    says: /no TUF repository in "other": neither/,
    advises: NAME_FOLDER,
  },
  {
    given: 'an empty folder',
    words: ['--path', 'empty'],
    arrange: (copy) => {
      mkdirSync(copy.path('empty'));
    },
    says: /no TUF repository in "empty"/,
    advises: NAME_FOLDER,
  },
  {
    given: 'the folder with the metadata itself, and no place for the state',
    words: ['--path', 'repository'],
    says: /"repository" is the folder with the metadata itself/,
    advises: NAME_STATE,
  },
  {
    given: 'the state in the repository',
    words: ['--state', 'repository/state'],
    says: /must not lie inside/,
    advises: NAME_STATE,
  },
  { given: 'the repository as the state', words: ['--state', 'repository'], says: /must not lie/, advises: NAME_STATE },
  {
    given: 'the state in the repository, by way of a link',
    words: ['--state', 'link/state'],
    arrange: (copy) => {
      symlinkSync('repository', copy.path('link'));
    },
    says: /must not lie inside/,
    advises: NAME_STATE,
  },
  {
    given: 'a trusted root that is missing',
    words: ['--trusted-root', 'nothing.json'],
    says: /no file "nothing\.json", which --trusted-root names/,
    advises: NAME_FILE,
  },
  {
    given: 'a trusted root below a file',
    words: ['--trusted-root', 'repository/root.json/x'],
    says: /no file/,
    advises: NAME_FILE,
  },
  {
    given: 'a folder as the trusted root',
    words: ['--trusted-root', 'repository'],
    says: /"repository" is a folder, not a file/,
    advises: NAME_FILE,
  },
  {
    given: 'a device as the trusted root',
    words: ['--trusted-root', '/dev/zero'],
    says: /"\/dev\/zero" is a device or a pipe/,
    advises: NAME_FILE,
  },
  {
    given: 'a trusted root that is too large',
    words: ['--trusted-root', 'large'],
    arrange: (copy) => {
      writeFileSync(copy.path('large'), Buffer.alloc(512_001));
    },
    says: /"large" has 512001 bytes; at most 512000 are read/,
    advises: NAME_FILE,
  },
];
