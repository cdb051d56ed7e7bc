/**
 * The bounce function in one process and without delay: its queue, its records, a bucket and two outlets in memory, a clock
 * that a test moves, and the real steps that report an event.
 *
 *     const world = new ReportWorld();
 *     world.publish(...bounced());
 *     await world.runToEnd();
 *     world.mails                     // the mails that would arrive
 *
 * A test can interfere with every call of a step: it may fail before it takes effect, or after.
 */

import { inspectContent } from '../../functions/delivery/message.ts';
import type { Trouble } from '../../functions/notices/notifier.ts';
import { type Parameters, parseParameters } from '../../functions/parameters/parameters.ts';
import type { ReportableEvent } from '../../functions/queue/items/event.ts';
import { type Bodies, BodyFault } from '../../functions/queue/items/ports.ts';
import type { FoundItem } from '../../functions/queue/items/unreadable-item.ts';
import { localDomains } from '../../functions/report/local-domains.ts';
import type { OutgoingMail, ReportServices } from '../../functions/report/ports.ts';
import { handOverLease, reportEvent } from '../../functions/report/report-event.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { MemoryReports } from './memory-reports.ts';
import { TestClock } from './test-clock.ts';

/** A mail that was sent, and how. */
export interface Mail extends OutgoingMail {
  readonly route: 'incoming' | 'ses';
}

/** Decides the outcome of a call; `act` lets it take effect. */
export type ReportInterference = (call: number, name: string, act: () => Promise<unknown>) => Promise<unknown>;

interface QueuedEvent {
  readonly event: ReportableEvent;
  /** When it can be received, milliseconds since 1970. */
  visible: number;
  received: number;
}

/** Milliseconds after which an unfinished message is visible again: six times what the function may run. */
const visibilityTimeout = 360_000;

export class ReportWorld {
  readonly clock = new TestClock(Date.UTC(2026, 10, 22, 9));
  readonly records = new MemoryReports();
  /** The deliveries in the table. */
  readonly items: FoundItem[] = [];
  /** The message of all events; undefined: it was deleted. */
  body: Buffer | undefined = Buffer.from('From: alice@example.org\r\nSubject: lunch\r\n\r\nAt noon?\r\n');
  /** Thrown at every read of it. */
  trouble: Error | undefined;
  readonly parameters: Parameters;
  /** What was sent to incoming, including copies. */
  readonly requests: Mail[] = [];
  /** What was sent to SES. */
  readonly sesMails: Mail[] = [];
  /** Ids that SES was asked to bounce itself. */
  readonly sesBounces: string[] = [];
  /** Whether SES makes bounces itself. */
  sesBouncesItself = false;
  /** Notices on the notice topic. */
  readonly raised: Trouble[] = [];
  readonly notes: Readonly<Record<string, unknown>>[] = [];
  queue: QueuedEvent[] = [];
  calls = 0;
  /** Highest receive count of a message. */
  mostReceives = 0;
  readonly #interfere: ReportInterference;

  constructor(values: Readonly<Record<string, string>> = {}, interfere: ReportInterference = (_, __, act) => act()) {
    this.parameters = parseParameters({ myhostname: 'mail.example.org', ...values });
    this.#interfere = interfere;
  }

  /** The mails that would arrive: a request that incoming had before is a duplicate. */
  get mails(): readonly Mail[] {
    const known = new Set<string>();
    const first = this.requests.filter(({ reportId }) => !known.has(reportId) && known.add(reportId));
    return [...first, ...this.sesMails];
  }

  /** Sends events to the queue. */
  publish(...events: readonly ReportableEvent[]): void {
    for (const event of events) {
      const { lmtp } = event;
      const message = { ...lmtp.message, size: this.body?.length ?? lmtp.message.size };
      const about = { ...event, lmtp: { ...lmtp, message } };
      this.queue.push({ event: about, visible: this.clock.wall, received: 0 });
    }
  }

  /** Runs until the queue is empty. Time passes while everything is hidden. */
  async runToEnd(): Promise<void> {
    for (let turn = 0; turn < 500; turn += 1) {
      if (this.queue.length === 0) return;
      const next = this.queue.find(({ visible }) => visible <= this.clock.wall);
      if (next === undefined) {
        this.clock.advance(Math.min(...this.queue.map(({ visible }) => visible)) - this.clock.wall);
      } else await this.receive(next);
    }
    throw new Error(`no end in sight: ${JSON.stringify(this.queue)}`);
  }

  /** Gives a message to the function. */
  async receive(message: QueuedEvent): Promise<void> {
    message.received += 1;
    this.mostReceives = Math.max(this.mostReceives, message.received);
    message.visible = this.clock.wall + visibilityTimeout;
    try {
      const telling = await reportEvent(message.event, this.services());
      if (telling.kind === 'reported') this.queue = this.queue.filter((other) => other !== message);
      else message.visible = telling.until;
    } catch (error) {
      this.notes.push({ message: 'failed', error: String(error) });
    }
  }

  services(): ReportServices {
    const { records, items, parameters, clock, notes } = this;
    const step = <T>(name: string, act: () => Promise<T>): Promise<T> => {
      const call = this.calls;
      this.calls += 1;
      return this.#interfere(call, name, act) as Promise<T>;
    };
    return {
      records: {
        keep: (...given) => step('keep', () => records.keep(...given)),
        read: (...given) => step('read', () => records.read(...given)),
        seal: (...given) => step('seal', () => records.seal(...given)),
        takeOver: (...given) => step('takeOver', () => records.takeOver(...given)),
        recordHandedOver: (...given) => step('recordHandedOver', () => records.recordHandedOver(...given)),
        markDone: (...given) => step('markDone', () => records.markDone(...given)),
      },
      ledger: { readAll: (id) => step('readAll', async () => items.filter((item) => item.id === id)) },
      bodies: { ...this.#bodies(), load: (message) => step('load', () => this.#bodies().load(message)) },
      incoming: {
        send: (parcel) => step('incoming', async () => void this.requests.push({ ...parcel, route: 'incoming' })),
      },
      ses: {
        bounce: ({ id }) =>
          step('sendBounce', async () => {
            if (this.sesBouncesItself) this.sesBounces.push(id);
            return this.sesBouncesItself;
          }),
        send: (parcel) => step('ses', async () => void this.sesMails.push({ ...parcel, route: 'ses' })),
      },
      domains: localDomains(
        parseTransportMap('example.org lmtp:inet:store\n* lmtp:inet:store\n', 'lmtp', 24),
        parameters.relay_domains,
      ),
      notices: { raise: (trouble) => void this.raised.push(trouble) },
      parameters,
      clock,
      log: { note: (_, message, given) => void notes.push({ message, ...given }) },
    };
  }

  #bodies(): Bodies {
    return {
      pin: async () => {
        throw new Error('reports pin no bodies');
      },
      load: async () => {
        const { body, trouble } = this;
        if (trouble !== undefined) throw trouble;
        if (body === undefined) throw new BodyFault('there is no object "in/4bXq1.eml"');
        async function* open(): AsyncIterable<Buffer> {
          yield body ?? Buffer.alloc(0);
        }
        return { ...inspectContent(body), open };
      },
    };
  }
}

/** Longer than any function holds a report. */
export const longerThanLease = handOverLease + 1;
