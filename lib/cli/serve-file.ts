import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { textOf } from '../stores/foreign-error.ts';

/**
 * Serves one file of a repository as it is at this moment.
 *
 * Written here because sirv, with which we began, ends the process for `Range: bytes=5-2` and for a file that cannot be read, and sends the
 * length of the old file with the content of the new one when a file is replaced in between. Here length and content come from one open file.
 * @param path - what stands behind the repository's address, still percent-encoded
 */
export async function serveFile(
  folder: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const name of publishedNames(path)) {
    if (await sendFile(folder, join(folder, name), request, response)) return;
  }
  sendText(response, 404, 'There is no such file in this repository.\n');
}

/**
 * The files that a request may mean: the metadata (`NAME.json`) and what lies in `targets/`. No key, no state, no hidden or unfinished file is ever among them.
 * The name of a delegated role may hold percent-encoded characters that belong to the file's name, so the path counts as it stands first.
 */
export function publishedNames(path: string): readonly string[] {
  const candidates = new Set([path, decoded(path)].filter((name) => name !== undefined));
  return Array.from(candidates, (name) => name.split('/').filter((part) => part !== '')).flatMap((parts) =>
    isPublished(parts) ? [parts.join('/')] : [],
  );
}

function isPublished(parts: readonly string[]): boolean {
  const [first] = parts;
  if (parts.some((part) => part.startsWith('.') || /[\\\0]/.test(part))) return false;
  return parts.length === 1 ? first?.endsWith('.json') === true : first === 'targets';
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** @returns false if there is no such file, or it lies outside the folder by a symbolic link */
async function sendFile(
  folder: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  try {
    const real = await realpath(path);
    if (!real.startsWith((await realpath(folder)) + sep)) return false;
    // O_NONBLOCK: a named pipe in place of the file would otherwise be waited for.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return false;
      response.writeHead(200, {
        'Content-Type': path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
        'Content-Length': stats.size,
        'Last-Modified': stats.mtime.toUTCString(),
        'Cache-Control': 'no-store',
      });
      if (request.method === 'HEAD' || stats.size === 0) response.end();
      else await pipeline(file.createReadStream({ end: stats.size - 1, autoClose: false }), response);
      return true;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(textOf(error, 'code') ?? '')) return false;
    if (response.headersSent) response.destroy();
    else sendText(response, 500, 'This file cannot be read.\n'); // not 403, at which Orbit stops for good
    return true;
  }
}

/** Answers with a line of text. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(text);
}
