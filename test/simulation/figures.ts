/**
 * What is counted and checked during a simulation: lines of the delivery log, events, transitions. Lines
 * themselves are not kept: there are millions of them.
 */
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import { type DeliveryItem, isFinished } from '../../functions/queue/items/item.ts';
import type { IndexedLedger } from './indexed-ledger.ts';
import { PerMinute } from './per-minute.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The beginning of Postfix's words for a delivery that was not tried because its destination is suspended. */
const suspendedWords = 'delivery temporarily suspended';

export class Figures {
  /** Attempts, counted by recipient, including those that found a destination suspended. */
  readonly attempts = new PerMinute();
  /** The latter alone: no connection was made. */
  readonly suspended = new PerMinute();
  /** Lines of the log, by status. */
  readonly lines = new Map<DeliveryLine['status'], number>();
  /** Most seconds from arrival to delivery, by domain of the recipient. */
  readonly slowest = new Map<string, number>();
  /** Notes of the log, by level and words. */
  readonly notes = new Map<string, number>();
  /** Events by id, each with how often it was published. */
  readonly events = new Map<string, { readonly event: QueueEvent; times: number }>();
  /** Addresses that were reported in doubt, in the table or in the log. */
  readonly doubted = new Set<string>();
  /** Most deliveries of a destination that were in active at once. */
  readonly mostActive = new Map<string, number>();
  /** Recipients that expired, by a line after one that deferred them with the same words. */
  expiredInTwoLines = 0;
  /** Requests that are in the table. */
  admitted = 0;
  /** Deliveries that are not finished. */
  live = 0;
  #lastLine: DeliveryLine | undefined;
  readonly #time: VirtualTime;
  readonly #trace: (line: string) => void;

  /** @param trace called with every event, one line for each */
  constructor(time: VirtualTime, trace: (line: string) => void) {
    this.#time = time;
    this.#trace = trace;
  }

  noteLine(line: DeliveryLine): void {
    const { id, recipient, status, attempt, delay, text, in_doubt: inDoubt } = line;
    const { wall } = this.#time;
    this.#trace(`${wall} ${id} ${recipient} ${status} ${attempt}\n`);
    this.lines.set(status, (this.lines.get(status) ?? 0) + 1);
    if (inDoubt) this.doubted.add(recipient);
    if (status === 'sent') {
      const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
      this.slowest.set(domain, Math.max(this.slowest.get(domain) ?? 0, delay));
    }
    const before = this.#lastLine;
    this.#lastLine = line;
    if (status === 'expired') {
      const isSame = before?.recipient === recipient && before.text === text;
      if (isSame && before.status === 'deferred') this.expiredInTwoLines += 1;
      return;
    }
    this.attempts.count(wall);
    if (text.startsWith(suspendedWords)) this.suspended.count(wall);
  }

  noteNote(level: string, message: string, { doubted = [] }: Readonly<Record<string, unknown>>): void {
    const note = `${level}: ${message}`;
    this.notes.set(note, (this.notes.get(note) ?? 0) + 1);
    for (const address of doubted as readonly string[]) this.doubted.add(address);
  }

  noteEvent(event: QueueEvent): void {
    const { eventId } = event.lmtp;
    this.#trace(`${this.#time.wall} ${eventId}\n`);
    const known = this.events.get(eventId);
    if (known === undefined) this.events.set(eventId, { event, times: 1 });
    else known.times += 1;
  }

  noteMove(before: DeliveryItem | undefined, after: DeliveryItem, ledger: IndexedLedger): void {
    const { destination, delivery, recipients } = after;
    if (before === undefined && delivery === '0000') this.admitted += 1;
    this.live += Number(isLive(after)) - Number(before !== undefined && isLive(before));
    if (after.state === 'active' && before?.state !== 'active') {
      const active = ledger.activeNow(destination);
      if (active > (this.mostActive.get(destination) ?? 0)) this.mostActive.set(destination, active);
    }
    if (before?.recipients === recipients) return;
    for (const { address, last } of recipients) if (last?.inDoubt) this.doubted.add(address);
  }
}

/** Whether a delivery still needs an attempt, or the publication of an event. A held one waits for an operator. */
function isLive({ state, due, recipients, pending }: DeliveryItem): boolean {
  if (Object.keys(pending).length > 0) return due !== undefined;
  if (state === 'held') return due !== undefined;
  return state !== 'done' && state !== 'corrupt' && !recipients.every(isFinished);
}
