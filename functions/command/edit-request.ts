/**
 * Edits a corrupt request: in an editor, by options, or by replacing it.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { jsonStructure } from '../json/structure.ts';
import { escaped } from '../log/postfix-line.ts';
import { safeJson } from '../smtp/control-characters.ts';
import { Failure, fileFault } from './failure.ts';
import { pathOf, type Run } from './run.ts';

/** What it needs of a run. */
type EditRun = Pick<Run, 'env' | 'folder' | 'stdin' | 'stderr'>;

/** How to edit. */
export interface EditOptions {
  /** In the editor that VISUAL or EDITOR names. */
  readonly edit?: true;
  /** `field=value`, such as `message.key=in/x.eml` or `recipients[0].address=bob@example.com`. */
  readonly set: readonly string[];
  /** Fields to remove. */
  readonly unset: readonly string[];
  /** A file with the replacement; "-": standard input. */
  readonly with?: string;
}

/**
 * Returns the edited request.
 *
 * @param request the request as it was received
 * @throws Failure if an option is wrong, a file cannot be read, or the editor fails
 */
export async function editRequest(
  request: string,
  reason: string,
  options: EditOptions,
  run: EditRun,
): Promise<string> {
  if (options.with !== undefined) return await readReplacement(run, options.with);
  const changed = options.set.length + options.unset.length === 0 ? request : changeFields(request, options);
  return options.edit === true ? await editInEditor(run, changed, reason) : changed;
}

async function readReplacement(run: EditRun, file: string): Promise<string> {
  try {
    return file === '-' ? await text(run.stdin) : await readFile(pathOf(file, run), 'utf8');
  } catch (error) {
    throw new Failure('usage', `--with: "${file}" cannot be read: ${fileFault(error)}`);
  }
}

/** Opens the request in an editor. JSON is indented, unless that would lose a field that it has twice. */
async function editInEditor({ env, stderr }: EditRun, request: string, reason: string): Promise<string> {
  const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
  const folder = await mkdtemp(join(tmpdir(), 'lambda-lmtp-edit-'));
  try {
    const file = join(folder, 'request.json');
    await writeFile(file, indented(request), { mode: 0o600 });
    stderr.write(`${escaped(reason)}\n`);
    // VISUAL and EDITOR may contain options, as in git: the shell splits them.
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env });
    if (error !== undefined || status !== 0) {
      throw new Failure('tempFail', `--edit: the editor "${editor}" failed; nothing was changed`);
    }
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function indented(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return jsonStructure(text).repeated === undefined ? `${safeJson(value, 2)}\n` : text;
  } catch {
    return text;
  }
}

/** Sets and removes fields. */
function changeFields(text: string, { set, unset }: EditOptions): string {
  const request = parseObject(text);
  for (const option of set) {
    const equals = option.indexOf('=');
    if (equals < 1)
      throw new Failure('usage', `--set: "${option}": expected field=value, such as sender=a@example.org`);
    setField(request, option.slice(0, equals).trim(), option.slice(equals + 1));
  }
  for (const path of unset) unsetField(request, path.trim());
  return JSON.stringify(request);
}

type Container = Record<string, unknown>;

function parseObject(text: string): Container {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure('malformed', 'the request is not JSON: use --edit or --with FILE');
  }
  const { repeated } = jsonStructure(text);
  if (repeated !== undefined) {
    throw new Failure('malformed', `${repeated.path}: the request has it twice: use --edit or --with FILE`);
  }
  if (isContainer(value)) return value;
  throw new Failure('malformed', 'the request is not a JSON object: use --edit or --with FILE');
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** The names in a path such as `message.key` or `recipients[0].address`. */
function splitPath(option: string, path: string): readonly string[] {
  const names = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  const isPath = names.every(
    (name) => /^\w[\w-]*$/.test(name) && !['__proto__', 'constructor', 'prototype'].includes(name),
  );
  if (isPath) return names;
  throw new Failure('usage', `${option}: "${path}" is not a field: expected names joined by dots, such as message.key`);
}

function setField(request: Container, path: string, text: string): void {
  const names = splitPath('--set', path);
  const last = names.at(-1) ?? '';
  let place = request;
  for (const name of names.slice(0, -1)) {
    const next = place[name] ?? {};
    if (!isContainer(next)) throw new Failure('usage', `--set: "${path}": "${name}" is not an object`);
    place[name] = next;
    place = next;
  }
  place[last] = typeof place[last] === 'string' ? text : parseValue(text);
}

/** The value of JSON, or the text itself if it is not JSON. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unsetField(request: Container, path: string): void {
  const names = splitPath('--unset', path);
  let place: unknown = request;
  for (const name of names.slice(0, -1)) place = isContainer(place) ? place[name] : undefined;
  const last = names.at(-1) ?? '';
  if (!isContainer(place) || !(last in place)) throw new Failure('usage', `--unset: there is no field "${path}"`);
  if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
}
