/**
 * `lambda-lmtp import`: reads the configuration of a Postfix, says what becomes of each setting, compares the routes of recipients, and
 * writes the settings as context values or as a CDK app. It asks no AWS service.
 */

import { hostname } from 'node:os';
import type { Command } from 'commander';
import { type Comparison, compareRoutes, parseReplacement, valueDifferences } from '../import/compare.ts';
import { type Imported, importConfiguration } from '../import/import.ts';
import { type Routing, readRouting, routingParameters } from '../import/routing.ts';
import type { ReadText } from '../import/tables.ts';
import { importText } from '../texts/import-text.ts';
import { commandLine, nextLine, programName, shellQuoted } from '../texts/next-command.ts';
import { forOutput } from '../texts/terminal.ts';
import { exitCodes } from './exit-codes.ts';
import { reportAsJson, type Written, writeFiles } from './import-files.ts';
import { readConfiguration, readRecipients, type Source } from './import-source.ts';
import { findPostfix, type PostfixPrograms } from './postfix-programs.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface ImportCommandOptions {
  readonly root?: string;
  readonly replace: readonly string[];
  readonly secrets: string;
  readonly recipients?: string;
  readonly recipient: readonly string[];
  readonly cdkJson?: string;
  readonly app?: string;
  readonly transportMap?: string;
  readonly force?: true;
  readonly json?: true;
}

/** Imports a configuration. */
export async function importAction(
  run: Run,
  folder: string,
  options: ImportCommandOptions,
  command: Command,
): Promise<void> {
  const replace = readReplacements(options, command);
  const prefix = /^[\w/+=.@-]{0,100}$/.test(options.secrets) ? options.secrets : undefined;
  if (prefix === undefined) {
    command.error(`error: --secrets: "${options.secrets}" is not allowed: expected letters, digits and /_+=.@-`);
  }
  if (folder === '-' && options.recipients === '-')
    command.error('error: only one of folder and --recipients can be "-"');
  const source = await readConfiguration(run, folder, options.root, command);
  const recipients = [...options.recipient, ...(await readRecipients(run, options.recipients, command))];
  const imported = importConfiguration(source, {
    origin: {
      folder: source.folder ?? '/etc/postfix',
      ...(source.folder === undefined ? {} : { hostname: hostname() }),
    },
    read: source.read,
    replace,
    secretPrefix: prefix,
  });
  const written = await writeFiles(run, imported, options, command);
  const compared = compare(run, recipients, { imported, source, replace });
  print(run, { folder, options, imported, source, written }, compared);
  const isRefused = imported.rows.some((row) => row.class === 'refused');
  const isElsewhere = compared.comparisons.some(({ verdict }) => verdict === 'differs' || verdict === 'unknown');
  run.exitCode = isRefused || isElsewhere ? exitCodes.configuration : exitCodes.ok;
}

function readReplacements({ replace }: ImportCommandOptions, command: Command): ReadonlyMap<string, string> {
  const pairs = replace.map((text) => {
    const pair = parseReplacement(text);
    if (pair !== undefined) return pair;
    return command.error(
      `error: --replace: "${text}" is not allowed: expected OLD=NEW, such as unix:private/lmtp=inet:imap1:24`,
    );
  });
  return new Map(pairs);
}

interface Compared {
  readonly comparisons: readonly Comparison[];
  readonly asked: string;
  readonly notes: readonly string[];
}

interface Comparing {
  readonly imported: Imported;
  readonly source: Source;
  readonly replace: ReadonlyMap<string, string>;
}

/** Compares with the answers of Postfix's own programs, or with the files where those are not here. */
function compare(run: Run, recipients: readonly string[], { imported, source, replace }: Comparing): Compared {
  const postfix = source.folder === undefined ? undefined : findPostfix(source.folder, run.env);
  if (postfix === undefined) {
    const isUnanswered = () => true;
    const options = { routing: imported.routing, read: source.read, replace, isUnanswered };
    const why = source.folder === undefined ? 'these are files of another machine' : 'Postfix is not installed here';
    return {
      comparisons: compareRoutes(recipients, imported, options),
      asked: `Postfix was not asked: ${why}. Its routes are those that its files say.`,
      notes: imported.main.settings.has('myhostname') ? [] : [noHostname],
    };
  }
  const names = [
    ...new Set([...imported.main.settings.keys(), ...routingParameters, 'alias_maps', 'virtual_alias_maps']),
  ];
  const values = postfix.values(names);
  const differing = valueDifferences(imported, values);
  const routing = routingOfPostfix(values, postfix, imported, source.read);
  const read: ReadText = () => undefined;
  prepare(recipients, routing, postfix, imported, replace);
  const comparisons = compareRoutes(recipients, imported, {
    ...{ routing, read, replace },
    isUnanswered: (specification) => postfix.failed.has(specification),
  });
  return {
    comparisons,
    asked: 'Postfix was asked (postconf, postmap -q).',
    notes: [
      ...(differing.length === 0 ? [] : [`postconf reads these settings with another value: ${differing.join(', ')}`]),
      ...postfix.complaints,
    ],
  };
}

const noHostname =
  'main.cf has no myhostname, and the name of its machine is not known here: what depends on $myhostname may be wrong';

/** The routing with Postfix's own values, where every table is asked by postmap. */
function routingOfPostfix(
  values: ReadonlyMap<string, string>,
  { ask }: PostfixPrograms,
  { values: own, routing }: Imported,
  read: ReadText,
): Routing {
  const setting = (name: string) => values.get(name) ?? own.of(name);
  // Files of domains are read; files of tables are left to postmap.
  const lists = ['mydestination', 'virtual_alias_domains', 'virtual_mailbox_domains', 'relay_domains'].map(setting);
  const isList = (path: string) => lists.some((list) => list.split(/[\s,]+/).includes(path));
  const made = readRouting(setting, (path) => (isList(path) ? read(path) : undefined), new Map(), ask);
  return { ...made, programOf: routing.programOf };
}

/** Asks postmap for all keys of a table at once: one process for each table, not one for each key. */
function prepare(
  recipients: readonly string[],
  routing: Routing,
  postfix: PostfixPrograms,
  imported: Imported,
  replace: ReadonlyMap<string, string>,
): void {
  const keys = new Map<string, Set<string>>();
  const ask = (specification: string, key: string): undefined => {
    if (!/^[a-z]+:/.test(specification)) return;
    const some = keys.get(specification) ?? new Set();
    keys.set(specification, some.add(key));
  };
  compareRoutes(recipients, imported, {
    ...{ routing: { ...routing, ask }, replace },
    read: () => undefined,
    isUnanswered: () => false,
  });
  postfix.prepare(keys);
}

interface Printed {
  readonly folder: string;
  readonly options: ImportCommandOptions;
  readonly imported: Imported;
  readonly source: Source;
  readonly written: Written;
}

function print(run: Run, printed: Printed, { comparisons, asked, notes }: Compared): void {
  const { options, imported, source, written } = printed;
  for (const line of written.notes) run.stderr.write(`${line}\n`);
  if (written.isPrinted) return;
  if (options.json) {
    run.stdout.write(reportAsJson(imported, comparisons));
    return;
  }
  const report = { imported, source: source.name, comparisons, asked, notes };
  run.stdout.write(forOutput(importText(report), run));
  const next = nextLines(run, printed);
  if (next.length > 0) run.stdout.write(forOutput(`\nNext\n${next.join('\n')}\n`, run));
}

/** The next commands, in the order in which they are needed. */
function nextLines(run: Run, { folder, options, imported, written }: Printed): readonly string[] {
  const program = { program: programName(run.env) };
  const unusable = imported.composed.keyed.flatMap(({ outcome }) =>
    outcome.kind === 'unusable' ? [outcome.route.nextHop] : [],
  );
  const given = [
    ...(folder === '/etc/postfix' ? [] : [folder]),
    ...(options.root === undefined ? [] : ['--root', options.root]),
    ...options.replace.flatMap((one) => ['--replace', one]),
    ...(options.secrets === 'mail/' ? [] : ['--secrets', options.secrets]),
  ];
  if (unusable.length > 0) {
    const more = [...new Set(unusable)].flatMap((hop) => ['--replace', `${hop}=inet:HOST:24`]);
    return [nextLine(['import', ...given, ...more], program)];
  }
  const secrets = imported.secrets.map(({ name, path = 'FILE', about }) => {
    const file = `file://${options.root ?? ''}${path}`;
    return `${about}:\n→ aws secretsmanager create-secret --name ${name} --secret-string ${shellQuoted(file)}`;
  });
  const hops = imported.transports.flatMap(({ nextHops }) => nextHops).slice(0, 3);
  const passwords = imported.secrets.find(({ about }) => about.startsWith('passwords'))?.path;
  const checks = hops.map((hop) =>
    nextLine(
      ['check', hop, ...(passwords === undefined ? [] : ['--sasl-password-maps', `${options.root ?? ''}${passwords}`])],
      program,
    ),
  );
  if (written.next.length > 0) return [...secrets, ...checks, ...written.next];
  const save =
    imported.transports.length === 0
      ? []
      : [
          commandLine(['import', ...given, '--cdk-json', 'cdk.json'], program),
          commandLine(['import', ...given, '--app', 'mail'], program),
        ];
  const [inClone, asApp] = save;
  return [
    ...secrets,
    ...checks,
    ...(inClone === undefined ? [] : [`in a clone:\n→ ${inClone}`, `or as an app of your own:\n→ ${asApp}`]),
  ];
}
