import { expect } from '@jest/globals';
import type { Code, WarningCode } from '../../lib/contract/codes.ts';
import type { Outcome } from '../../lib/contract/outcome.ts';
import type { Wish } from '../../lib/refresh/refresh.ts';
import { newRepository, type Repository, type RepositoryOptions } from './repository.ts';

/** What a run is to answer. */
export interface Answer {
  readonly outcome: Outcome['outcome'];
  readonly code: Code;
  /** The version that is published after it. Always given where it signs. */
  readonly version?: number;
}

/** A run after the first one. */
export interface Step {
  /** Seconds after the run before. */
  readonly after?: number;
  /** What happens in between. */
  readonly arrange?: (repository: Repository) => unknown;
  readonly wish?: Partial<Wish>;
  readonly answers: Answer;
}

/** One thing that is wrong (or right) with a repository, and what comes of it. */
export interface Case {
  /** Ends the title: `answers CODE to …`. A number in brackets is the one in the threat model's list of hostile inputs. */
  readonly given: string;
  readonly options?: RepositoryOptions;
  /** Breaks one thing. */
  readonly arrange: (repository: Repository) => unknown;
  /** It is the first run, with a root that the caller vouches for. */
  readonly first?: true;
  readonly wish?: Partial<Wish>;
  readonly answers: Answer;
  /** What the message has to name: file, version, field. Required where something is refused. */
  readonly says?: RegExp;
  /** All warnings, in their order. Not looked at if not given. */
  readonly warns?: readonly WarningCode[];
  /** What a client that holds the old state answers after a signature; it accepts if not given. */
  readonly client?: Code;
  /** How many signatures are still to come in the hours after; none if not given. */
  readonly signsAgain?: number;
  /** Somebody else acts during the run, so a second run of any kind would be another case. */
  readonly racing?: true;
  /** How many signatures are made; one if not given. */
  readonly signatures?: number;
  /** The keys have to be opened to find out: nothing else tells what they are. */
  readonly opens?: true;
  readonly later?: readonly Step[];
  /** Whatever else has to hold in the end. */
  readonly holds?: (repository: Repository) => void;
}

const CHECK = 3_600; // seconds between two runs, as the policy has it

/** One test: its title is the rule. */
export interface Rule {
  readonly rule: string;
  readonly expectIt: () => Promise<void>;
}

/** The tests of a list of cases: what a run answers, that a dry run says the same, and that force changes no refusal. */
export function rulesOf(cases: readonly Case[]): readonly Rule[] {
  const repeatable = cases.filter(({ racing, wish }) => racing === undefined && wish?.dryRun !== true);
  const refused = repeatable.filter(({ answers }) => answers.outcome === 'refused');
  return [
    ...cases.map((one) => ({
      rule: `answers ${one.answers.code} to ${one.given}`,
      expectIt: () => expectAnswer(one),
    })),
    ...repeatable.map((one) => ({
      rule: `says ${one.answers.code} in a dry run and publishes nothing, given ${one.given}`,
      expectIt: () => expectSameInDryRun(one),
    })),
    ...refused.map((one) => ({
      rule: `is not forced past ${one.answers.code}, given ${one.given}`,
      expectIt: () => expectNotForced(one),
    })),
  ];
}

async function arranged({ options, arrange }: Case): Promise<Repository> {
  const repository = await newRepository(options);
  await arrange(repository);
  repository.log.length = 0;
  return repository;
}

async function runOf(repository: Repository, { first, wish }: Case, more: Partial<Wish> = {}): Promise<Outcome> {
  if (first === true) return repository.enrol({ ...wish, ...more });
  return repository.run({ ...wish, ...more });
}

async function expectAnswer(one: Case): Promise<void> {
  const repository = await arranged(one);
  const before = observed(repository);
  const outcome = await runOf(repository, one);

  expect(answerOf(outcome, one.answers)).toEqual(one.answers);
  if (one.says !== undefined) expect(outcome.message).toMatch(one.says);
  if (one.warns !== undefined) expect(outcome.warnings.map(({ code }) => code)).toEqual(one.warns);
  if (outcome.outcome === 'signed') await expectSigned(repository, before, outcome, one);
  else expectUntouched(repository, before, outcome, one);
  if (outcome.outcome === 'refused') await expectRepeated(repository, one);

  for (const { after = 0, arrange, wish, answers } of one.later ?? []) {
    repository.pass(after);
    await arrange?.(repository);
    const next = await repository.run(wish);
    expect(answerOf(next, answers)).toEqual(answers);
  }
  one.holds?.(repository);
}

function answerOf({ outcome, code, version }: Outcome, wanted: Answer): Answer {
  return { outcome, code, ...(wanted.version !== undefined && version !== null && { version }) };
}

function observed(repository: Repository) {
  const { hosting, state, source } = repository;
  return {
    hosting: hosting.contents(),
    state: state.contents(),
    openings: source.openings,
    signatures: source.signatures,
    journal: 'journal.json' in state.contents() ? repository.journal() : undefined,
  };
}

type Observed = ReturnType<typeof observed>;

/** A signature changes timestamp.json and the state, in the right order, and clients take it. */
async function expectSigned(repository: Repository, before: Observed, outcome: Outcome, one: Case): Promise<void> {
  const { hosting, source, log } = repository;
  expect(one.answers.version).toBe(outcome.version);
  expect(source.signatures - before.signatures).toBe(one.signatures ?? 1);
  expect({ ...hosting.contents(), 'timestamp.json': '' }).toEqual({ ...before.hosting, 'timestamp.json': '' });

  // No key material before everything was read (S-8), no put before the journal's (S-2).
  const signed = log.slice(log.lastIndexOf('keys open'));
  expect(signed.filter((call) => !call.startsWith('keys '))).toEqual([
    'state putIf journal.json',
    'hosting putIf timestamp.json',
  ]);
  expect(signed.indexOf('keys sign')).toBeLessThan(signed.indexOf('state putIf journal.json'));

  const { entry, seen, floor } = before.journal ?? { floor: 0 };
  expect(outcome.version).toBeGreaterThan(Math.max(entry?.version ?? 0, seen?.version ?? 0, floor));
  expect(repository.journal().entry?.version).toBe(outcome.version);
  expect(repository.versionOf('timestamp.json')).toBe(outcome.version);
  expect(repository.clientRefuses()).toBe(one.client);
  if (one.later === undefined) await expectRest(repository, one);
}

/** L-4: after the last outside change it rests. */
async function expectRest(repository: Repository, { signsAgain = 0 }: Case): Promise<void> {
  const { source } = repository;
  const before = source.signatures;
  expect(await repository.run()).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  for (let run = 0; run < 3; run++) {
    repository.pass(CHECK);
    await repository.run();
  }
  expect(await repository.run()).toMatchObject({ outcome: 'skipped', code: 'NOT_DUE' });
  expect(source.signatures - before).toBe(signsAgain);
}

/** Nothing signed: the repository stays to the byte, no key was asked for, and the state learnt at most what it may learn. */
function expectUntouched(repository: Repository, before: Observed, outcome: Outcome, one: Case): void {
  const { hosting, source } = repository;
  expect(hosting.contents()).toEqual(before.hosting);
  expect(source.signatures).toBe(before.signatures);
  expect(source.openings - before.openings).toBe(one.opens === true ? 1 : 0);
  if (before.journal !== undefined) {
    const { entry, epoch, floor } = repository.journal();
    expect({ entry, epoch, floor }).toEqual({
      entry: before.journal.entry,
      epoch: before.journal.epoch,
      floor: before.journal.floor,
    });
  }
  if (outcome.outcome !== 'skipped') {
    expect(one.says).toBeDefined();
    expect(outcome.remedy).toMatch(/\w+ \w+.*[.?]$/);
  }
}

/** Running again gives the same refusal and changes nothing more. */
async function expectRepeated(repository: Repository, one: Case): Promise<void> {
  const before = observed(repository);
  const again = await runOf(repository, one);
  expect(again.code).toBe(one.answers.code);
  expect(repository.hosting.contents()).toEqual(before.hosting);
  expect(repository.state.contents()).toEqual(before.state);
}

async function expectSameInDryRun(one: Case): Promise<void> {
  const repository = await arranged(one);
  const before = observed(repository);
  const outcome = await runOf(repository, one, { dryRun: true });
  expect(outcome).toMatchObject({ outcome: one.answers.outcome, code: one.answers.code, dryRun: true });
  expect(repository.hosting.contents()).toEqual(before.hosting);
  expect(repository.source.signatures).toBe(before.signatures);
  if (repository.source.probes === 0) expect(repository.state.contents()).toEqual(before.state);
}

async function expectNotForced(one: Case): Promise<void> {
  const repository = await arranged(one);
  const before = observed(repository);
  const outcome = await runOf(repository, one, { force: true });
  expect(outcome).toMatchObject({ outcome: 'refused', code: one.answers.code });
  expect(repository.hosting.contents()).toEqual(before.hosting);
  expect(repository.source.signatures).toBe(before.signatures);
}
