/**
 * Delivery lines of several log groups, as one log: in the order of time, and on and on where somebody follows.
 */

import type { LogEvent, LogQuery, Logs } from '../aws/cloudwatch-logs.ts';

/** A log group, and the program whose it is. */
export interface LogGroup {
  /** Name of the function: `lmtp`. */
  readonly program: string;
  readonly name: string;
}

/** A line, and the program whose it is. */
export interface ProgramEvent extends LogEvent {
  readonly program: string;
}

/** Milliseconds for which lines may still come in that are older than the newest: containers write by themselves. */
export const lateness = 60_000;

/** Reads all groups as one: what happened first, comes first. */
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

/** Which head comes first; -1 where all have come to their end. */
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
 * Reads on and on. Each line comes once, also one that comes in late; such a line is out of order.
 *
 * @param pause waits until it is time to look again
 */
export async function* follow(
  logs: Logs,
  groups: readonly LogGroup[],
  wish: Omit<LogQuery, 'until'>,
  pause: () => Promise<void>,
): AsyncIterable<ProgramEvent> {
  /** Lines of the last minute that have been shown, by their ids. */
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
