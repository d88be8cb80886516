import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tufJsRefresh } from '../test/tuf/tuf-js.ts';

// One refresh by the client of tuf-js, which gets the files without a network.
const [, , folder = '.'] = process.argv;
const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
const { ok, error } = await tufJsRefresh(files, new Map([['root.json', readFileSync(join(folder, 'root.json'))]]));
if (!ok) throw new Error(error);
