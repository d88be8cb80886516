import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request as ask, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Emulator } from './emulator.ts';

/**
 * An address for one distribution of the emulator, which tells its distributions by the Host header: `https://127.0.0.1:PORT/`.
 * Clients reach it like any other server, with the emulator's certificate.
 */
export class Edge {
  /** The distribution's own name; known after the first deployment, until then nothing is served. */
  distribution: string | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(emulator: Emulator): Promise<Edge> {
    const cert = await readFile(emulator.certificate);
    const key = await readFile(join(dirname(emulator.certificate), 'server.key'));
    const server = createServer({ cert, key });
    const edge = new Edge(server);
    server.on('request', ({ method, url, headers }, response) => {
      if (edge.distribution === undefined) {
        response.writeHead(503).end();
        return;
      }
      const onward = ask(
        emulator.endpoint,
        { method, path: url, headers: { ...headers, host: edge.distribution }, ca: cert, servername: 'localhost' },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      onward.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return edge;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
