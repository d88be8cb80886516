import { isCoded, UsageError } from '../contract/errors.ts';
import { printable, quote } from '../contract/printable.ts';
import { isArray, isObject, parseJson, type Json, type JsonObject } from '../tuf/json.ts';
import type { Artefact } from './target-paths.ts';

const TEXTS = ['target', 'name', 'platform', 'version'] as const;
const FIELDS: readonly string[] = [...TEXTS, 'tags'];

const EXAMPLE =
  '{"target": "build/orbit", "name": "orbit", "platform": "linux", "version": "1.2.3", "tags": ["stable"]}';

/**
 * Reads a list of artefacts: one JSON object a line, with what `updates add` is given for one. Empty lines count, and say nothing.
 * @param file - its name, for messages
 * @throws UsageError that names the first line which is none
 */
export function parseArtefactList(bytes: Uint8Array, file: string): readonly Artefact[] {
  const artefacts = Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, `${printable(file)}, line ${index + 1}`)]));
  if (artefacts.length === 0)
    throw new UsageError(`${quote(file)} lists nothing.`, { remedy: `A line is ${EXAMPLE}.` });
  return artefacts;
}

function parseLine(line: string, origin: string): Artefact {
  const json = parsed(line, origin);
  const stranger = Array.from(json.keys()).find((name) => !FIELDS.includes(name));
  if (stranger !== undefined) throw fault(origin, `there is no field ${quote(stranger)}`);
  const [target = '', name = '', platform = '', version = ''] = TEXTS.map((field) => text(json.get(field), field, origin)); // prettier-ignore
  const tags = json.get('tags') ?? [];
  if (!isArray(tags)) throw fault(origin, 'tags is not a list of texts');
  return { file: target, name, platform, version, tags: tags.map((tag) => text(tag, 'a tag', origin)), origin };
}

function parsed(line: string, origin: string): JsonObject {
  let json: Json;
  try {
    json = parseJson(Buffer.from(line, 'utf8'), origin);
  } catch (error) {
    throw isCoded(error) ? new UsageError(error.message, { remedy: `A line is ${EXAMPLE}.` }) : error;
  }
  if (!isObject(json)) throw fault(origin, 'it is not an object');
  return json;
}

function text(json: Json | undefined, field: string, origin: string): string {
  if (typeof json === 'string' && json !== '') return json;
  throw fault(origin, json === undefined ? `${field} is missing` : `${field} is not a text, or empty`);
}

function fault(origin: string, what: string): UsageError {
  return new UsageError(`${origin}: ${what}.`, { remedy: `Correct the line; it is to be like ${EXAMPLE}.` });
}
