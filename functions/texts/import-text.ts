/**
 * What became of a Postfix configuration, in words: first what an operator must do, last what was taken as it is.
 */

import type { Comparison } from '../import/compare.ts';
import type { Imported, ImportedTransport } from '../import/import.ts';
import { type ImportClass, importClasses, type Row } from '../import/report.ts';
import { escaped } from '../log/postfix-line.ts';
import { counted } from './words.ts';

/** What was imported, and how it is shown. */
export interface ImportReport {
  readonly imported: Imported;
  /** Where it was read: a folder, or standard input. */
  readonly source: string;
  readonly comparisons: readonly Comparison[];
  /** How Postfix's side of the comparison was found. */
  readonly asked: string;
  /** What Postfix's own programs said about the configuration. */
  readonly notes: readonly string[];
}

const headings: Readonly<Record<ImportClass, string>> = {
  refused: 'Refused: do this first',
  renamed: 'The same under another name, or in another form',
  default: 'The default here is better, and stays',
  none: 'No counterpart',
  taken: 'Taken as it is',
};

/** Returns the report as text. */
export function importText(report: ImportReport): string {
  const { imported } = report;
  const of = (wanted: ImportClass) => imported.rows.filter((row) => row.class === wanted);
  return [
    ...summary(report),
    ...section('refused', of('refused'), blocks),
    ...routesSection(imported.transports),
    ...section('renamed', of('renamed'), blocks),
    ...section('default', of('default'), blocks),
    ...section('none', of('none'), byReason),
    ...section('taken', of('taken'), inLines),
    ...recipientsSection(report),
    ...report.notes.map((note) => `! ${escaped(note)}`),
    '',
  ].join('\n');
}

function summary({ imported, source, comparisons }: ImportReport): readonly string[] {
  const { rows, transports, main } = imported;
  const counts = importClasses.map((name) => `${rows.filter((row) => row.class === name).length} ${shortNames[name]}`);
  const refused = rows.filter((row) => row.class === 'refused').length;
  const differing = comparisons.filter(({ verdict }) => verdict === 'differs').length;
  const unknown = comparisons.filter(({ verdict }) => verdict === 'unknown').length;
  const head =
    transports.length === 0 && refused === 0
      ? 'This Postfix delivers no mail by LMTP: there is nothing to take along.'
      : refused + differing + unknown === 0
        ? 'All is well: everything that concerns LMTP can be taken along.'
        : `Action required: ${[
            ...(refused > 0 ? [`${counted(refused, 'setting')} cannot be taken along`] : []),
            ...(differing > 0 ? [`${counted(differing, 'recipient')} would go elsewhere`] : []),
            ...(unknown > 0 ? [`${counted(unknown, 'recipient')} could not be compared`] : []),
          ].join(', ')}.`;
  return [
    head,
    `${escaped(source)}: ${counted(main.settings.size, 'setting')} in main.cf, ${counted(transports.length, 'LMTP transport')} in use; ${counts.join(', ')}.`,
  ];
}

const shortNames: Readonly<Record<ImportClass, string>> = {
  refused: 'refused',
  renamed: 'renamed',
  default: 'better by default',
  none: 'without counterpart',
  taken: 'taken',
};

function section(
  name: ImportClass,
  rows: readonly Row[],
  show: (rows: readonly Row[]) => readonly string[],
): readonly string[] {
  return rows.length === 0 ? [] : ['', `${headings[name]} (${rows.length})`, ...show(rows)];
}

/** Each row with its reason. */
function blocks(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) => [
    `  ${title(row)}`,
    ...(row.here === undefined ? [] : [`      here: ${shortened(row.here)}`]),
    ...(row.why === undefined ? [] : [`      ${shortened(row.why)}`]),
    ...(row.todo === undefined ? [] : [`      To do: ${escaped(row.todo)}`]),
  ]);
}

function title({ name, value, where }: Row): string {
  const equals = value === undefined ? '' : ` = ${shortened(value)}`;
  return `${escaped(name)}${equals}  (${escaped(where)})`;
}

/** Names that have one reason, together. */
function byReason(rows: readonly Row[]): readonly string[] {
  const groups = Map.groupBy(rows, ({ why = '' }) => why);
  return [...groups].flatMap(([why, some]) => [
    `  ${shortened(why)}`,
    `      ${some.map(({ name }) => escaped(name)).join(', ')}`,
  ]);
}

function inLines(rows: readonly Row[]): readonly string[] {
  return rows.map(({ name, value = '', why }) => {
    const note = why === undefined ? '' : `   (${escaped(why.replace(/\.$/, ''))})`;
    return `  ${escaped(name)} = ${shortened(value)}${note}`;
  });
}

/** Most lines of a map that are shown: a file has all of them. */
const mostLines = 20;

function routesSection(transports: readonly ImportedTransport[]): readonly string[] {
  if (transports.every(({ map, destination }) => map.length === 0 && destination === undefined))
    return ['', 'Routes (0)', '  No route of this configuration is LMTP that a function can reach.'];
  const [first] = transports;
  const lines = first?.map ?? [];
  const width = Math.min(40, Math.max(16, ...lines.slice(0, mostLines).map(({ key }) => key.length)));
  const shown = lines
    .slice(0, mostLines)
    .map(({ key, result }) => `  ${escaped(key).padEnd(width)}  ${escaped(result)}`);
  const rest = lines.length - shown.length;
  return [
    '',
    `Routes (${lines.length + (first?.destination === undefined ? 0 : 1)})`,
    ...shown,
    ...(rest > 0 ? [`  and ${counted(rest, 'more line')}`] : []),
    ...(first?.destination === undefined
      ? []
      : [`  ${'all other mail'.padEnd(width)}  ${first.name}:${first.destination}`]),
  ];
}

const marks: Readonly<Record<Comparison['verdict'], string>> = { same: '✓', stays: '-', differs: '✗', unknown: '?' };

function recipientsSection({ comparisons, asked }: ImportReport): readonly string[] {
  if (comparisons.length === 0) return [];
  const count = (wanted: Comparison['verdict']) => comparisons.filter(({ verdict }) => verdict === wanted).length;
  const order = ['differs', 'unknown', 'stays', 'same'] as const;
  const sorted = order.flatMap((verdict) => comparisons.filter((one) => one.verdict === verdict));
  return [
    '',
    `Recipients (${comparisons.length}): ${count('same')} alike, ${count('stays')} not LMTP, ${count('differs')} would go elsewhere${count('unknown') > 0 ? `, ${count('unknown')} unknown` : ''}. ${asked}`,
    ...sorted.flatMap(recipientLines),
  ];
}

function recipientLines({ recipient, verdict, postfix, by, here, why }: Comparison): readonly string[] {
  const head = `${marks[verdict]} ${escaped(recipient)}`;
  if (verdict === 'same') return [`${head}  ${escaped(here ?? '')}`];
  const note = why === undefined ? '' : `: ${escaped(why)}`;
  return [
    `${head}${note}`,
    `      Postfix: ${escaped(postfix)}  (${escaped(by)})`,
    `      here:    ${escaped(here ?? 'no entry')}`,
  ];
}

/** A value of many lines or entries is cut: the files have all of it. */
function shortened(text: string): string {
  const line = escaped(text.replaceAll(/\s+/g, ' '));
  return line.length > 400 ? `${line.slice(0, 399)}…` : line;
}
