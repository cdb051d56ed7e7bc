/**
 * An LMTP server that consists only of times and replies, and the delivery agent that meets it: what the real
 * engine would conclude of each dialogue (verdicts, and blame), without the dialogue.
 *
 * The servers know what they accepted: they, not the queue, say whether mail was lost or doubled.
 */
import type { Attempt, DeliveryOutcome } from '../../functions/delivery/deliver.ts';
import { stageTimeouts } from '../../functions/delivery/stage-timeouts.ts';
import type { Trouble } from '../../functions/delivery/trouble.ts';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import type { Delivery } from '../../functions/request/delivery.ts';
import { type TimedStage, TimeLimits } from '../../functions/session/limit.ts';
import type { EnhancedStatus } from '../../functions/smtp/enhanced-status.ts';
import { Connections } from './connections.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * The condition of a server at a moment: it accepts mail; it does not answer (every connection takes
 * lmtp_connect_timeout to fail); it accepts the connection and never greets; its port is closed; it greets
 * with 421.
 */
export type Condition = 'up' | 'dead' | 'hanging' | 'refusing' | 'busy';

/**
 * A server's reply for one recipient: at RCPT, or after the content. At RCPT it may also be silent until the
 * agent times out, and then all recipients of the transaction wait in vain.
 */
export interface MailboxReply {
  readonly at: 'RCPT' | 'content' | 'never';
  readonly status: EnhancedStatus;
  readonly text: string;
}

export interface ServerOptions {
  /** Host name; its destination is `inet:HOST:24`. */
  readonly host: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly parameters: Parameters;
  /** Default: always up. */
  readonly condition?: (at: number) => Condition;
  /** Milliseconds of a transaction, from and to. Default: 100 to 300. */
  readonly takes?: readonly [number, number];
  /** Its reply for a recipient; undefined: it accepts the message. */
  readonly mailbox?: (address: string, at: number) => MailboxReply | undefined;
  /** How often, from 0 to 1, the connection is lost between the content and the reply. */
  readonly losesAnswers?: number;
}

/** A recipient that accepted a message. */
interface Taken {
  readonly at: number;
  readonly count: number;
}

const usualTimes: readonly [number, number] = [100, 300];

/** A server. */
export class SimulatedServer {
  readonly host: string;
  readonly destination: string;
  /** Connections that were tried. */
  readonly connections = new Connections();
  /** Connections without an answer. */
  connectTimeouts = 0;
  /** Complete messages, by recipient's address. */
  readonly taken = new Map<string, Taken>();
  /** Called with each connection that is tried, with how many there are then. */
  onConnection: (atOnce: number) => void = () => {};
  /** Called when a transaction has had its final replies, and the agent knows them. */
  onReplied: () => void = () => {};
  readonly #options: ServerOptions;
  readonly #condition: (at: number) => Condition;
  #atOnce = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#condition = options.condition ?? (() => 'up');
    this.host = options.host;
    this.destination = `inet:${options.host}:24`;
  }

  /** Connections at this moment, tried ones included. */
  get atOnce(): number {
    return this.#atOnce;
  }

  /** Makes one attempt. */
  async meet(delivery: Delivery, given: Attempt): Promise<DeliveryOutcome> {
    const { time } = this.#options;
    this.#atOnce += 1;
    this.connections.note(time.wall, this.#atOnce);
    this.onConnection(this.#atOnce);
    try {
      return await this.#serve(delivery, given);
    } finally {
      this.#atOnce -= 1;
    }
  }

  async #serve(delivery: Delivery, given: Attempt): Promise<DeliveryOutcome> {
    const { time } = this.#options;
    switch (this.#condition(time.wall)) {
      case 'up':
        return await this.#transact(delivery, given);
      case 'dead':
        return await this.#timeOut(delivery, given);
      case 'hanging':
        return await this.#fallSilent('greeting', 'receiving the initial server greeting', delivery, given);
      case 'refusing':
        return deferredByAll(delivery, site(`connect to ${this.#name}: Connection refused`));
      case 'busy': {
        await time.sleep(20);
        const text = `host ${this.#name} refused to talk to me: 421 4.3.2 shutting down`;
        return deferredByAll(delivery, site(text, '4.3.2'), this.#relay);
      }
    }
  }

  async #timeOut(delivery: Delivery, { deadline }: Attempt): Promise<DeliveryOutcome> {
    const { time, parameters } = this.#options;
    const { milliseconds, isDeadline } = new TimeLimits(stageTimeouts(parameters), deadline).limit('connect');
    await time.sleep(Math.max(0, milliseconds));
    if (isDeadline) return deferredByAll(delivery, outOfTime);
    this.connectTimeouts += 1;
    return deferredByAll(delivery, site(`connect to ${this.#name}: Connection timed out`));
  }

  /** The server is silent at a stage: it is blamed if the silence lasted long enough. */
  async #fallSilent(stage: TimedStage, doing: string, delivery: Delivery, given: Attempt): Promise<DeliveryOutcome> {
    const { time, parameters } = this.#options;
    const { milliseconds, isDeadline } = new TimeLimits(stageTimeouts(parameters), given.deadline).limit(stage);
    await time.sleep(Math.max(0, milliseconds));
    if (isDeadline) return deferredByAll(delivery, outOfTime, this.#relay);
    const text = `conversation with ${this.#name} timed out while ${doing}`;
    return deferredByAll(delivery, site(text, '4.4.2'), this.#relay);
  }

  async #transact(delivery: Delivery, given: Attempt): Promise<DeliveryOutcome> {
    const { gate, deadline, onProgress } = given;
    const { time, random, takes = usualTimes, mailbox, losesAnswers = 0 } = this.#options;
    const [least, most] = takes;
    const quarter = Math.round(random.whole(least, most) / 4);
    await time.sleep(quarter);
    gate.prepare();
    const replies = delivery.recipients.map(({ address }) => mailbox?.(address, time.wall));
    if (replies.some((reply) => reply?.at === 'never')) {
      return await this.#fallSilent('RCPT', 'sending RCPT TO', delivery, given);
    }
    const isWanted = replies.some((reply) => reply?.at !== 'RCPT');
    if (isWanted) {
      await gate.admit();
      await time.sleep(Math.max(0, Math.min(2 * quarter, deadline.left())));
      // After its lease or its deadline, a worker drops the connection without the dot.
      if (!gate.mayGoOn() || deadline.left() <= 0) return deferredByAll(delivery, outOfTime, this.#relay);
      if (this.#condition(time.wall) !== 'up') {
        const text = `lost connection with ${this.#name} while sending message body`;
        return deferredByAll(delivery, site(text, '4.4.2'), this.#relay);
      }
    }
    for (const [index, { address }] of delivery.recipients.entries()) {
      if (isWanted && replies[index] === undefined) this.#take(address);
    }
    if (isWanted && random.chance(losesAnswers)) {
      const text = `lost connection with ${this.#name} while sending end of data -- message may be sent more than once`;
      return this.#settled(replies, { ...site(text, '4.4.2'), inDoubt: true });
    }
    await time.sleep(quarter);
    const outcome = this.#settled(replies);
    if (isWanted) this.onReplied();
    // A recipient is known to be sent when the next final reply is a 2xx too.
    const { verdicts } = outcome;
    const sent = verdicts.findIndex(({ status }) => status !== 'sent');
    const known = (sent < 0 ? verdicts.length : sent) - 1;
    for (const [index, verdict] of verdicts.slice(0, Math.max(0, known)).entries()) onProgress?.(index, verdict);
    return outcome;
  }

  #take(address: string): void {
    const { at, count } = this.taken.get(address) ?? { at: this.#options.time.wall, count: 0 };
    this.taken.set(address, { at, count: count + 1 });
  }

  /** The result for each recipient: its own reply, a success, or the reason why it is unknown. */
  #settled(replies: readonly (MailboxReply | undefined)[], lost?: Trouble): DeliveryOutcome {
    const verdicts = replies.map((reply): Verdict => {
      const had = { relay: this.#relay, remoteMta: this.host, ...times };
      if (reply !== undefined && (reply.at === 'RCPT' || lost === undefined)) {
        const { status: dsn, text } = reply;
        return {
          status: dsn.startsWith('5') ? 'bounced' : 'deferred',
          dsn,
          text: `host ${this.#name} said: ${text}`,
          ...had,
        };
      }
      if (lost === undefined) return { status: 'sent', dsn: '2.0.0', text: '250 2.0.0 saved', ...had };
      return { status: 'deferred', dsn: lost.status, text: lost.text, inDoubt: true, ...had };
    });
    return lost === undefined ? { verdicts } : { verdicts, blame: lost };
  }

  get #name(): string {
    return `${this.host}[192.0.2.1]:24`;
  }

  get #relay(): string {
    return this.#name;
  }
}

const times = { setUp: 0, transfer: 0 };

/** What the destination is blamed for. */
function site(text: string, status: EnhancedStatus = '4.4.1'): Trouble {
  return { scope: 'site', status, text };
}

/** Our own deadline has passed: no destination is blamed. */
const outOfTime: Trouble = { scope: 'self', status: '4.3.0', text: 'no time was left for the delivery' };

function deferredByAll({ recipients }: Delivery, trouble: Trouble, relay?: string): DeliveryOutcome {
  const { status: dsn, text, scope } = trouble;
  const had = relay === undefined ? {} : { relay };
  const verdicts = recipients.map((): Verdict => ({ status: 'deferred', dsn, text, ...had, ...times }));
  return scope === 'self' ? { verdicts } : { verdicts, blame: trouble };
}
