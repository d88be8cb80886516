import { createRequire } from 'node:module';
import { UsageError } from '../contract/errors.ts';
import type { Outcome } from '../contract/outcome.ts';
import { outcomeOf } from '../refresh/outcome.ts';
import type { refresh, Wish } from '../refresh/refresh.ts';
import { httpStore } from '../stores/http.ts';
import { withLock } from '../stores/lock.ts';
import { formatInstant, instantOf, type Instant } from '../tuf/instant.ts';
import { newClients, type ClientCheck } from '../client/client-check.ts';
import { finishUpdate } from './finish-update.ts';
import { untilInterrupted } from './interrupt.ts';
import { keepFresh } from './keep-fresh.ts';
import { pinnedRoot } from './pinned-root.ts';
import { dueAfter, NO_PROGRESS, withStep, type Progress } from './progress.ts';
import { report } from './run-command.ts';
import { prepare, type Kept } from './start-prepare.ts';
import type { StartOptions } from './start.ts';
import { serveStatus, type StatusServer } from './status-server.ts';
import { newsOf, statusOf, type Setting, type Status } from './status-model.ts';
import { stagedMetadata } from './working-directory.ts';

type Engine = typeof refresh;

/**
 * `timekeeper start`: serves a repository and keeps it fresh until it is interrupted.
 * Ends at once where only whoever starts it can help; what goes wrong later is shown, and tried again at the next check.
 * @throws UsageError, FailureError: what prepare and listening throw, and what opening the key throws
 */
export async function start(dir: string | undefined, options: StartOptions): Promise<void> {
  const port = parsePort(options.port);
  const kept = await prepare(dir, options, instantOf(Date.now()));
  const engine = bundledEngine();
  const first = await run(engine, kept, true, instantOf(Date.now()));
  if (endsTheStart(first)) {
    report(first, false);
    return;
  }
  // The dry run opens the key only if all else is well; but a wrong passphrase has to be found while somebody is here.
  if (first.keyIds.length === 0) await kept.places.keys.open([]);
  await serveAndKeep(engine, kept, options.host, port);
}

/** What signs here is what signs in the Lambda: its one file, seen from the built command. By `require`, for `import` warns in a precompiled script. */
function bundledEngine(): Engine {
  const bundle = createRequire(import.meta.url)('../lambda/resign.mjs') as { readonly refresh: Engine };
  return bundle.refresh;
}

/** Trust, key and permissions are for whoever starts it. All else may get well while it runs, and until then the page says what to do. */
function endsTheStart({ outcome, code }: Outcome): boolean {
  const forWhoeverStarts = ['NO_BASELINE', 'ROOT_PIN_MISMATCH', 'KEY_UNREADABLE', 'KDF_REFUSED', 'KEY_NOT_IN_ROOT'];
  return outcome === 'failed' || forWhoeverStarts.includes(code);
}

async function serveAndKeep(engine: Engine, kept: Kept, host: string, port: number): Promise<void> {
  let progress: Progress = NO_PROGRESS;
  let told: Status | undefined;
  const status = () => statusOf(progress, setting(kept, server), instantOf(Date.now()));
  const server = await serveStatus({ repository: kept.directory.repository, status }, host, port);
  const trustedRoot = async () => kept.trust.trustedRoot ?? (await pinnedRoot(kept.places.state));
  const clients = newClients(httpStore(`${server.url}/tuf/`), trustedRoot);
  print(greeting(kept, server, port));
  try {
    await untilInterrupted((signal) =>
      keepFresh({
        step: (now) => step(now),
        check: kept.policy.check,
        on: (doing) => {
          progress = { ...progress, doing };
        },
        signal,
      }),
    );
  } finally {
    await server.close();
  }
  print(farewell(status()));

  async function step(now: Instant): Promise<Instant | undefined> {
    const outcome = await run(engine, kept, false, now);
    const check: ClientCheck = await clients(now);
    progress = withStep(progress, now, outcome, check);
    const news = newsOf(told, status());
    if (news !== undefined) print(`${formatInstant(now)}  ${news}`);
    told = status();
    return dueAfter(outcome);
  }
}

/** One run of the engine, as `timekeeper resign` has it. Never rejects. */
async function run(engine: Engine, kept: Kept, dryRun: boolean, now: Instant): Promise<Outcome> {
  const { directory, places, trust, policy } = kept;
  const wish: Wish = { repository: directory.name, force: false, dryRun, reason: undefined };
  const started = performance.now();
  try {
    const act = async () => {
      await finishUpdate(directory);
      return engine(wish, places, trust, policy, now);
    };
    const outcome = await withLock(directory.state, 'run', act, { create: true });
    const warnings = [...outcome.warnings, ...stagedMetadata(directory)];
    return { ...outcome, warnings, durationMs: Math.round(performance.now() - started) };
  } catch (error) {
    return outcomeOf(error, wish);
  }
}

function setting({ title, demonstration, policy, rhythm }: Kept, { url }: StatusServer): Setting {
  const isDemonstration = demonstration !== undefined;
  return { title, isDemonstration, policy, rhythm, addresses: { page: `${url}/`, repository: `${url}/tuf/` } };
}

function greeting({ title, demonstration, rhythm }: Kept, { url, port }: StatusServer, wanted: number): string {
  const moved = wanted === 0 || port === wanted ? '' : `  Port ${wanted} is in use; ${port} is the next free one.\n`;
  return (
    `Keeping ${title} fresh${demonstration === undefined ? '' : `, a demonstration ${demonstration}`}.\n` +
    `  Status page  ${url}/\n` +
    `  Repository   ${url}/tuf/\n${moved}` +
    `  Signed again after ${rhythm.resignAfter}, each time for ${rhythm.validity}; checked every ${rhythm.check}. Ctrl-C ends it.\n`
  );
}

function farewell({ verdict: { until } }: Status): string {
  return until === null ? 'Ended.' : `Ended. Nothing is signed any more; clients can update until ${until}.`;
}

/** To a terminal, or to whatever collects the lines. */
function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError('--port is not a number from 0 to 65535.');
}
