/**
 * Deliveries for people to watch: recipients of one message that ended alike in one attempt are one line, those that ended otherwise
 * lines of their own.
 */
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { postfixLine } from '../../functions/log/postfix-line.ts';

/** Milliseconds for which a line waits for others like it: a function writes those of an attempt in one go. */
const wait = 100;

/** Alike recipients from which on they are one line. */
const fewest = 4;

/** Prints deliveries, folded. */
export class FoldedLines {
  readonly #print: (line: string) => void;
  readonly #groups = new Map<string, DeliveryLine[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Takes a delivery; it is printed within a moment. */
  add(record: DeliveryLine): void {
    const { id, relay, dsn, status, attempt, in_doubt } = record;
    const key = JSON.stringify([id, relay, dsn, status, attempt, in_doubt]);
    const group = this.#groups.get(key) ?? [];
    this.#groups.set(key, group);
    group.push(record);
    this.#timer ??= setTimeout(() => this.flush(), wait);
  }

  /** Prints what was taken so far, of one message or of all. */
  flush(id?: string): void {
    for (const [key, group] of this.#groups) {
      if (id !== undefined && group[0]?.id !== id) continue;
      this.#groups.delete(key);
      for (const line of folded(group)) this.#print(line);
    }
    if (this.#groups.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Returns the lines of recipients that ended alike: Postfix's line of the first stands for many. */
export function folded(group: readonly DeliveryLine[]): readonly string[] {
  const [first] = group;
  if (first === undefined || group.length < fewest) return group.map(postfixLine);
  const line = postfixLine(first);
  const to = line.indexOf('>, ') + 1;
  return [`${line.slice(0, to)} and ${group.length - 1} more${line.slice(to)}`];
}
