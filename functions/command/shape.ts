/**
 * `lambda-lmtp shape`: how much waits, by age and destination (qshape(1)).
 */

import { Command, Option } from 'commander';
import { escaped } from '../log/postfix-line.ts';
import { type Shape, type ShapeBy, type ShapeRow, shapeAges, shapeQueue } from '../operator/shape.ts';
import { wallTime } from '../queue/writes/services.ts';
import { terminalColumns, truncated } from '../texts/terminal.ts';
import { counted } from '../texts/words.ts';
import { type FilterOptions, readFilter, withFilterOptions } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print, withOperateOptions } from './operate.ts';
import { Progress } from './progress.ts';
import { parseLimit } from './queue.ts';

/** The options as commander hands them over. */
export interface ShapeOptions extends OperateOptions, FilterOptions {
  readonly by: ShapeBy;
  readonly limit: number;
}

/** Defines the command. */
export function shapeCommand(): Command {
  const command = new Command('shape')
    .alias('qshape')
    .description('Count what waits, by age in minutes and by destination: a column has what is younger than its head')
    .addOption(new Option('--by <what>', 'what a row is').choices(['destination', 'sender']).default('destination'))
    .addOption(new Option('--limit <n>', 'no more rows than that; 0 = all').default(0).argParser(parseLimit));
  return withOperateOptions(withFilterOptions(command)).action(guarded(shapeAction));
}

async function shapeAction(options: ShapeOptions): Promise<void> {
  const { services } = await openOperation(options);
  const now = wallTime(services);
  const progress = new Progress(options, (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} counted`);
  const filter = readFilter(options, services, now);
  const shape = await shapeQueue(filter, options.by, now, services, progress.note);
  progress.clear();
  await print(options.json === true ? asJson(shape, options) : asTable(shape, options));
}

function rowsOf(shape: Shape, { limit }: ShapeOptions): readonly ShapeRow[] {
  return limit === 0 ? shape.rows : shape.rows.slice(0, limit);
}

/** One object a row, the total first. */
function asJson(shape: Shape, options: ShapeOptions): string {
  const labels = columnLabels();
  return [shape.total, ...rowsOf(shape, options)]
    .map(({ name, total, counts }) => {
      const ages = Object.fromEntries(counts.map((count, column) => [labels[column] ?? '', count]));
      return JSON.stringify({ [options.by]: name, total, ages });
    })
    .join('\n');
}

/** qshape's table: names at the right of their column, numbers below their heads. */
function asTable(shape: Shape, options: ShapeOptions): string {
  const rows = [shape.total, ...rowsOf(shape, options)].map(({ name, total, counts }) => ({
    name: escaped(name),
    numbers: [total, ...counts].map(String),
  }));
  const heads = ['T', ...columnLabels()];
  const widest = heads.map((head, column) =>
    Math.max(head.length, ...rows.map(({ numbers }) => numbers[column]?.length ?? 0)),
  );
  const columns = terminalColumns();
  const numbers = widest.reduce((sum, width) => sum + width + 1, 0);
  const most = columns === undefined ? undefined : Math.max(10, columns - numbers);
  const names = Math.max(...rows.map(({ name }) => truncated(name, most).length));
  const line = (name: string, cells: readonly string[]) =>
    `${truncated(name, most).padStart(names)} ${cells.map((cell, column) => cell.padStart(widest[column] ?? 0)).join(' ')}`;
  return [line('', heads), ...rows.map(({ name, numbers }) => line(name, numbers))].join('\n');
}

/** `5` to `1280`: younger than so many minutes; `1280+`: all others. */
function columnLabels(): readonly string[] {
  return [...shapeAges.map(String), `${shapeAges.at(-1) ?? 0}+`];
}
