import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { compareLarge } from './add-large.ts';
import { compareMany, compareOnto } from './add-many.ts';
import { compareRefresh } from './client-refresh.ts';
import { plotGrowth } from './growth.ts';
import { compareImport } from './lambda-import.ts';
import { programs } from './programs.ts';
import { judge } from './report.ts';
import { newFolder, PASSPHRASES } from './repositories.ts';
import { compareTargets } from './targets-room.ts';
import { compareManyTargets, compareResign } from './whole-process.ts';

// `npm run bench`: what docs/performance.md promises, measured. Ratios only, each pair in one run: times alone say more about the machine.
// `npm run bench -- updates` measures only that part.
const PARTS = ['resign', 'import', 'targets', 'updates', 'client', 'growth'] as const;
const named = process.argv.slice(2);
const unknown = named.find((name) => !PARTS.some((part) => part === name));
if (unknown !== undefined) throw new Error(`There is no part ${unknown}: ${PARTS.join(', ')}.`);
const wanted = (part: (typeof PARTS)[number]) => named.length === 0 || named.includes(part);

const found = await programs();
const [cpu] = cpus();
console.log(`Node ${found.nodeVersion} on ${cpus().length} × ${cpu?.model ?? 'an unknown processor'}.`);

Object.assign(process.env, Object.fromEntries(Object.entries(PASSPHRASES).map(([role, text]) => [`FLEET_${role.toUpperCase()}_PASSPHRASE`, text]))); // prettier-ignore
const folder = await newFolder();
const disk = await mkdtemp(join(tmpdir(), 'timekeeper-bench-'));
try {
  const bounds = [
    ...(wanted('resign') ? await compareResign(found, folder) : []),
    ...(wanted('resign') ? await compareManyTargets(found, folder) : []),
    ...(wanted('import') ? await compareImport(found) : []),
    ...(wanted('targets') ? await compareTargets(found, folder) : []),
    ...(wanted('updates') ? await compareLarge(found, folder, disk) : []),
    ...(wanted('updates') ? await compareMany(found, folder) : []),
    ...(wanted('updates') ? await compareOnto(found, folder) : []),
    ...(wanted('client') ? await compareRefresh(found, folder) : []),
    ...(wanted('growth') ? await plotGrowth(found, folder) : []),
  ];
  process.exitCode = judge(bounds) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
  await rm(disk, { recursive: true, force: true });
}
