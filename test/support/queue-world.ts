/**
 * The queue in one process and without delay: table, queues, bodies and topic in memory, a clock that a test moves, and the real
 * steps of the queue (admit, activate, work, sweep) over a real LMTP connection.
 *
 *     const world = new QueueWorld({ destination: server.destination });
 *     world.submit({ recipients: ['bob@example.com'] });
 *     await world.runToEnd();
 *
 * Messages arrive as from SQS: again if they were not deleted, delayed ones when they are due. A test can interfere with
 * every call of a step to a service.
 */

import type { Incoming } from '../../functions/incoming/reading.ts';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { type Parameters, parseParameters } from '../../functions/parameters/parameters.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { type Admission, admit } from '../../functions/queue/admission/admit.ts';
import { flushAndRefill } from '../../functions/queue/destinations/refill.ts';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import type { DeliveryItem, QueuedRecipient } from '../../functions/queue/items/item.ts';
import { formatWakeUp, parseWakeUp, type WakeUp } from '../../functions/queue/items/messages.ts';
import { reserveOf } from '../../functions/queue/items/policy.ts';
import type { CorruptNotice, SpentBodies, WakeUps } from '../../functions/queue/items/ports.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { work } from '../../functions/queue/work/worker.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type Deadline, invocationDeadline } from '../../functions/session/limit.ts';
import { MemoryBodies } from './memory-bodies.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryMetrics } from './memory-metrics.ts';
import { type Interference, QueueProcess, type SharedWorld } from './queue-process.ts';
import { TestClock } from './test-clock.ts';

/** A message of one of the queues; `dead letters`: those of active. */
export interface QueueMessage {
  readonly queue: 'incoming' | 'deferred' | 'active' | 'dead letters';
  readonly messageId: string;
  readonly body: string;
  readonly sent: number;
  /** When it can be received (again), milliseconds since 1970. */
  visible: number;
  /** Receive count. */
  received: number;
}

export interface QueueWorldOptions {
  /** Where all mail goes. */
  readonly destination: string;
  /** Postfix parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Receives of a message in active before the dead letters. Default: unlimited. */
  readonly maxReceives?: number;
  /** Whether the bucket is versioned, and bodies are deleted when they are no longer needed. Default: they stay. */
  readonly deletesBodies?: boolean;
  /** None if absent. */
  readonly interfere?: Interference;
}

const localParameters = { allow_local_destinations: 'yes' };

/** Milliseconds that an invocation may run. */
const invocationTime = 60_000;
/** Milliseconds between two sweeps, and how far each looks ahead. */
const sweepInterval = 300_000;
/** Milliseconds after which an undeleted message returns. */
const visibilityTimeout = 90_000;

export class QueueWorld {
  readonly clock = new TestClock();
  /** The random numbers of processes that start from now on. */
  random: () => number = () => 0;
  readonly ledger = new MemoryLedger();
  readonly bodies = new MemoryBodies();
  /** Those of processes that start from now on. */
  parameters: Parameters;
  readonly admission: Admission;
  /** The events on the bounce topic; the same event twice if it was published twice. */
  readonly events: QueueEvent[] = [];
  /** The delivery log. */
  readonly lines: DeliveryLine[] = [];
  /** The metrics of the functions. */
  readonly metrics = new MemoryMetrics();
  /** Other log lines. */
  readonly notes: string[] = [];
  /** Addresses that a sweep reported in doubt. */
  readonly doubted: string[] = [];
  readonly notices: CorruptNotice[] = [];
  /** Keys of bodies that were deleted while they were needed. */
  readonly deletedTooSoon: string[] = [];
  /** The messages in the queues. */
  messages: QueueMessage[] = [];
  /** Everything that was ever sent to a queue. */
  readonly sent: QueueMessage[] = [];
  readonly #maxReceives: number;
  readonly #interfere: Interference;
  readonly #processes = new Map<string, QueueProcess>();
  readonly #retired: QueueProcess[] = [];
  readonly #invocations: Promise<void>[] = [];
  #calls = 0;
  #nextSweep: number;

  constructor({
    destination,
    parameters = {},
    maxReceives = Number.POSITIVE_INFINITY,
    deletesBodies = false,
    interfere = (_, act) => act(),
  }: QueueWorldOptions) {
    this.parameters = parseParameters({ ...localParameters, ...parameters });
    this.admission = {
      transportMap: parseTransportMap(`* lmtp:${destination}`, 'lmtp', this.parameters.lmtp_tcp_port),
      allowedDestinations: new Set(),
      allowedBuckets: new Set(['messages']),
      messageBucket: 'messages',
      objects: this.bodies,
      contents: this.bodies,
    };
    this.#maxReceives = maxReceives;
    this.bodies.keepsVersions = deletesBodies;
    this.#interfere = interfere;
    this.#nextSweep = this.clock.wall + sweepInterval;
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Submits a body and a request for it; resolves to the message in incoming. */
  submit(request: Readonly<Record<string, unknown>>, body = 'Subject: x\r\n\r\nhello\r\n'): QueueMessage {
    const id = String(request['id'] ?? 'request');
    this.bodies.put(`in/${id}.eml`, body);
    const complete = {
      version: 1,
      id,
      sender: 'alice@example.org',
      message: { bucket: 'messages', key: `in/${id}.eml` },
      ...request,
    };
    return this.send('incoming', JSON.stringify(complete));
  }

  /** Puts a message into a queue. */
  send(queue: QueueMessage['queue'], body: string, delay = 0): QueueMessage {
    const sent = this.clock.wall;
    const message = { queue, messageId: crypto.randomUUID(), body, sent, visible: sent + delay, received: 0 };
    this.sent.push(message);
    this.messages.push(message);
    return message;
  }

  /** Runs until no work is left. Time passes while everything waits. */
  async runToEnd(): Promise<void> {
    for (let turn = 0; turn < 2000; turn += 1) {
      const message = this.messages.find(({ visible }) => visible <= this.clock.wall);
      if (message !== undefined) {
        await this.receive(message);
        continue;
      }
      if (this.messages.length === 0 && (await this.#isAtRest())) return;
      const next = Math.min(this.#nextSweep, ...this.messages.map(({ visible }) => visible));
      this.clock.advance(next - this.clock.wall);
      if (this.clock.wall >= this.#nextSweep) await this.sweep();
    }
    throw new Error(`no end in sight: ${JSON.stringify({ items: this.ledger.items, messages: this.messages })}`);
  }

  /** Gives a message to its function. It is deleted if that succeeds, and returns otherwise. */
  async receive(message: QueueMessage): Promise<void> {
    if (message.queue === 'active' && message.received >= this.#maxReceives) {
      this.#addDeadLetter(message);
      return;
    }
    message.received += 1;
    message.visible = this.clock.wall + visibilityTimeout;
    const role = message.queue === 'active' ? 'lmtp' : 'qmgr';
    await this.#invoke(role, async (process) => {
      await this.handle(message, process);
      await process.step('sqs.delete', async () => this.remove(message));
      if (role === 'lmtp') await flushAndRefill(process.services);
      else await process.services.scheduler.flushPlaces(process.services);
      await process.services.disposal?.deleteSpent(process.services);
    });
  }

  /** Runs a function with a message. */
  async handle({ queue, messageId, body, sent, received }: QueueMessage, process: QueueProcess): Promise<void> {
    if (queue === 'incoming') {
      const incoming: Incoming = { messageId, body, sent, received };
      await admit(incoming, this.admission, process.services);
    } else if (queue === 'deferred') {
      await activate(parseWakeUp(body), process.services);
    } else if (queue === 'dead letters') {
      await handleDeadLetter({ messageId, body, received }, process.services);
    } else {
      await work({ ...parseWakeUp(body), received }, process.services, process.deliver, this.deadline());
    }
  }

  /** A message that was received too often goes to the dead letters, unchanged. */
  #addDeadLetter(message: QueueMessage): void {
    const dead = { ...message, queue: 'dead letters' as const };
    this.messages = this.messages.map((other) => (other === message ? dead : other));
  }

  remove(message: QueueMessage): void {
    this.messages = this.messages.filter((other) => other !== message);
  }

  /** Sweeps once. */
  async sweep(): Promise<void> {
    this.#nextSweep = this.clock.wall + sweepInterval;
    await this.#invoke('sweep', (process) => this.sweepBy(process));
  }

  /** Runs the sweep function. */
  async sweepBy({ services }: QueueProcess): Promise<void> {
    await sweep(sweepInterval, services, () => true);
  }

  /** The deadline of an invocation that begins now. */
  deadline(): Deadline {
    const end = this.clock.wall + invocationTime;
    return invocationDeadline(() => end - this.clock.wall, reserveOf(invocationTime));
  }

  /** A process without interference. */
  undisturbed(): QueueProcess {
    const process = new QueueProcess(this.#shared(), (_, act) => act());
    this.#retired.push(process);
    return process;
  }

  /** The recipients of all deliveries, by address. */
  recipients(): ReadonlyMap<string, QueuedRecipient> {
    const all = this.ledger.items.flatMap(({ recipients }) => recipients);
    return new Map(all.map((recipient) => [recipient.address, recipient]));
  }

  /** The only delivery. */
  onlyItem(): DeliveryItem {
    const [item, ...others] = this.ledger.items;
    if (item === undefined || others.length > 0) throw new Error(`${others.length + 1} deliveries`);
    return item;
  }

  /** Deploys the stack with other parameters: every function starts anew. */
  redeploy(parameters: Readonly<Record<string, string>>): void {
    this.parameters = parseParameters({ ...localParameters, ...parameters });
    this.#retired.push(...this.#processes.values());
    this.#processes.clear();
  }

  /** Waits for all invocations, including abandoned ones. */
  async settled(): Promise<void> {
    await Promise.all(this.#invocations);
  }

  /** Ends the sessions of all processes. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes.values(), ...this.#retired].map((process) => process.close()));
  }

  async #isAtRest(): Promise<boolean> {
    const due = await Array.fromAsync(this.ledger.findDue(Number.POSITIVE_INFINITY));
    return due.length === 0;
  }

  /** Runs a function in its warm process, or in a new one if that has died. An exception is a failed invocation. */
  async #invoke(role: string, run: (process: QueueProcess) => Promise<void>): Promise<void> {
    const process = this.#warmProcess(role);
    const invocation = run(process).catch((error: unknown) => {
      this.notes.push(`${role} failed: ${String(error)}`);
    });
    this.#invocations.push(invocation);
    await Promise.race([invocation, process.abandoned]);
  }

  #warmProcess(role: string): QueueProcess {
    const warm = this.#processes.get(role);
    if (warm?.isUsable === true) return warm;
    if (warm !== undefined) this.#retired.push(warm);
    const fresh = new QueueProcess(this.#shared(), this.#interfere);
    this.#processes.set(role, fresh);
    return fresh;
  }

  #shared(): SharedWorld {
    const { ledger, bodies, parameters, clock, metrics, random } = this;
    return {
      random,
      sleep: async (milliseconds) => clock.advance(milliseconds),
      metrics,
      ledger,
      bodies,
      parameters,
      clock,
      ...(bodies.keepsVersions ? { spentBodies: { bucket: 'messages', bodies: this.#spentBodies } } : {}),
      wakeUps: this.#wakeUps(),
      events: {
        publish: async (event) => {
          this.events.push(event);
        },
      },
      corrupt: {
        file: async (notice) => {
          this.notices.push(notice);
        },
      },
      log: {
        delivery: (line) => this.lines.push(line),
        note: (level, message, { doubted = [] }) => {
          this.notes.push(`${level}: ${message}`);
          this.doubted.push(...(doubted as readonly string[]));
        },
      },
      nextCall: () => this.#calls++,
    };
  }

  /** A deleted body must not be needed. */
  readonly #spentBodies: SpentBodies = {
    discard: async (message) => {
      const needing = this.ledger.items.filter(
        ({ state, pending, message: { key } }) =>
          key === message.key && (state !== 'done' || Object.keys(pending).length > 0),
      );
      if (needing.length > 0) this.deletedTooSoon.push(message.key);
      return await this.bodies.discard(message);
    },
  };

  #wakeUps(): WakeUps {
    return {
      activate: async (item) => {
        this.send('active', formatWakeUp(item));
      },
      wake: async (wakeUp: Omit<WakeUp, 'version'>, delay) => {
        if (delay > 900_000) throw new RangeError(`SQS cannot wait ${delay} ms`);
        this.send('deferred', formatWakeUp(wakeUp), Math.ceil(delay / 1000) * 1000);
      },
    };
  }
}
