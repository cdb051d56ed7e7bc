/**
 * Listens to a local stack and says what happens, as it happens: deliveries in Postfix's words, bounces from the topic, corrupt
 * requests with their reason, and whatever goes wrong in a function.
 */
import { setTimeout as sleep } from 'node:timers/promises';
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

  /** Resolves to true once nothing more is to come of any submission, to false after so many milliseconds. */
  async settle(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    const isSettled = () => this.#submissions.every((submission) => outcomeOf(submission, this).settled);
    while (!isSettled() && performance.now() < deadline && !signal.aborted) await sleep(20);
    this.#lines.flush();
    return isSettled();
  }

  /** Looks into the corrupt queue and leaves there what it finds, for whoever minds that queue. */
  #lookForCorrupt(): void {
    const { ready, inFlight } = this.#stack.inspectQueue('corrupt');
    for (const { messageId, body, attributes } of [...ready, ...inFlight]) {
      if (this.#seenCorrupt.has(messageId)) continue;
      this.#seenCorrupt.add(messageId);
      const notice = { id: idOf(body), reason: attributes['reason'] ?? 'no reason is given' };
      this.corrupt.push(notice);
      this.#print(`corrupt: ${printable(notice.id)}: ${printable(notice.reason)}`);
    }
  }

  #hearEvent(message: unknown): void {
    const bounces = bouncesOf(message, this.#submissions);
    this.bounces.push(...bounces);
    for (const { id, recipient, status, diagnostic } of bounces) {
      this.#lines.flush(id);
      this.#print(printable(`bounce topic: ${id}: <${recipient}> ${status} (${diagnostic})`));
    }
  }

  /** What the bounce function handed over to be delivered. */
  #hearReport({ functionName, line }: LogLine): void {
    if (functionName !== 'bounce') return;
    const { message, id, report, address } = (parse(line) ?? {}) as Partial<ReportNotice> & { message?: string };
    if (message !== 'told' || id === undefined || report === undefined || address === undefined) return;
    this.reports.push({ id, report, address });
    this.#lines.flush(id);
    this.#print(printable(`report: ${id}: to <${address}>, as ${report}`));
  }

  /** Deliveries are told elsewhere and plain news is not: what is left is trouble. */
  #hearTrouble({ functionName, line }: LogLine): void {
    const trouble = troubleIn(line);
    if (trouble !== undefined) this.#print(printable(`${functionName}: ${trouble}`));
  }
}

/** What a log line has to say to people: warnings and errors, and whatever is no log line at all (a stack trace). */
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

/** A line of the log as the object that it is; undefined where it is none. */
function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The queue id in a request, as far as it can be read. */
function idOf(request: string): string {
  try {
    return String((JSON.parse(request) as { id?: unknown }).id ?? '?');
  } catch {
    return '?';
  }
}

/** Foreign text on a terminal: control characters show as dots. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '.');
}
