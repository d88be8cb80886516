import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on 127.0.0.1 that answers as a test tells it to. */
export class HttpServer {
  /** What it does with the next requests. */
  answer: RequestListener = (_, response) => response.writeHead(404).end();
  /** `METHOD URL` of each request. */
  readonly requests: string[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    this.answer(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  /** Sends for ever, and tells when the reader has hung up. */
  drip(headers: Record<string, string>): Promise<void> {
    return new Promise((resolve) => {
      this.answer = (_, response) => {
        response.writeHead(200, headers);
        const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
        response.on('close', () => {
          clearInterval(timer);
          resolve();
        });
      };
    });
  }
}

/** An address of this machine where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = new HttpServer();
  await server.listen();
  const { url } = server;
  await server.close();
  return url;
}
