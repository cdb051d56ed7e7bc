/**
 * Prints the events of a local stack as they happen: deliveries as Postfix logs them, bounces from the topic, corrupt requests with
 * their reason, and errors of functions.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { escapedLine } from '../../functions/smtp/control-characters.ts';
import { FoldedLines } from './folded-lines.ts';
import {
  type BounceNotice,
  bouncesOf,
  type CorruptNotice,
  type Heard,
  outcomeOf,
  type ReportNotice,
  type Submission,
} from './outcome.ts';
import type { LocalStack, LogLine } from './stack.ts';

export class Watch implements Heard {
  readonly bounces: BounceNotice[] = [];
  readonly reports: ReportNotice[] = [];
  readonly corrupt: CorruptNotice[] = [];
  readonly #stack: LocalStack;
  readonly #submissions: readonly Submission[];
  readonly #print: (line: string) => void;
  readonly #lines: FoldedLines;
  readonly #seenCorrupt = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(stack: LocalStack, submissions: readonly Submission[], print: (line: string) => void) {
    this.#stack = stack;
    this.#submissions = submissions;
    this.#print = print;
    this.#lines = new FoldedLines(print);
    stack.deliveries.listen((record) => this.#lines.add(record));
    stack.events.listen(({ message }) => this.#hearEvent(message));
    stack.log.listen((entry) => {
      this.#hearReport(entry);
      this.#hearTrouble(entry);
    });
    this.#timer = setInterval(() => this.#lookForCorrupt(), 20);
  }

  /** Listens no more to the corrupt queue, and prints what it has heard. */
  close(): void {
    clearInterval(this.#timer);
    this.#lines.flush();
  }

  get deliveries() {
    return this.#stack.deliveries.items;
  }

  /** Resolves to true when the outcome of all submissions is final, or to false after `milliseconds`. */
  async settle(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    const isSettled = () => this.#submissions.every((submission) => outcomeOf(submission, this).settled);
    while (!isSettled() && performance.now() < deadline && !signal.aborted) await sleep(20);
    this.#lines.flush();
    return isSettled();
  }

  /** Reads the corrupt queue and leaves its messages for its consumers. */
  #lookForCorrupt(): void {
    const { ready, inFlight } = this.#stack.inspectQueue('corrupt');
    for (const { messageId, body, attributes } of [...ready, ...inFlight]) {
      if (this.#seenCorrupt.has(messageId)) continue;
      this.#seenCorrupt.add(messageId);
      const notice = { id: idOf(body), reason: attributes['reason'] ?? 'no reason is given' };
      this.corrupt.push(notice);
      this.#print(`corrupt: ${escapedLine(notice.id)}: ${escapedLine(notice.reason)}`);
    }
  }

  #hearEvent(message: unknown): void {
    const bounces = bouncesOf(message, this.#submissions);
    this.bounces.push(...bounces);
    for (const { id, recipient, status, diagnostic } of bounces) {
      this.#lines.flush(id);
      this.#print(escapedLine(`bounce topic: ${id}: <${recipient}> ${status} (${diagnostic})`));
    }
  }

  /** Records a report that the bounce function queued. */
  #hearReport({ functionName, line }: LogLine): void {
    if (functionName !== 'bounce') return;
    const { message, id, report, address } = (parse(line) ?? {}) as Partial<ReportNotice> & { message?: string };
    if (message !== 'told' || id === undefined || report === undefined || address === undefined) return;
    this.reports.push({ id, report, address });
    this.#lines.flush(id);
    this.#print(escapedLine(`report: ${id}: to <${address}>, as ${report}`));
  }

  /** Prints warnings and errors. Delivery lines are printed elsewhere, and other lines are not printed. */
  #hearTrouble({ functionName, line }: LogLine): void {
    const trouble = troubleIn(line);
    if (trouble !== undefined) this.#print(escapedLine(`${functionName}: ${trouble}`));
  }
}

/** The text of a warning or an error, or of a line that is not JSON (a stack trace). */
function troubleIn(line: string): string | undefined {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { level, message, reason, error } = entry as {
    level?: string;
    message?: string;
    reason?: string;
    error?: { message?: string };
  };
  if (level !== 'WARN' && level !== 'ERROR' && level !== 'CRITICAL') return undefined;
  return [level.toLowerCase(), message, reason ?? error?.message].filter((part) => part !== undefined).join(': ');
}

/** The object in a log line; undefined if the line is not one. */
function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The queue id in a request, if it can be read. */
function idOf(request: string): string {
  try {
    return String((JSON.parse(request) as { id?: unknown }).id ?? '?');
  } catch {
    return '?';
  }
}
