import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../lib/tuf/canonical-json.ts';
import { parseRoot } from '../lib/tuf/root.ts';
import { parseTargets } from '../lib/tuf/targets.ts';
import { verified } from '../lib/tuf/verify.ts';
import { peakMemory, ratio, timeInTurn } from './in-turn.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';
import { repositoryWithTargets } from './repositories.ts';

const COUNTS = [10_000, 100_000] as const;

/** What lib/tuf takes for large targets metadata: linear in their number. */
export async function compareTargets({ node }: Programs, folder: string): Promise<readonly Bound[]> {
  const candidates = await Promise.all(
    COUNTS.map(async (count) => {
      const repository = await repositoryWithTargets(join(folder, `room-${count}`), count);
      const script = resolve('.cache', 'bench', 'read-targets.mjs');
      const name = `parse, canonicalise and verify, µs for each of ${count.toLocaleString('en')} targets`;
      const reads = (stdout: string) => (Number(stdout) * 1_000) / count;
      return { name, command: [node, script, join(repository, 'repository')], reads };
    }),
  );
  const measured = timeInTurn(candidates, 5);
  const [few, many] = measured;
  if (few === undefined || many === undefined) return [];
  const growth = ratio(many, few);
  console.log(table('d. lib/tuf on targets.json', measured, [growth]));
  const peaks = candidates.map((candidate) => peakMemory(candidate, 3)?.toFixed(0) ?? 'unknown');
  console.log(`\nPeak memory of the whole process, MiB: ${peaks.join(' and ')}.`);
  return [{ what: 'd. time for each target, 100,000 to 10,000', ratio: growth, atMost: 1.3, tolerance: 0.1 }];
}

/** What the process does that is timed: reads targets.json as a client does, and prints the milliseconds. */
export function readTargets(repository: string): void {
  const root = parseRoot(readFileSync(join(repository, 'root.json')));
  const bytes = readFileSync(join(repository, 'targets.json'));
  const started = process.hrtime.bigint();
  const targets = verified(parseTargets(bytes), root.roles.targets, root.keys, 'targets');
  canonicalJson(targets.signed);
  console.log(Number(process.hrtime.bigint() - started) / 1e6);
}
