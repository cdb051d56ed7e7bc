/**
 * What an import writes: context values into cdk.json, a CDK app, the text of the transport map.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { appText } from '../import/app-text.ts';
import type { Comparison } from '../import/compare.ts';
import { mapText } from '../import/compose.ts';
import { contextOf, importedContext } from '../import/context.ts';
import type { Imported } from '../import/import.ts';
import { shellQuoted } from '../texts/next-command.ts';
import { defaultStack } from './default-stack.ts';
import { fileFault } from './failure.ts';
import { pathOf, type Run } from './run.ts';

/** Where an import writes. */
export interface ImportOutputs {
  readonly cdkJson?: string;
  readonly app?: string;
  readonly transportMap?: string;
  readonly force?: true;
}

/** What was written. */
export interface Written {
  /** For standard error. */
  readonly notes: readonly string[];
  /** Standard output has what was asked for, and nothing else may follow. */
  readonly isPrinted: boolean;
  /** The next commands. */
  readonly next: readonly string[];
}

/** Writes what the options ask for. A fault ends the command before anything is written. */
export async function writeFiles(
  run: Run,
  imported: Imported,
  { cdkJson, app, transportMap, force }: ImportOutputs,
  command: Command,
): Promise<Written> {
  if (cdkJson === '-' && transportMap === '-') {
    command.error('error: only one of --cdk-json and --transport-map can be "-"');
  }
  const isForced = force === true;
  const files: ReadonlyMap<string, string> = new Map([
    ...(cdkJson === undefined || cdkJson === '-'
      ? []
      : [[pathOf(cdkJson, run), cdkJsonText(pathOf(cdkJson, run), imported, isForced, command)] as const]),
    ...(app === undefined ? [] : appFiles(pathOf(app, run), imported)),
    ...(transportMap === undefined || transportMap === '-'
      ? []
      : [[pathOf(transportMap, run), ofFirst(imported)] as const]),
  ]);
  const target = cdkJson === undefined || cdkJson === '-' ? undefined : pathOf(cdkJson, run);
  const existing = [...files.keys()].find((path) => path !== target && existsSync(path));
  if (existing !== undefined && !isForced) command.error(`error: "${existing}" exists; --force replaces it`);
  for (const [path, text] of files) write(path, text, command);
  if (cdkJson === '-') run.stdout.write(`${JSON.stringify({ context: contextOf(imported) }, undefined, 2)}\n`);
  if (transportMap === '-') run.stdout.write(ofFirst(imported));
  return {
    notes: [...files.keys()].map((path) => `written: ${path}`),
    isPrinted: cdkJson === '-' || transportMap === '-',
    next: nextCommands(cdkJson, app),
  };
}

function nextCommands(cdkJson: string | undefined, app: string | undefined): readonly string[] {
  if (app !== undefined) return [`→ cd ${shellQuoted(app)} && npm install && npx cdk deploy`];
  return cdkJson === undefined || cdkJson === '-' ? [] : ['→ npx cdk diff', '→ npx cdk deploy'];
}

function write(path: string, text: string, command: Command): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    command.error(`error: "${path}" cannot be written: ${fileFault(error)}`);
  }
}

function ofFirst({ transports: [first] }: Imported): string {
  return first === undefined ? '' : `${mapText(first)}\n`;
}

/** Returns a cdk.json with the context values of the import; its other values stay. */
function cdkJsonText(path: string, imported: Imported, isForced: boolean, command: Command): string {
  const old = readCdkJson(path, command);
  const context = recordOf(old['context']);
  const values = contextOf(imported);
  const isOld = (name: string) =>
    Object.hasOwn(context, name) && JSON.stringify(context[name]) !== JSON.stringify(values[name]);
  const replaced = importedContext.filter(isOld);
  if (replaced.length > 0 && !isForced) {
    command.error(`error: --cdk-json: "${path}" has other values of ${replaced.join(', ')}; --force replaces them`);
  }
  const kept = Object.entries(context).filter(([name]) => !importedContext.some((one) => one === name));
  return `${JSON.stringify({ ...old, context: { ...values, ...Object.fromEntries(kept) } }, undefined, 2)}\n`;
}

function readCdkJson(path: string, command: Command): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return recordOf(value);
  } catch (error) {
    if (!(error instanceof SyntaxError))
      command.error(`error: --cdk-json: "${path}" cannot be read: ${fileFault(error)}`);
  }
  return command.error(`error: --cdk-json: "${path}" is not a JSON object`);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The app, with the versions and flags of the example of this package. */
function appFiles(folder: string, imported: Imported): readonly (readonly [string, string])[] {
  const example = join(
    dirname(createRequire(import.meta.url).resolve('lambda-lmtp/package.json')),
    'examples/single-dovecot',
  );
  const read = (name: string) => readFileSync(join(example, name), 'utf8');
  const name =
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-') || 'mail';
  return [
    [join(folder, 'app.ts'), appText(imported, defaultStack)],
    [join(folder, 'package.json'), read('package.json').replaceAll('"single-dovecot"', JSON.stringify(name))],
    [join(folder, 'tsconfig.json'), read('tsconfig.json')],
    [join(folder, 'cdk.json'), read('cdk.json')],
  ];
}

/** Returns the report as JSON lines: settings, then recipients, then the context values. */
export function reportAsJson(imported: Imported, comparisons: readonly Comparison[]): string {
  const lines = [
    ...imported.rows.map((row) => ({ kind: 'setting', ...row })),
    ...imported.secrets.map((secret) => ({ kind: 'secret', ...secret })),
    ...comparisons.map((comparison) => ({ kind: 'recipient', ...comparison })),
    { kind: 'context', context: contextOf(imported) },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
