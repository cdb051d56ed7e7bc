/**
 * The whole queue in virtual time: the real steps (admission, activation, work, sweep, settlement,
 * publication) in simulated containers, over queues like those of SQS, a table in memory that keeps the
 * ledger contract, and servers that consist of times and replies. A run is determined by its seed.
 *
 *     const stack = new SimulatedStack({ seed: 1, servers: { 'mail.test': { condition: () => 'dead' } } });
 *     stack.submit({ id: 'm1', recipients: ['bob@mail.test'] });
 *     await stack.run({ days: 5 });
 *
 * The handlers of the functions are repeated here, since the real ones find their clients in the environment:
 * `#invokeQmgr` and `#invokeLmtp` handle a batch.
 */
import { createHash } from 'node:crypto';
import { type Parameters, parseParameters } from '../../functions/parameters/parameters.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { type Admission, admit } from '../../functions/queue/admission/admit.ts';
import { flushAndRefill } from '../../functions/queue/destinations/refill.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { formatWakeUp, parseWakeUp, type WakeUp } from '../../functions/queue/items/messages.ts';
import { activeReceives, longestDelay, reserveOf, sweepInterval } from '../../functions/queue/items/policy.ts';
import type { CorruptNotice, SpentBodies, WakeUps } from '../../functions/queue/items/ports.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { handBack } from '../../functions/queue/work/hand-back.ts';
import { schedule } from '../../functions/queue/work/schedule.ts';
import { type Deliver, type Lane, work } from '../../functions/queue/work/worker.ts';
import { TableTrouble } from '../../functions/queue/writes/table-trouble.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type Deadline, invocationDeadline } from '../../functions/session/limit.ts';
import { retrySeconds } from '../../functions/time/retry-time.ts';
import { MemoryBodies } from '../support/memory-bodies.ts';
import { Dead, type Interference, type PortCall, QueueProcess, type SharedWorld } from '../support/queue-process.ts';
import { CalmProcess, type Container } from './container.ts';
import { Containers, EventSource } from './event-source.ts';
import { Figures } from './figures.ts';
import { IndexedLedger } from './indexed-ledger.ts';
import { Random } from './random.ts';
import {
  FifoQueue,
  type QueueFaults,
  type SimulatedMessage,
  type SimulatedQueue,
  StandardQueue,
} from './simulated-queue.ts';
import { type ServerOptions, SimulatedServer } from './simulated-server.ts';
import { VirtualTime } from './virtual-time.ts';

/** Faults, and how often they happen, from 0 to 1 for each call or message. */
export interface Faults {
  /** Of both queues of wake-ups, and of incoming, which loses nothing. */
  readonly queues?: QueueFaults;
  /** A container dies before a call is carried out, or after. */
  readonly deaths?: number;
  /** A call fails. */
  readonly failures?: number;
  /** A call is carried out, and its response is lost. */
  readonly lostAnswers?: number;
  /**
   * How often, from 0 to 1, the table is throttled: it refuses a call of that name (`ledger.finish`,
   * `destinations.write`) at that moment, milliseconds since 1970.
   */
  readonly throttled?: (name: string, at: number) => number;
  /** Whether the functions classify that error as temporary. Default: they do; else they give up at once. */
  readonly isThrottlingKnown?: boolean;
}

/** Calls to the table. */
function isTableCall(name: string): boolean {
  return name.startsWith('ledger.') || name.startsWith('destinations.') || name.startsWith('queries.');
}

export interface SimulationOptions {
  readonly seed: number;
  /** By host name; mail for a domain goes to the server of that name. */
  readonly servers: Readonly<Record<string, Omit<ServerOptions, 'host' | 'time' | 'random' | 'parameters'>>>;
  /** Postfix parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Maximum concurrency. Default: as in the construct, 10 and 20. */
  readonly containers?: { readonly qmgr?: number; readonly lmtp?: number };
  /** Milliseconds of a call to AWS, from and to. Default: 0, the calls of a batch then cost only its latency. */
  readonly callTime?: readonly [number, number];
  /** Milliseconds until a message of a queue is received, from and to. */
  readonly latency?: readonly [number, number];
  readonly faults?: Faults;
  /**
   * How often a message of active is received before it goes to the dead letters. Default: as in the
   * construct, 8.
   */
  readonly maxReceives?: number;
  /**
   * Whether each message has its own body, which is deleted when it is no longer needed. Default: all have
   * the same, which stays.
   */
  readonly deletesBodies?: boolean;
  /** Whether a delivery crashes its function, with everything else in its batch. Default: none does. */
  readonly isPoison?: (wakeUp: WakeUp, at: number) => boolean;
  /** Milliseconds that the lmtp function may run. Default: that of the construct. */
  readonly functionTimeout?: number;
}

/** A message to be submitted; its arrival is the time of its submission. */
export interface Submitted {
  readonly id: string;
  readonly recipients: readonly string[];
  /** Default: alice@example.org. */
  readonly sender?: string;
}

/**
 * Time-out of the lmtp function, and visibility time-out of a queue of qmgr, in milliseconds, as the
 * construct sets them.
 */
const usualLmtpTimeout = 300_000;
const qmgrVisibility = 6 * 60_000;

const usualLatency: readonly [number, number] = [20, 200];

/** How often, from 0 to 1, a container is removed after an invocation. */
const turnover = 0.002;

/** The content of a message. */
const content = 'Subject: x\r\n\r\nhello\r\n';

/** A stack. */
export class SimulatedStack {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly parameters: Parameters;
  readonly figures: Figures;
  readonly ledger: IndexedLedger;
  readonly servers: ReadonlyMap<string, SimulatedServer>;
  readonly incoming: StandardQueue;
  readonly deferred: StandardQueue;
  readonly active: FifoQueue;
  readonly deadLetters: FifoQueue;
  readonly notices: CorruptNotice[] = [];
  /** Exceptions that no fault explains: bugs. */
  readonly bugs: unknown[] = [];
  readonly submitted: Submitted[] = [];
  /** Keys of deleted bodies, and of those that were still needed then. */
  readonly deletedBodies: string[] = [];
  readonly deletedTooSoon: string[] = [];
  readonly #options: SimulationOptions;
  readonly #bodies = new MemoryBodies();
  readonly #admission: Admission;
  readonly #byDestination: ReadonlyMap<string, SimulatedServer>;
  readonly #containers: Readonly<Record<'qmgr' | 'lmtp' | 'sweep', Containers>>;
  readonly #trace = createHash('sha256');
  /** Once it is over, there are no further faults. */
  #isFair = false;
  #calls = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { seed, faults = {}, containers = {}, latency = usualLatency } = options;
    const { time } = this;
    const random = new Random(seed);
    this.random = random;
    this.parameters = parseParameters(options.parameters ?? {});
    this.figures = new Figures(time, (line) => this.#trace.update(line));
    this.ledger = new IndexedLedger((before, after) => this.figures.noteMove(before, after, this.ledger));
    this.servers = this.#makeServers();
    this.#byDestination = new Map([...this.servers.values()].map((server) => [server.destination, server]));
    const { queues = {} } = faults;
    const fair = { time, random };
    const mischief = { ...queues };
    const neverLost = { ...queues, loses: 0 };
    this.incoming = new StandardQueue({ ...fair, visibilityTimeout: qmgrVisibility, mischief: neverLost });
    this.deferred = new StandardQueue({ ...fair, visibilityTimeout: qmgrVisibility, mischief });
    this.deadLetters = new FifoQueue({ ...fair, visibilityTimeout: qmgrVisibility });
    const redrive = { maxReceives: options.maxReceives ?? activeReceives, deadLetters: this.deadLetters };
    this.active = new FifoQueue({ ...fair, visibilityTimeout: this.#lmtpTimeout + 30_000, mischief, redrive });
    this.#bodies.keepsVersions = options.deletesBodies === true;
    this.#bodies.put('in/body.eml', content);
    this.#admission = {
      transportMap: parseTransportMap(
        [...this.servers.values()].map(({ host, destination }) => `${host} lmtp:${destination}`).join('\n'),
        'lmtp',
        this.parameters.lmtp_tcp_port,
      ),
      allowedDestinations: new Set(),
      allowedBuckets: new Set(['messages']),
      messageBucket: 'messages',
      objects: this.#bodies,
      contents: this.#bodies,
    };
    const start = () => this.#startContainer();
    this.#containers = {
      qmgr: new Containers(start, random, turnover),
      lmtp: new Containers(start, random, turnover),
      sweep: new Containers(start, random, turnover),
    };
    const source = { time, random, latency, onFailure: (error: unknown) => this.#noteFailure(error) };
    const qmgr = { ...source, containers: this.#containers.qmgr, maximumConcurrency: containers.qmgr ?? 10 };
    const lmtp = { ...source, containers: this.#containers.lmtp, maximumConcurrency: containers.lmtp ?? 20 };
    const { incoming, deferred, active, deadLetters } = this;
    new EventSource({
      ...qmgr,
      queue: incoming,
      invoke: (batch, container) =>
        this.#invokeQmgr(batch, container, incoming, async ({ messageId, body, sent, received = 1 }) => {
          await admit({ messageId, body, sent, received }, this.#admission, container.services);
        }),
    });
    new EventSource({
      ...qmgr,
      queue: deferred,
      invoke: (batch, container) =>
        this.#invokeQmgr(batch, container, deferred, ({ body }) => activate(parseWakeUp(body), container.services)),
    });
    new EventSource({
      ...qmgr,
      queue: deadLetters,
      invoke: (batch, container) =>
        this.#invokeQmgr(batch, container, deadLetters, ({ messageId, body, received = 0 }) =>
          handleDeadLetter({ messageId, body, received }, container.services),
        ),
    });
    new EventSource({ ...lmtp, queue: active, invoke: (batch, container) => this.#invokeLmtp(batch, container) });
    this.#scheduleSweep();
  }

  /** The server of that host name. */
  server(host: string): SimulatedServer {
    const server = this.servers.get(host);
    if (server === undefined) throw new RangeError(`there is no server ${host}`);
    return server;
  }

  /** The calls that were made to AWS. */
  get calls(): number {
    return this.#calls;
  }

  /** A hash of everything that happened, with its time: equal runs have equal hashes. */
  get traceHash(): string {
    return this.#trace.copy().digest('hex');
  }

  /** Submits a message after so many milliseconds. */
  submit(message: Submitted, after = 0): void {
    this.submitted.push(message);
    const { id, recipients, sender = 'alice@example.org' } = message;
    const key = this.#bodies.keepsVersions ? `in/${id}.eml` : 'in/body.eml';
    if (this.#bodies.keepsVersions) this.#bodies.put(key, content);
    const body = JSON.stringify({ version: 1, id, sender, recipients, message: { bucket: 'messages', key } });
    this.time.at(this.time.wall + after, () => this.incoming.send(body));
  }

  /** Runs an action after so many milliseconds, in a separate process without faults. */
  later(after: number, act: (services: QueueServices) => Promise<void>): void {
    this.time.at(this.time.wall + after, () => {
      act(new CalmProcess(this.#shared()).services).catch((error: unknown) => this.bugs.push(error));
    });
  }

  /** From now on there are no faults. */
  endFaults(): void {
    this.#isFair = true;
  }

  /**
   * Advances the time by so many milliseconds, or stops when every submitted message has ended.
   *
   * @throws any exception of a step that no fault explains
   */
  async run(milliseconds: number): Promise<void> {
    await this.time.run(this.time.wall + milliseconds, () => this.bugs.length > 0 || this.isAtRest);
    if (this.bugs.length > 0) throw this.bugs[0];
  }

  /** Whether no work remains. */
  get isAtRest(): boolean {
    const { live, admitted } = this.figures;
    return live === 0 && admitted >= this.submitted.length && this.incoming.size === 0;
  }

  get #lmtpTimeout(): number {
    return this.#options.functionTimeout ?? usualLmtpTimeout;
  }

  #startContainer(): Container {
    const { callTime, faults } = this.#options;
    const isCalm = callTime === undefined && faults === undefined;
    return isCalm ? new CalmProcess(this.#shared()) : new QueueProcess(this.#shared(), this.#interfere);
  }

  #makeServers(): ReadonlyMap<string, SimulatedServer> {
    const { time, random, parameters } = this;
    return new Map(
      Object.entries(this.#options.servers).map(([host, options]) => {
        const server = new SimulatedServer({ ...options, host, time, random, parameters });
        server.onConnection = (atOnce) => this.#trace.update(`${time.wall} ${host} ${atOnce}\n`);
        return [host, server];
      }),
    );
  }

  /** As qmgr.ts: a message that fails stays in its queue. */
  async #invokeQmgr(
    batch: readonly SimulatedMessage[],
    { services }: Container,
    queue: SimulatedQueue,
    handle: (message: SimulatedMessage) => Promise<void>,
  ): Promise<void> {
    const handled = await Promise.all(
      batch.map(async (message) => {
        try {
          await handle(message);
          return [message];
        } catch (error) {
          this.#noteFailure(error);
          return [];
        }
      }),
    );
    await services.scheduler.flushPlaces(services);
    await services.disposal?.deleteSpent(services);
    for (const message of handled.flat()) queue.delete(message);
  }

  /** As lmtp.ts: destinations concurrently, the deliveries to one of them one after another. */
  async #invokeLmtp(batch: readonly SimulatedMessage[], container: Container): Promise<void> {
    const end = this.time.wall + this.#lmtpTimeout;
    const deadline = invocationDeadline(() => end - this.time.wall, reserveOf(this.#lmtpTimeout));
    const destinationOf = ({ group = '' }: SimulatedMessage) => group.split('#')[0] ?? '';
    const shared = new Map(batch.map((message): [string, Lane] => [destinationOf(message), {}]));
    const { isPoison = () => false } = this.#options;
    const workOff = async (messages: readonly SimulatedMessage[]) => {
      for (const message of messages) {
        if (isPoison(parseWakeUp(message.body), this.time.wall)) throw new Dead('the function');
        await this.#workOne(message, container, deadline, shared.get(destinationOf(message)) ?? {});
      }
    };
    const givenOf = (message: SimulatedMessage) => ({
      destination: destinationOf(message),
      received: message.received ?? 1,
    });
    const { lanes, last } = schedule(batch, givenOf, this.random.next);
    await Promise.all(lanes.map(workOff));
    await workOff(last);
    await flushAndRefill(container.services, (milliseconds) => this.time.sleep(milliseconds));
    await container.services.disposal?.deleteSpent(container.services);
  }

  async #workOne(message: SimulatedMessage, container: Container, deadline: Deadline, lane: Lane): Promise<void> {
    try {
      const wakeUp = { ...parseWakeUp(message.body), received: message.received ?? 1 };
      await work(wakeUp, container.services, this.#deliver(container), deadline, lane);
      await container.step('sqs.delete', async () => this.active.delete(message));
    } catch (error) {
      this.#noteFailure(error);
      if (container.isUsable) await this.#makeVisible(message, error, container);
    }
  }

  async #makeVisible(message: SimulatedMessage, error: unknown, { services }: Container): Promise<void> {
    const { body, received = 1 } = message;
    if (await handBack(error, { body, received }, services)) this.active.delete(message);
    else this.active.makeVisible(message, retrySeconds(received) * 1000);
  }

  /** The delivery agent of a container. */
  #deliver(container: Container): Deliver {
    return async (delivery, given) => {
      const server = this.#byDestination.get(delivery.destination);
      if (server === undefined) throw new Error(`there is no server for ${delivery.destination}`);
      if (!container.isUsable) throw new Dead('deliver');
      return await server.meet(delivery, given);
    };
  }

  #scheduleSweep(): void {
    this.time.at(this.time.wall + sweepInterval, () => {
      const container = this.#containers.sweep.take();
      sweep(sweepInterval, container.services, () => true)
        .catch((error: unknown) => this.#noteFailure(error))
        .finally(() => this.#containers.sweep.giveBack(container));
      this.#scheduleSweep();
    });
  }

  /** Injected faults are expected; any other exception is a bug. */
  #noteFailure(error: unknown): void {
    if (error instanceof Dead || error instanceof InjectedFault || error instanceof TableTrouble) return;
    if (error instanceof AggregateError) {
      for (const one of error.errors) this.#noteFailure(one);
      return;
    }
    this.bugs.push(error);
  }

  readonly #interfere: Interference = async ({ name, process }: PortCall, act) => {
    const { random, time } = this;
    const { callTime, faults = {} } = this.#options;
    if (callTime !== undefined) await time.sleep(random.whole(...callTime));
    if (this.#isFair) return await act();
    const { deaths = 0, failures = 0, lostAnswers = 0, throttled, isThrottlingKnown = true } = faults;
    const isOfTable = isTableCall(name);
    if (isOfTable && throttled !== undefined && random.chance(throttled(name, time.wall))) {
      const words = `${name}: throttled`;
      throw isThrottlingKnown ? new TableTrouble('throttled', words) : new InjectedFault(words);
    }
    /** As the adapter of the table recognises a lost connection. */
    const lost = (words: string) => (isOfTable ? new TableTrouble('lost', words) : new InjectedFault(words));
    const dies = random.chance(deaths);
    if (dies && random.chance(0.5)) {
      process.die();
      throw new Dead(name);
    }
    if (random.chance(failures)) throw lost(`${name}: connection refused`);
    const answer = await act();
    if (dies) {
      process.die();
      throw new Dead(name);
    }
    if (random.chance(lostAnswers)) throw lost(`${name}: connection reset`);
    return answer;
  };

  #shared(): SharedWorld {
    const { ledger, parameters, time, figures, random } = this;
    return {
      sleep: (milliseconds) => time.sleep(milliseconds),
      ledger,
      bodies: this.#bodies,
      ...(this.#bodies.keepsVersions ? { spentBodies: { bucket: 'messages', bodies: this.#spentBodies } } : {}),
      parameters,
      clock: time,
      random: random.next,
      wakeUps: this.#wakeUps,
      events: { publish: async (event) => figures.noteEvent(event) },
      corrupt: {
        file: async (notice) => {
          this.notices.push(notice);
        },
      },
      log: {
        delivery: (line) => figures.noteLine(line),
        note: (level, message, facts) => {
          figures.noteNote(level, message, facts);
          if (facts['error'] !== undefined) this.#noteFailure(facts['error']);
        },
      },
      nextCall: () => this.#calls++,
    };
  }

  /** A deleted body must not be needed. */
  readonly #spentBodies: SpentBodies = {
    discard: async (message) => {
      const id = message.key.slice('in/'.length, -'.eml'.length);
      const deliveries = await this.ledger.readAll(id);
      const isNeeded = deliveries.some(({ state, pending }) => state !== 'done' || Object.keys(pending).length > 0);
      if (isNeeded) this.deletedTooSoon.push(message.key);
      const isDeleted = await this.#bodies.discard(message);
      if (isDeleted) this.deletedBodies.push(message.key);
      return isDeleted;
    },
  };

  /** As sqs-wake-ups.ts. */
  readonly #wakeUps: WakeUps = {
    activate: async (item: DeliveryItem, copy = '') => {
      const { id, delivery, generation, group } = item;
      this.active.send(formatWakeUp(item), group, `${id}/${delivery}/${generation}/${copy}`);
    },
    wake: async (wakeUp, delay) => {
      if (delay > longestDelay) throw new RangeError(`SQS cannot wait ${delay} ms`);
      this.deferred.send(formatWakeUp(wakeUp), Math.ceil(Math.max(0, delay) / 1000) * 1000);
    },
  };
}

/** An injected fault. */
class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}
