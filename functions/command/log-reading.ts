/**
 * Delivery lines of several log groups, merged into one log in order of time; with `--follow`, without end.
 */

import type { LogEvent, LogQuery, Logs } from '../aws/cloudwatch-logs.ts';

/** A log group, and the program that writes it. */
export interface LogGroup {
  /** Name of the function: `lmtp`. */
  readonly program: string;
  readonly name: string;
}

/** A line, and the program that wrote it. */
export interface ProgramEvent extends LogEvent {
  readonly program: string;
}

/** Milliseconds that a line may arrive late: containers write independently of each other. */
export const lateness = 60_000;

/** Yields the lines of all groups in order of time. */
export async function* readInOrder(
  logs: Logs,
  groups: readonly LogGroup[],
  wish: LogQuery,
): AsyncIterable<ProgramEvent> {
  const readers = groups.map(({ program, name }) => ({
    program,
    lines: logs.read(name, wish)[Symbol.asyncIterator](),
  }));
  const heads = await Promise.all(readers.map(({ lines }) => lines.next()));
  for (;;) {
    const first = earliest(heads);
    const [reader, head] = [readers[first], heads[first]];
    if (reader === undefined || head === undefined || head.done === true) return;
    yield { ...head.value, program: reader.program };
    heads[first] = await reader.lines.next();
  }
}

/** The index of the earliest head; -1 if all have ended. */
function earliest(heads: readonly IteratorResult<LogEvent, unknown>[]): number {
  let found = -1;
  let at = Number.POSITIVE_INFINITY;
  for (const [index, head] of heads.entries()) {
    if (head.done === true || head.value.at >= at) continue;
    found = index;
    at = head.value.at;
  }
  return found;
}

/**
 * Yields lines without end. Each line comes once; a late line is out of order.
 *
 * @param pause waits until the next read
 */
export async function* follow(
  logs: Logs,
  groups: readonly LogGroup[],
  wish: Omit<LogQuery, 'until'>,
  pause: () => Promise<void>,
): AsyncIterable<ProgramEvent> {
  /** Lines of the last minute that were shown, by id. */
  const shown = new Map<string, number>();
  let { from } = wish;
  for (;;) {
    for await (const event of readInOrder(logs, groups, { ...wish, from })) {
      if (shown.has(event.id)) continue;
      shown.set(event.id, event.at);
      yield event;
    }
    const newest = shown.values().reduce((latest, at) => Math.max(latest, at), 0);
    from = Math.max(from, newest - lateness);
    for (const [id, at] of shown) if (at < from) shown.delete(id);
    await pause();
  }
}
