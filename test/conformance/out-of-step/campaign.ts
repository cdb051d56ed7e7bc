/** Plays scenarios against our client, many at a time, and has each verdict judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, chatOptions, makeAgent, timeLimits } from '../../../functions/delivery/agent.ts';
import { type DeliveryOutcome, deliver } from '../../../functions/delivery/deliver.ts';
import { inspectContent, type Message, openGate } from '../../../functions/delivery/message.ts';
import type { Verdict } from '../../../functions/delivery/verdict.ts';
import { type Parameters, parseParameters } from '../../../functions/parameters/parameters.ts';
import { noDeadline } from '../../../functions/session/limit.ts';
import { testify } from '../../support/witness.ts';
import { type Excuse, excuseFor } from './excuses.ts';
import { type Finding, judge } from './judge.ts';
import { contentOf, decisionsFor, recipientOf, type Scenario, senderOf } from './scenario.ts';
import { type OutOfStepServer, startOutOfStepServer } from './server.ts';

/** The judgement of one verdict. */
export interface Found {
  readonly finding: Finding;
  readonly message: number;
  readonly recipient: number;
  readonly verdict: Verdict;
  readonly excuse?: Excuse;
}

/** A scenario that has ended. */
export interface Played {
  readonly scenario: Scenario;
  readonly found: readonly Found[];
  /** Verdicts given. */
  readonly verdicts: number;
  /** Faults apart from the verdicts: connections, marks. */
  readonly complaints: readonly string[];
  readonly transcript: readonly string[];
}

/** A delivery, and whether the server's lines were in their place meanwhile. */
interface Delivered {
  readonly outcome: DeliveryOutcome;
  readonly isInStep: boolean;
}

/**
 * Scenarios that run concurrently: they mostly wait. With more of them, on a busy machine one waits for the
 * others until a time-out of a second expires.
 */
const places = 64;
const waiting: (() => void)[] = [];
let taken = 0;

/** Plays a scenario when there is room. */
export async function play(scenario: Scenario): Promise<Played> {
  if (taken >= places) await new Promise<void>((resolve) => waiting.push(resolve));
  taken += 1;
  try {
    return await playNow(scenario);
  } finally {
    taken -= 1;
    waiting.shift()?.();
  }
}

async function playNow(scenario: Scenario): Promise<Played> {
  await using server = await startOutOfStepServer(scenario);
  const agent = makeAgentFor(scenario);
  const delivered: Delivered[] = [];
  for (let message = 1; message <= scenario.messages; message++) {
    server.transcript.push(`--- message ${message}: ${decisionsFor(scenario, message).join('')}`);
    const misplaced = server.misplaced;
    // A line that arrives late may arrive during any message.
    const { slip } = scenario.fault ?? {};
    const isLate = slip !== undefined && 'gap' in slip && slip.gap === 'meanwhile';
    const outcome = await deliverMessage(scenario, server, agent, message);
    delivered.push({ outcome, isInStep: server.misplaced === misplaced && !isLate });
    // Time for the server to speak while the session is parked.
    if (scenario.fault?.at.place === 'parked') await sleep(150);
  }
  await closeSessions(agent);
  await server.settle();
  return {
    scenario,
    found: delivered.flatMap((one, index) => judgeMessage(scenario, server, index + 1, one)),
    verdicts: delivered.reduce((sum, { outcome }) => sum + outcome.verdicts.length, 0),
    complaints: [...complain(scenario, server, delivered)],
    transcript: [...server.transcript],
  };
}

/** Delivers one message of a scenario. */
export async function deliverMessage(
  scenario: Scenario,
  { port }: { readonly port: number },
  agent: Agent,
  message: number,
): Promise<DeliveryOutcome> {
  const delivery = {
    sender: senderOf(message),
    destination: `inet:[127.0.0.1]:${port}`,
    recipients: scenario.decisions.map((_, index) => ({ address: recipientOf(index) })),
  };
  const outcome = await deliver(delivery, agent, {
    message: makeMessage(scenario, message),
    gate: openGate,
    deadline: noDeadline,
  });
  testify(JSON.stringify(outcome));
  return outcome;
}

function makeMessage({ size = 0 }: Scenario, message: number): Message {
  const octets = Buffer.from(contentOf(message));
  const line = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(900));
  return {
    ...inspectContent(octets),
    size: octets.length + Math.ceil(size / line.length) * line.length,
    async *open() {
      yield octets;
      for (let sent = 0; sent < size; sent += line.length) yield line;
    },
  };
}

/** An agent for one scenario; time-outs are short only where a fault needs one to expire. */
export function makeAgentFor({ fault }: Scenario): Agent {
  const isSilent = fault?.ending?.what === 'silence' || fault?.ending?.what === '421';
  const isWaitedFor = isSilent || (fault !== undefined && fault.slip.kind !== 'nothing' && fault.once !== true);
  return makeAgent(isWaitedFor ? hasty : patient);
}

const hasty = withTimeouts('2s');
const patient = withTimeouts('20s');

function withTimeouts(timeout: string): Parameters {
  const stages = ['lhlo', 'mail', 'rcpt', 'data_init', 'data_done', 'data_done_next', 'rset', 'quit'];
  return parseParameters({
    myhostname: 'client.example',
    allow_local_destinations: 'yes',
    lmtp_randomize_addresses: 'no',
    ...Object.fromEntries(stages.map((stage) => [`lmtp_${stage}_timeout`, timeout])),
  });
}

/** Sends QUIT on all idle sessions of an agent. */
export async function closeSessions(agent: Agent): Promise<void> {
  await agent.sessions.close(chatOptions(agent, timeLimits(agent, noDeadline)));
}

function judgeMessage(
  scenario: Scenario,
  server: OutOfStepServer,
  message: number,
  { outcome, isInStep }: Delivered,
): readonly Found[] {
  const decisions = decisionsFor(scenario, message);
  return outcome.verdicts.flatMap((verdict, recipient) => {
    const decision = decisions[recipient] ?? 'F';
    const fate = server.fate(message, recipient);
    const isExact = scenario.isExact === true && (isInStep || scenario.fault?.once === true);
    const finding = judge({ verdict, fate, decision, isInStep, isExact });
    if (finding === undefined) return [];
    const excuse = isInStep ? undefined : excuseFor(scenario, decisions, recipient, finding);
    return [{ finding, message, recipient, verdict, ...(excuse === undefined ? {} : { excuse }) }];
  });
}

function* complain(
  { connections, isExact }: Scenario,
  server: OutOfStepServer,
  delivered: readonly Delivered[],
): Iterable<string> {
  if (connections !== undefined && server.connections !== connections) {
    yield `there were ${server.connections} connections, not ${connections}`;
  }
  if (isExact !== true) return;
  for (const [index, { outcome }] of delivered.entries()) {
    if (outcome.shortReplies !== undefined) yield `message ${index + 1} marked the server: short replies`;
    if (outcome.blame !== undefined) yield `message ${index + 1} blamed the server: ${outcome.blame.text}`;
  }
}
