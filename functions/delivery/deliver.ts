/**
 * One delivery attempt: next-hops in order, their hosts in order, leftover recipients to the next host, until no host or no recipient is
 * left.
 *
 * The attempt at each host returns a value, and one function combines them (attempt-outcome.ts). Every recipient gets exactly one
 * verdict. Every wait has a limit, and only bugs throw.
 */

import { isDoubleBounce } from '../parameters/own-address.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { Delivery, DeliveryRecipient } from '../request/delivery.ts';
import { type NextHop, parseDestination, portsOf } from '../request/destination.ts';
import { parseEnding } from '../request/route.ts';
import type { Deadline } from '../session/limit.ts';
import type { Peer } from '../session/session.ts';
import { quoteAddress, splitAddress } from '../smtp/path.ts';
import type { Moment } from '../time/clock.ts';
import { type Agent, timeLimits } from './agent.ts';
import { attempt } from './attempt.ts';
import type { AttemptInput } from './attempt-input.ts';
import {
  type AttemptOutcome,
  type ContentFault,
  type Count,
  foldAll,
  foldOutcomes,
  noOutcome,
  type ShortReplies,
} from './attempt-outcome.ts';
import { endDelivery } from './ending.ts';
import { findHosts } from './hosts.ts';
import { DialogueRecorder, type Incident } from './incidents.ts';
import type { Gate, Message } from './message.ts';
import { isLooping } from './preparation.ts';
import { filterStatus } from './status-filter.ts';
import { lastVerdict, type Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';
import { delays } from './verdicts.ts';

/** The circumstances of an attempt. */
export interface Attempt {
  readonly message: Message;
  readonly gate: Gate;
  readonly deadline: Deadline;
  /** Milliseconds since the message arrived. Default: 0. */
  readonly age?: number;
  /** The destination lost count of replies: one recipient in each transaction. */
  readonly oneByOne?: boolean;
  /** Called for a recipient that is sent while others are pending; `index`: of the delivery's recipients. */
  readonly onProgress?: (index: number, verdict: Verdict) => void;
}

/** How an attempt ended. */
export interface DeliveryOutcome {
  /** One for each recipient, in order. */
  readonly verdicts: readonly Verdict[];
  /** The trouble that blames the destination; absent if any session completed (Postfix: no throttling then). */
  readonly blame?: Trouble;
  /** The number of final replies was wrong: for a while, the destination should get one recipient at a time. */
  readonly shortReplies?: ShortReplies;
  /** A transaction with several recipients had each reply in its place. */
  readonly isCountRight?: boolean;
  /** Why the agent could not send the content to its end. */
  readonly contentFault?: ContentFault;
}

/** Makes one attempt to deliver to every recipient, and reports its counts and incidents to the agent. */
export async function deliver(delivery: Delivery, agent: Agent, given: Attempt): Promise<DeliveryOutcome> {
  const ending = parseEnding(delivery.destination);
  if (ending !== undefined) return { verdicts: endDelivery(delivery, ending, agent.parameters) };
  const run: DeliveryRun = { delivery, agent, given, begun: agent.clock.now(), twins: findTwins(delivery.recipients) };
  const outcome = await walkHops(run, refuseLoops(run));
  report(run, outcome.counts, wantsIncidents(run) ? outcome.incidents : []);
  return deliveryOutcome(run, outcome);
}

/** The constants of a running attempt. */
interface DeliveryRun {
  readonly delivery: Delivery;
  readonly agent: Agent;
  readonly given: Attempt;
  readonly begun: Moment;
  /** For each recipient, the first with the same address: that is sent once, and each gets its verdict. */
  readonly twins: readonly number[];
}

/** Adds to the metrics, also by destination, and reports incidents for the postmaster. */
function report({ agent, delivery }: DeliveryRun, counts: readonly Count[], incidents: readonly Incident[]): void {
  for (const { name, value } of counts) agent.metrics?.add(name, value, delivery.destination);
  for (const incident of incidents) agent.onIncident?.(incident);
}

async function walkHops(run: DeliveryRun, begun: AttemptOutcome): Promise<AttemptOutcome> {
  const hops = nextHops(run.delivery.destination, run.agent.parameters);
  let outcome = begun;
  for (const [index, { hop, isFallback }] of hops.entries()) {
    if (outcome.leftover.length === 0) break;
    outcome = await walkHosts(run, outcome, hop, { isLastHop: index === hops.length - 1, isFallback });
  }
  return concludeLeftover(run, outcome);
}

/** Returns the next-hops of the destination, then lmtp_fallback_relay; a unix: destination has no fallback. */
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

/** Tries the hosts of one next-hop for the leftover recipients. */
async function walkHosts(
  run: DeliveryRun,
  before: AttemptOutcome,
  hop: NextHop,
  { isLastHop, isFallback }: { readonly isLastHop: boolean; readonly isFallback: boolean },
): Promise<AttemptOutcome> {
  const hosts = await findHosts(hop, run.agent, run.given.deadline);
  if (hosts.kind === 'trouble') {
    const trouble = isFallback ? ownFault(hosts.trouble) : hosts.trouble;
    const isOutOfTime = trouble.isOutOfTime === true;
    const counts: readonly Count[] = isOutOfTime ? [] : [{ name: 'ConnectFailures' }];
    return foldOutcomes(before, { ...noOutcome, trouble, isOutOfTime, counts });
  }
  const sessionLimit = run.agent.parameters.lmtp_mx_session_limit || hosts.peers.length;
  let sessions = 0;
  let outcome = before;
  for (const [index, peer] of hosts.peers.entries()) {
    if (outcome.leftover.length === 0) break;
    const isLastAddress = isLastHop && index === hosts.peers.length - 1;
    // Without time to blame a silent host, it is not tried: the result of the last host is final.
    if (outcome.trouble !== undefined && !timeLimits(run.agent, run.given.deadline).hasTimeForNextHost) {
      return { ...outcome, isOutOfTime: true };
    }
    // Only a session past its handshake counts for the limit: until then there is another host.
    const isLastSession = isLastAddress || (isLastHop && sessions + 1 === sessionLimit);
    const next = await attempt(attemptInput(run, outcome, hop, peer, { isLastAddress, isLastSession }));
    outcome = foldOutcomes({ ...outcome, leftover: [] }, next);
    if (next.isHandshaken) sessions += 1;
    if (sessions === sessionLimit) break;
  }
  return outcome;
}

function attemptInput(
  run: DeliveryRun,
  { leftover, shortReplies, isRenewed }: AttemptOutcome,
  hop: NextHop,
  peer: Peer,
  last: AttemptInput['last'],
): AttemptInput {
  const { agent, delivery, given, begun, twins } = run;
  return {
    agent,
    delivery,
    message: given.message,
    gate: given.gate,
    limits: timeLimits(agent, given.deadline, { hasOtherHosts: !last.isLastAddress }),
    hop,
    peer,
    age: given.age ?? 0,
    begun,
    recipients: leftover,
    last,
    dialogue: new DialogueRecorder(wantsIncidents(run)),
    oneByOne: given.oneByOne === true || shortReplies !== undefined,
    mayRenew: !isRenewed,
    onProgress: (index, verdict) => {
      for (const [other, twin] of twins.entries())
        if (twin === index) given.onProgress?.(other, filtered(run, verdict));
    },
  };
}

/** Whether incidents are reported: not for a bounce or a notice to postmasters, which would cause a loop (smtp_chat.c). */
function wantsIncidents({ agent, delivery: { sender } }: DeliveryRun): boolean {
  return agent.onIncident !== undefined && sender !== '' && !isDoubleBounce(sender, agent.parameters);
}

/** A missing fallback relay is a fault of the configuration, so no mail bounces for it (smtp_connect.c). */
function ownFault(trouble: Trouble): Trouble {
  return trouble.status.startsWith('5') ? { ...trouble, status: '4.3.5' } : trouble;
}

/** Returns the outcome before the first host: all recipients are left over, except those with a mail loop. */
function refuseLoops(run: DeliveryRun): AttemptOutcome {
  const { delivery, agent, given, twins } = run;
  const all = twins.filter((twin, index) => twin === index);
  const looping = all.filter((index) => {
    const recipient = delivery.recipients[index];
    return recipient !== undefined && isLooping(recipient, given.message, agent.parameters);
  });
  const loops = looping.map((index) => {
    const text = `mail forwarding loop for ${quoteAddress(delivery.recipients[index]?.address ?? '')}`;
    return concludeLast(run, index, { scope: 'recipient', status: '5.4.6', text });
  });
  const leftover = all.filter((index) => !looping.includes(index));
  return { ...foldAll<Incident>(noOutcome, loops), leftover, counts: [{ name: 'Attempts' }] };
}

const noServer: Trouble = { scope: 'self', status: '4.3.0', text: 'no server was found that could accept the mail' };

/** Recipients that are left after the last host get the verdict of its trouble (the last error decides). */
function concludeLeftover(run: DeliveryRun, outcome: AttemptOutcome): AttemptOutcome {
  const { leftover, trouble = noServer, readyAt } = outcome;
  const settled = leftover.map((index) => concludeLast(run, index, trouble, readyAt));
  const all = foldAll({ ...outcome, leftover: [] }, settled);
  return all.isOutOfTime ? { ...all, counts: [...all.counts, { name: 'DeadlineClamped' }] } : all;
}

/** Returns the outcome for a recipient with a trouble and no other host. */
function concludeLast(run: DeliveryRun, index: number, trouble: Trouble, readyAt?: number): AttemptOutcome<never> {
  const { parameters, clock } = run.agent;
  const { blames, ...last } = lastVerdict(trouble, parameters);
  const { remoteMta } = trouble;
  const at = clock.now().monotonic;
  const verdict: Verdict = {
    ...last,
    ...(remoteMta === undefined ? {} : { remoteMta }),
    ...delays(run, readyAt === undefined ? { at } : { at, readyAt }),
  };
  return { ...noOutcome, verdicts: new Map([[index, verdict]]), ...(blames ? { blame: trouble } : {}) };
}

function deliveryOutcome(run: DeliveryRun, outcome: AttemptOutcome): DeliveryOutcome {
  const { blame, isCompleted, shortReplies, isCountRight, contentFault } = outcome;
  const verdicts = run.twins.map((twin) => {
    const verdict = outcome.verdicts.get(twin);
    if (verdict !== undefined) return filtered(run, verdict);
    throw new Error(`recipient ${quoteAddress(run.delivery.recipients[twin]?.address ?? '')} has no verdict`);
  });
  return {
    verdicts,
    ...(blame === undefined || isCompleted ? {} : { blame }),
    ...(shortReplies === undefined ? {} : { shortReplies }),
    ...(isCountRight ? { isCountRight } : {}),
    ...(contentFault === undefined ? {} : { contentFault }),
  };
}

function filtered({ agent }: DeliveryRun, verdict: Verdict): Verdict {
  return filterStatus(verdict, agent.parameters.lmtp_delivery_status_filter);
}

/** Returns for each recipient the index of the first one with the same address. */
function findTwins(recipients: readonly DeliveryRecipient[]): readonly number[] {
  const first = new Map<string, number>();
  return recipients.map(({ address }, index) => {
    // A domain ignores case (RFC 5321 section 2.4); for a local-part, only its server knows.
    const { localPart, domain } = splitAddress(address);
    const mailbox = `${localPart}@${domain.toLowerCase()}`;
    const known = first.get(mailbox);
    if (known === undefined) first.set(mailbox, index);
    return known ?? index;
  });
}
