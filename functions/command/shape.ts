/**
 * `lambda-lmtp shape`: counts waiting mail by age and destination (qshape(1)).
 */

import { escaped } from '../log/postfix-line.ts';
import { type Shape, type ShapeBy, type ShapeRow, shapeAges, shapeQueue } from '../operator/shape.ts';
import { wallTime } from '../queue/writes/services.ts';
import { terminalColumns, truncated } from '../texts/terminal.ts';
import { counted } from '../texts/words.ts';
import { type FilterOptions, readFilter } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print } from './operate.ts';
import { Progress } from './progress.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface ShapeOptions extends OperateOptions, FilterOptions {
  readonly by: ShapeBy;
  readonly limit: number;
}

/** Prints the shape. */
export const shapeAction = guarded(show);

async function show(run: Run, options: ShapeOptions): Promise<void> {
  const { services } = await openOperation(options, run);
  const now = wallTime(services);
  const progress = new Progress(
    run,
    options,
    (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} counted`,
  );
  const filter = readFilter(options, services, now);
  const shape = await shapeQueue(filter, options.by, now, services, progress.note);
  progress.clear();
  const columns = terminalColumns(run.stdout);
  await print(options.json === true ? asJson(shape, options) : asTable(shape, options, columns), run);
}

function rowsOf(shape: Shape, { limit }: ShapeOptions): readonly ShapeRow[] {
  return limit === 0 ? shape.rows : shape.rows.slice(0, limit);
}

/** One object per row, the total first. */
function asJson(shape: Shape, options: ShapeOptions): string {
  const labels = columnLabels();
  return [shape.total, ...rowsOf(shape, options)]
    .map(({ name, total, counts }) => {
      const ages = Object.fromEntries(counts.map((count, column) => [labels[column] ?? '', count]));
      return JSON.stringify({ [options.by]: name, total, ages });
    })
    .join('\n');
}

/** qshape's table: names and numbers are right-aligned. */
function asTable(shape: Shape, options: ShapeOptions, columns: number | undefined): string {
  const rows = [shape.total, ...rowsOf(shape, options)].map(({ name, total, counts }) => ({
    name: escaped(name),
    numbers: [total, ...counts].map(String),
  }));
  const heads = ['T', ...columnLabels()];
  const widest = heads.map((head, column) =>
    Math.max(head.length, ...rows.map(({ numbers }) => numbers[column]?.length ?? 0)),
  );
  const numbers = widest.reduce((sum, width) => sum + width + 1, 0);
  const most = columns === undefined ? undefined : Math.max(10, columns - numbers);
  const names = Math.max(...rows.map(({ name }) => truncated(name, most).length));
  const line = (name: string, cells: readonly string[]) =>
    `${truncated(name, most).padStart(names)} ${cells.map((cell, column) => cell.padStart(widest[column] ?? 0)).join(' ')}`;
  return [line('', heads), ...rows.map(({ name, numbers }) => line(name, numbers))].join('\n');
}

/** `5` to `1280`: younger than this many minutes; `1280+`: all others. */
function columnLabels(): readonly string[] {
  return [...shapeAges.map(String), `${shapeAges.at(-1) ?? 0}+`];
}
