/**
 * A corrupt request is put right: in an editor, by options, or by another in its place.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { escaped } from '../log/postfix-line.ts';
import { Failure } from './failure.ts';
import { fileWords } from './file-words.ts';
import { pathOf, type Run } from './run.ts';

/** What it needs of a run. */
type EditRun = Pick<Run, 'env' | 'folder' | 'stdin' | 'stderr'>;

/** How it is put right. */
export interface EditWish {
  /** In the editor that VISUAL or EDITOR names. */
  readonly edit?: true;
  /** `field=value`, such as `message.key=in/x.eml` or `recipients[0].address=bob@example.com`. */
  readonly set: readonly string[];
  /** Fields to be taken away. */
  readonly unset: readonly string[];
  /** A file with another request; "-": standard input. */
  readonly with?: string;
}

/**
 * The request as it is wanted.
 *
 * @param request as it is
 * @throws Failure where that cannot be had
 */
export async function editRequest(request: string, reason: string, wish: EditWish, run: EditRun): Promise<string> {
  if (wish.with !== undefined) return await readReplacement(run, wish.with);
  const changed = wish.set.length + wish.unset.length === 0 ? request : changeFields(request, wish);
  return wish.edit === true ? await editInEditor(run, changed, reason) : changed;
}

async function readReplacement(run: EditRun, file: string): Promise<string> {
  try {
    return file === '-' ? await text(run.stdin) : await readFile(pathOf(file, run), 'utf8');
  } catch (error) {
    throw new Failure('usage', `--with: "${file}" cannot be read: ${fileWords(error)}`);
  }
}

/** Opens the request in an editor, indented. What is not JSON is shown as it came. */
async function editInEditor({ env, stderr }: EditRun, request: string, reason: string): Promise<string> {
  const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
  const folder = await mkdtemp(join(tmpdir(), 'lambda-lmtp-edit-'));
  try {
    const file = join(folder, 'request.json');
    await writeFile(file, indented(request), { mode: 0o600 });
    stderr.write(`${escaped(reason)}\n`);
    // An editor may be named with options of its own, as in git: the shell takes them apart.
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env });
    if (error !== undefined || status !== 0) {
      throw new Failure('tempFail', `--edit: the editor "${editor}" did not end well; nothing was changed`);
    }
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function indented(text: string): string {
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  } catch {
    return text;
  }
}

/** Sets and takes away fields. */
function changeFields(text: string, { set, unset }: EditWish): string {
  const request = parseObject(text);
  for (const option of set) {
    const equals = option.indexOf('=');
    if (equals < 1)
      throw new Failure('usage', `--set: "${option}": field=value is wanted, such as sender=a@example.org`);
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
    throw new Failure('malformed', 'the request is no JSON: --edit or --with FILE puts it right');
  }
  if (isContainer(value)) return value;
  throw new Failure('malformed', 'the request is no JSON object: --edit or --with FILE puts it right');
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** `message.key`, `recipients[0].address`. */
function splitPath(option: string, path: string): readonly string[] {
  const names = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  const isPath = names.every(
    (name) => /^\w[\w-]*$/.test(name) && !['__proto__', 'constructor', 'prototype'].includes(name),
  );
  if (isPath) return names;
  throw new Failure('usage', `${option}: "${path}" is no field: names with dots are wanted, such as message.key`);
}

function setField(request: Container, path: string, text: string): void {
  const names = splitPath('--set', path);
  const last = names.at(-1) ?? '';
  let place = request;
  for (const name of names.slice(0, -1)) {
    const next = place[name] ?? {};
    if (!isContainer(next)) throw new Failure('usage', `--set: "${path}": "${name}" holds no fields`);
    place[name] = next;
    place = next;
  }
  place[last] = typeof place[last] === 'string' ? text : parseValue(text);
}

/** JSON, or the text as it is. */
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
