/**
 * Logs Insights, as far as our saved queries use it: fields, filter, parse with a regular expression, stats,
 * sort and limit. Unsupported syntax is refused, and so is a field that no event has, which Logs Insights
 * would silently show as an empty column.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */

import { evaluateFilter, type Value } from './logs-insights-filter.ts';

/** A line of a log. */
export interface InsightsEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly log: string;
  readonly message: string;
}

/** A row: values by field. */
export type Row = ReadonlyMap<string, Value>;

/** The answer of a query. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Fields that it names and no event has. */
  readonly unknown: readonly string[];
}

/** The fields that Logs Insights discovers in a line. */
export function discover({ at, log, message }: InsightsEvent): Map<string, Value> {
  const row = new Map<string, Value>([
    ['@timestamp', at],
    ['@log', log],
    ['@message', message],
  ]);
  try {
    flatten('', JSON.parse(message), row);
  } catch {
    // A line that is not JSON has no fields of its own.
  }
  return row;
}

/** Members are joined with dots, elements of a list have their number; true is 1, null is absent. */
function flatten(path: string, value: unknown, row: Map<string, Value>): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) flatten(path === '' ? name : `${path}.${name}`, member, row);
  } else row.set(path, typeof value === 'boolean' ? Number(value) : (value as Value));
}

/**
 * Runs a query.
 *
 * @throws Error for unsupported syntax
 */
export function ask(query: string, events: readonly InsightsEvent[]): Answer {
  let rows: Row[] = events.map(discover);
  const known = new Set(rows.flatMap((row) => [...row.keys()]));
  const unknown = new Set<string>();
  let columns: readonly string[] = [];
  const need = (...fields: readonly string[]) => {
    for (const field of fields) if (!known.has(field)) unknown.add(field);
  };
  for (const command of query.split(/\n\| |^\| /).map((line) => line.trim())) {
    const [, verb = '', rest = ''] = /^(\w+) (.+)$/s.exec(command) ?? [];
    if (verb === 'fields') {
      const named = parts(rest).map(withAlias);
      need(...named.map(({ term }) => term));
      for (const { name } of named) known.add(name);
      rows = rows.map((row) => new Map([...row, ...named.map(({ term, name }) => [name, row.get(term)] as const)]));
      columns = named.map(({ name }) => name);
    } else if (verb === 'filter') {
      rows = rows.filter((row) => evaluateFilter(rest, row, need));
    } else if (verb === 'parse') {
      const { field, pattern, names } = parseCommand(rest);
      need(field);
      for (const name of names) known.add(name);
      rows = rows.map((row) => parsed(row, field, pattern));
    } else if (verb === 'stats') {
      const { aggregates, keys } = statsCommand(rest);
      need(...keys, ...aggregates.flatMap(({ field }) => (field === '*' ? [] : [field])));
      rows = group(rows, keys, aggregates);
      columns = [...keys, ...aggregates.map(({ name }) => name)];
      known.clear();
      for (const column of columns) known.add(column);
    } else if (verb === 'sort') {
      const [, field = '', direction] = /^(\S+) (asc|desc)$/.exec(rest) ?? [];
      if (direction === undefined) throw new Error(`"${command}" is not understood`);
      need(field);
      const sign = direction === 'asc' ? 1 : -1;
      rows = rows.toSorted((one, other) => sign * compare(one.get(field), other.get(field)));
    } else if (verb === 'limit' && /^\d+$/.test(rest)) {
      rows = rows.slice(0, Number(rest));
    } else throw new Error(`"${command}" is not understood`);
  }
  return { columns, rows, unknown: [...unknown] };
}

function compare(one: Value, other: Value): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  return one < other ? -1 : 1;
}

/** Splits at commas outside of parentheses. */
function parts(text: string): readonly string[] {
  return text.split(/,\s*(?![^()]*\))/).map((part) => part.trim());
}

function withAlias(part: string): { readonly term: string; readonly name: string } {
  const [, term, name] = /^(\S+?(?:\([^)]*\))?)(?: as (\w+))?$/.exec(part) ?? [];
  if (term === undefined) throw new Error(`"${part}" is not understood`);
  return { term, name: name ?? term };
}

function parseCommand(text: string): {
  readonly field: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
} {
  const [, field, source] = /^(\S+) \/(.+)\/$/.exec(text) ?? [];
  if (field === undefined || source === undefined) throw new Error(`"parse ${text}" is not understood`);
  const names = [...source.matchAll(/\(\?<(\w+)>/g)].map(([, name = '']) => name);
  if (names.length === 0) throw new Error(`"parse ${text}" names no field`);
  return { field, pattern: new RegExp(source), names };
}

function parsed(row: Row, field: string, pattern: RegExp): Row {
  const found = pattern.exec(String(row.get(field) ?? ''))?.groups ?? {};
  return new Map([...row, ...Object.entries(found)]);
}

interface Aggregate {
  readonly name: string;
  readonly act: string;
  readonly field: string;
  readonly share: number;
}

function statsCommand(text: string): { readonly aggregates: readonly Aggregate[]; readonly keys: readonly string[] } {
  const [, before = '', by = ''] = /^(.+?)(?: by (.+))?$/s.exec(text) ?? [];
  const aggregates = parts(before).map((part) => {
    const { term, name } = withAlias(part);
    const [, act, field, share = '0'] = /^(count|count_distinct|max|min|pct)\(([^,)]+)(?:, (\d+))?\)$/.exec(term) ?? [];
    if (act === undefined || field === undefined || name === term) throw new Error(`"${part}" is not understood`);
    return { name, act, field, share: Number(share) };
  });
  return { aggregates, keys: by === '' ? [] : parts(by) };
}

function group(rows: readonly Row[], keys: readonly string[], aggregates: readonly Aggregate[]): Row[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(keys.map((key) => row.get(key) ?? null)));
  return [...groups.values()].map(
    (members) =>
      new Map([
        ...keys.map((key) => [key, members[0]?.get(key)] as const),
        ...aggregates.map((aggregate) => [aggregate.name, aggregated(aggregate, members)] as const),
      ]),
  );
}

function aggregated({ act, field, share }: Aggregate, members: readonly Row[]): Value {
  if (field === '*') return members.length;
  const values = members.flatMap((row) => row.get(field) ?? []).toSorted((one, other) => (one < other ? -1 : 1));
  switch (act) {
    case 'count':
      return values.length;
    case 'count_distinct':
      return new Set(values).size;
    case 'max':
      return values.at(-1);
    case 'min':
      return values[0];
    default:
      return values[Math.ceil((share / 100) * values.length) - 1];
  }
}
