import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { UsageError } from '../contract/errors.ts';
import { quote } from '../contract/printable.ts';
import { textOf } from '../stores/foreign-error.ts';
import { sendText, serveFile } from './serve-file.ts';
import page from './status-page.html';
import type { Status } from './status-model.ts';

/** What is served. */
export interface Served {
  /** The folder with the metadata, at `/tuf/`. */
  readonly repository: string;
  /** The status at this moment, at `/status.json`. */
  readonly status: () => Status;
}

/** A server that listens. */
export interface StatusServer {
  readonly port: number;
  /** Where it is reached from this machine, without a slash at the end. */
  readonly url: string;
  /** Stops listening, and hangs up on everybody. */
  close(): Promise<void>;
}

const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

/** The page may run and look like what stands in it, and talk to this server; nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(page, 'script')}`,
  `style-src ${hashOf(page, 'style')}`,
  "connect-src 'self'",
  'img-src data:', // its icon
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(html: string, element: 'script' | 'style'): string {
  const [, content = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(html) ?? [];
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

/**
 * Serves the status page and the repository.
 * @param port - the first port to try; 0 for any free one
 * @throws UsageError if it cannot listen there, nor on one of the next ports
 */
export async function serveStatus(served: Served, host: string, port: number): Promise<StatusServer> {
  const server = createServer((request, response) => {
    answer(served, isMeant(request, server, host), request, response).catch(() => response.destroy()); // the client hung up
  });
  const taken = await listen(server, host, port);
  return {
    port: taken,
    url: `http://${reachable(host)}:${taken}`,
    close: () => close(server),
  };
}

async function answer(
  served: Served,
  isMeant: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  const [path = ''] = (request.url ?? '').split('?');
  if (!isMeant) {
    sendText(response, 421, 'This server answers to this machine only, by the address that it was started with.\n');
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendText(response, 405, 'There is nothing here to be changed.\n');
  } else if (path === '/') {
    response.setHeader('Content-Security-Policy', PAGE_POLICY);
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(page);
  } else if (path === '/status.json') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(`${JSON.stringify(served.status())}\n`);
  } else if (path.startsWith('/tuf/')) {
    await serveFile(served.repository, path.slice('/tuf/'.length), request, response);
  } else {
    sendText(response, 404, 'There is a status page at / and a repository at /tuf/, without a listing.\n');
  }
}

/**
 * Against DNS rebinding: a page from elsewhere whose name was made to point to this machine would be let in by the browser.
 * Judged only where nobody but this machine is to reach us; elsewhere we cannot know our names.
 */
function isMeant(request: IncomingMessage, server: Server, host: string): boolean {
  const address = server.address();
  if (address === null || typeof address === 'string' || !isLoopback(address.address)) return true;
  const asked = `http://${request.headers.host ?? ''}`;
  const { hostname } = URL.canParse(asked) ? new URL(asked) : { hostname: '' };
  return hostname === 'localhost' || hostname === host || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address) || address === '::1';
}

/** An address that stands for all of this machine's is not one that can be asked. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}

const NEXT_PORTS = 20;

async function listen(server: Server, host: string, port: number): Promise<number> {
  for (let candidate = port; candidate <= Math.min(port + NEXT_PORTS, 65_535); candidate++) {
    const code = await tryPort(server, host, candidate);
    if (code === undefined) return (server.address() as AddressInfo).port;
    if (code !== 'EADDRINUSE') throw new UsageError(`${quote(host)}, port ${candidate}, cannot be listened on (${code}): choose others with --host and --port.`); // prettier-ignore
  }
  throw new UsageError(`Port ${port} and the ${NEXT_PORTS} after it are in use: choose another with --port.`);
}

/** @returns undefined if it listens now, else what the operating system said */
function tryPort(server: Server, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const refused = (error: Error) => {
      resolve(textOf(error, 'code') ?? error.name);
    };
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused);
      resolve(undefined);
    });
  });
}

const LAST_WORDS = 1_000; // ms; an answer under way may end

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => {
      server.closeAllConnections();
    }, LAST_WORDS);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
    server.closeIdleConnections();
  });
}
