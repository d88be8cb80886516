import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

// Serves the metadata of a folder on a port of the local machine, and prints the port.
const [, , folder = '.'] = process.argv;
const server = createServer((request, response) => {
  readFile(join(folder, basename(request.url ?? ''))).then(
    (bytes) => response.end(bytes),
    () => response.writeHead(404).end(),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
