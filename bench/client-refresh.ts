import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { ratio, timeInTurn } from './in-turn.ts';
import type { Programs } from './programs.ts';
import { table, type Bound } from './report.ts';
import { repositoryWithTargets } from './repositories.ts';

/** A client's refresh of 10,000 targets, against that of tuf-js, which is even spared the network. */
export async function compareRefresh({ node, timekeeper }: Programs, folder: string): Promise<readonly Bound[]> {
  const repository = join(await repositoryWithTargets(join(folder, 'refresh'), 10_000), 'repository');
  const server = spawn(node, [resolve('.cache', 'bench', 'serve.mjs'), repository], { stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const url = `http://127.0.0.1:${port.toString().trim()}/`;
    const root = join(repository, 'root.json');
    const measured = timeInTurn(
      [
        { name: 'tuf-js 5.0.1, without a network', command: [node, resolve('.cache', 'bench', 'refresh-by-tuf-js.mjs'), repository] }, // prettier-ignore
        { name: 'timekeeper fetch', command: [node, timekeeper, 'fetch', url, '--trusted-root', root] },
      ],
      1,
      0, // tuf-js takes half a minute
    );
    const [tufJs, ours] = measured;
    if (tufJs === undefined || ours === undefined) return [];
    const found = ratio(ours, tufJs);
    console.log(table('i. Client refresh of 10,000 targets', measured, [found]));
    return [{ what: 'i. client refresh of 10,000 targets, to tuf-js', ratio: found, atMost: 0.05, tolerance: 0.005 }];
  } finally {
    server.kill();
  }
}
