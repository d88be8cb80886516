import { cpus } from 'node:os';
import { rm } from 'node:fs/promises';
import { compareImport } from './lambda-import.ts';
import { programs } from './programs.ts';
import { judge } from './report.ts';
import { newFolder, PASSPHRASES } from './repositories.ts';
import { compareTargets } from './targets-room.ts';
import { compareManyTargets, compareResign } from './whole-process.ts';

// `npm run bench`: what docs/performance.md promises, measured. Ratios only, each pair in one run: times alone say more about the machine.
const found = await programs();
const [cpu] = cpus();
console.log(`Node ${found.nodeVersion} on ${cpus().length} × ${cpu?.model ?? 'an unknown processor'}.`);

Object.assign(process.env, Object.fromEntries(Object.entries(PASSPHRASES).map(([role, text]) => [`FLEET_${role.toUpperCase()}_PASSPHRASE`, text]))); // prettier-ignore
const folder = await newFolder();
try {
  const bounds = [
    ...(await compareResign(found, folder)),
    ...(await compareManyTargets(found, folder)),
    ...(await compareImport(found)),
    ...(await compareTargets(found, folder)),
  ];
  process.exitCode = judge(bounds) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
