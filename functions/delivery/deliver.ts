/**
 * One delivery attempt: destinations in order, their hosts in order, leftovers to the next, until none of either is left.
 *
 * Every recipient ends with exactly one verdict. Nothing here waits without a limit, and nothing is thrown but bugs and
 * what the gate throws (a claim that is somebody else's, a table that cannot be written).
 */

import { isDoubleBounce } from '../parameters/own-address.ts';
import type { Parameters } from '../parameters.ts';
import type { Moment } from '../session/clock.ts';
import type { Deadline } from '../session/limit.ts';
import { relayName } from '../session/session.ts';
import { quoteAddress, splitAddress } from '../smtp/path.ts';
import { type Agent, timeLimits } from './agent.ts';
import { attempt } from './attempt.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { Delivery, DeliveryRecipient } from './delivery.ts';
import { type NextHop, parseDestination, portsOf } from './destination.ts';
import { endDelivery } from './ending.ts';
import { findHosts } from './hosts.ts';
import { IncidentLog } from './incidents.ts';
import type { Gate, Message } from './message.ts';
import { isLooping } from './preparation.ts';
import { parseEnding } from './route.ts';
import { filterStatus } from './status-filter.ts';
import { judge, type Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** What surrounds one attempt. */
export interface Attempt {
  readonly message: Message;
  readonly gate: Gate;
  readonly deadline: Deadline;
  /** Milliseconds since the message arrived. Default: 0. */
  readonly age?: number;
  /** The destination has shown that it cannot count: one recipient in each transaction. */
  readonly oneByOne?: boolean;
  /** Told each verdict as soon as it stands; `index` counts the delivery's recipients. */
  readonly onVerdict?: (index: number, verdict: Verdict) => void;
}

/** How an attempt ended. */
export interface DeliveryOutcome {
  /** One for each recipient, in their order. */
  readonly verdicts: readonly Verdict[];
  /** What the destination is to be blamed for; absent where any session ran its course (Postfix: no throttling then). */
  readonly blame?: Trouble;
  /** A server gave fewer final replies than recipients: it should get one recipient at a time for a while. */
  readonly shortReplies?: ShortReplies;
}

/** How many replies came, and how many were due. */
export interface ShortReplies {
  readonly replies: number;
  readonly recipients: number;
}

/** Makes one attempt to deliver to every recipient. */
export async function deliver(delivery: Delivery, agent: Agent, given: Attempt): Promise<DeliveryOutcome> {
  const ending = parseEnding(delivery.destination);
  if (ending !== undefined) return endDelivery(delivery, ending, agent.parameters);
  const run = new DeliveryRun(delivery, agent, given);
  run.count('Attempts');
  run.refuseLoops();
  const hops = nextHops(delivery.destination, agent.parameters);
  for (const [index, { hop, isFallback }] of hops.entries()) {
    if (run.leftover.length === 0) break;
    await walkHosts(run, hop, { isLastHop: index === hops.length - 1, isFallback });
  }
  run.settleLeftover();
  return run.outcome();
}

/** The destination's own next-hops, and lmtp_fallback_relay behind them; a unix: destination is always the only one. */
function nextHops(
  destination: string,
  parameters: Parameters,
): readonly { readonly hop: NextHop; readonly isFallback: boolean }[] {
  const ports = portsOf(parameters);
  const own = parseDestination(destination, ports);
  const relays = own[0].kind === 'unix' ? [] : parameters.lmtp_fallback_relay;
  const fallbacks = relays.flatMap((relay) => [...parseDestination(relay, ports)]);
  return [...own.map((hop) => ({ hop, isFallback: false })), ...fallbacks.map((hop) => ({ hop, isFallback: true }))];
}

/** Tries the hosts of one next-hop. */
async function walkHosts(
  run: DeliveryRun,
  hop: NextHop,
  { isLastHop, isFallback }: { readonly isLastHop: boolean; readonly isFallback: boolean },
): Promise<void> {
  const hosts = await findHosts(hop, run.agent, run.deadline);
  if (hosts.kind === 'trouble') {
    run.lastTrouble = isFallback ? ownFault(hosts.trouble) : hosts.trouble;
    if (hosts.trouble.isOutOfTime === true) run.outOfTime();
    else run.count('ConnectFailures');
    return;
  }
  const sessionLimit = run.agent.parameters.lmtp_mx_session_limit || hosts.peers.length;
  let sessions = 0;
  for (const [index, peer] of hosts.peers.entries()) {
    if (run.leftover.length === 0) return;
    const isLastAddress = isLastHop && index === hosts.peers.length - 1;
    // Only a session that gets past its handshake uses up the limit: until then there is another host.
    const isLastSession = isLastAddress || (isLastHop && sessions + 1 === sessionLimit);
    const context = run.context(hop, peer, { isLastAddress, isLastSession });
    const { handshaken } = await attempt(context);
    context.incidents.tell();
    if (handshaken) sessions += 1;
    if (sessions === sessionLimit) return;
  }
}

/** A fallback relay that does not exist is a fault of our configuration: nobody bounces for it (smtp_connect.c). */
function ownFault(trouble: Trouble): Trouble {
  return trouble.status.startsWith('5') ? { ...trouble, status: '4.3.5' } : trouble;
}

/** The state of one attempt. */
class DeliveryRun {
  readonly delivery: Delivery;
  readonly agent: Agent;
  readonly #given: Attempt;
  readonly #verdicts: (Verdict | undefined)[];
  /** For each recipient, the first with the same address: it is sent once and each gets its verdict. */
  readonly #twins: readonly number[];
  readonly #begun: Moment;
  #ready: Moment | undefined;
  /** Indexes that have no verdict yet, without twins. */
  leftover: readonly number[];
  lastTrouble: Trouble = { scope: 'self', status: '4.3.0', text: 'no server was found that could take the mail' };
  #blame: Trouble | undefined;
  #completed = false;
  #isOutOfTime = false;
  #oneByOne: boolean;
  #shortReplies: ShortReplies | undefined;

  constructor(delivery: Delivery, agent: Agent, given: Attempt) {
    this.delivery = delivery;
    this.agent = agent;
    this.#given = given;
    this.#oneByOne = given.oneByOne ?? false;
    this.#begun = agent.clock.now();
    this.#verdicts = new Array<undefined>(delivery.recipients.length).fill(undefined);
    this.#twins = findTwins(delivery.recipients);
    this.leftover = this.#twins.filter((twin, index) => twin === index);
  }

  get deadline(): Deadline {
    return this.#given.deadline;
  }

  context(hop: NextHop, peer: AttemptContext['peer'], last: AttemptContext['last']): AttemptContext {
    return {
      agent: this.agent,
      delivery: this.delivery,
      message: this.#given.message,
      gate: this.#given.gate,
      limits: timeLimits(this.agent, this.#given.deadline),
      hop,
      peer,
      age: this.#given.age ?? 0,
      incidents: new IncidentLog(relayName(peer), this.delivery.destination, this.#listener()),
      recipients: this.leftover,
      last,
      oneByOne: this.#oneByOne,
      onShortReplies: (replies, recipients) => {
        this.#oneByOne = true;
        this.#shortReplies = { replies, recipients };
      },
      onReady: () => {
        this.#ready = this.agent.clock.now();
      },
      onCompleted: () => {
        this.#completed = true;
      },
      settle: (index, verdict) => this.settle(index, verdict),
      trouble: (trouble) => {
        this.lastTrouble = trouble;
      },
      blame: (trouble) => {
        this.#blame ??= trouble;
      },
      outOfTime: () => this.outOfTime(),
      count: this.count,
    };
  }

  /** Adds to a metric, for the destination too. */
  readonly count: AttemptContext['count'] = (name, value) =>
    this.agent.metrics?.add(name, value, this.delivery.destination);

  /** Our own time ended this attempt; told once, however many recipients hear of it. */
  outOfTime(): void {
    if (!this.#isOutOfTime) this.count('DeadlineClamped');
    this.#isOutOfTime = true;
  }

  /** Nobody is told of trouble with a bounce, or with what postmasters are told by: that would go on for ever (smtp_chat.c). */
  #listener(): Agent['onIncident'] {
    const { sender } = this.delivery;
    return sender === '' || isDoubleBounce(sender, this.agent.parameters) ? undefined : this.agent.onIncident;
  }

  /** A recipient to whom the message was delivered before is not sent it again and again. */
  refuseLoops(): void {
    for (const index of this.leftover) {
      const recipient = this.delivery.recipients[index];
      if (recipient === undefined || !isLooping(recipient, this.#given.message, this.agent.parameters)) continue;
      const text = `mail forwarding loop for ${quoteAddress(recipient.address)}`;
      this.#settleTrouble(index, { scope: 'recipient', status: '5.4.6', text });
    }
  }

  /** Gives a recipient, and its twins, their verdict. */
  settle(index: number, verdict: Omit<Verdict, 'setUp' | 'transfer'>): void {
    const filtered = filterStatus(verdict, this.agent.parameters.lmtp_delivery_status_filter);
    const timed = { ...filtered, ...this.#times() };
    this.leftover = this.leftover.filter((other) => other !== index);
    for (const [other, twin] of this.#twins.entries()) {
      if (twin !== index) continue;
      this.#verdicts[other] = timed;
      this.#given.onVerdict?.(other, timed);
    }
  }

  /** Whoever is left when every host has been tried gets the last host's words (the last error decides). */
  settleLeftover(): void {
    for (const index of this.leftover) this.#settleTrouble(index, this.lastTrouble);
  }

  outcome(): DeliveryOutcome {
    const verdicts = this.#verdicts.map((verdict, index) => {
      if (verdict !== undefined) return verdict;
      throw new Error(`recipient ${quoteAddress(this.delivery.recipients[index]?.address ?? '')} has no verdict`);
    });
    return {
      verdicts,
      ...(this.#blame === undefined || this.#completed ? {} : { blame: this.#blame }),
      ...(this.#shortReplies === undefined ? {} : { shortReplies: this.#shortReplies }),
    };
  }

  /** Settles a recipient by a trouble that no host is left to mend. */
  #settleTrouble(index: number, trouble: Trouble): void {
    const { soft_bounce: softBounce, strict_postfix_verdicts: strictPostfix } = this.agent.parameters;
    const { outcome, status, blames } = judge(trouble, { isLastHost: true, softBounce, strictPostfix });
    const { text, remoteMta } = trouble;
    const verdict = { status: outcome === 'bounced' ? outcome : 'deferred', dsn: status, text } as const;
    this.settle(index, remoteMta === undefined ? verdict : { ...verdict, remoteMta });
    if (blames) this.#blame ??= trouble;
  }

  #times(): Pick<Verdict, 'setUp' | 'transfer'> {
    const now = this.agent.clock.now().monotonic;
    const ready = this.#ready?.monotonic ?? now;
    return { setUp: (ready - this.#begun.monotonic) / 1000, transfer: (now - ready) / 1000 };
  }
}

/** For each recipient, the index of the first one with the same address. */
function findTwins(recipients: readonly DeliveryRecipient[]): readonly number[] {
  const first = new Map<string, number>();
  return recipients.map(({ address }, index) => {
    // A domain has no case (RFC 5321 section 2.4); what a local-part's case means only its server knows.
    const { localPart, domain } = splitAddress(address);
    const mailbox = `${localPart}@${domain.toLowerCase()}`;
    const known = first.get(mailbox);
    if (known === undefined) first.set(mailbox, index);
    return known ?? index;
  });
}
