/**
 * One address, from the port to the last RCPT. Each step is reported at once, and the first failure is the last step.
 */

import { findAccess, secretsOf } from '../delivery/access.ts';
import { type Agent, chatOptions, timeLimits } from '../delivery/agent.ts';
import { earlyReply, faultAsValue, openOptions } from '../delivery/open.ts';
import type { Trouble } from '../delivery/trouble.ts';
import type { NextHop } from '../request/destination.ts';
import { optional } from '../request/fields.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Deadline } from '../session/limit.ts';
import { type Opened, openSession } from '../session/opening.ts';
import type { Peer, Session } from '../session/session.ts';
import { connect } from '../session/transport.ts';
import type { Place } from './advice.ts';
import { authStep } from './auth-step.ts';
import { failed, keptLines, type Visit } from './found.ts';
import { faultStep, partSteps } from './opening-steps.ts';
import { askRecipients, type Probe } from './recipients.ts';
import type { ServerStep } from './report.ts';

/** What all servers of a check share. */
export interface ServerCheck {
  readonly agent: Agent;
  readonly place: Place;
  readonly stage: SecretStage;
  readonly deadline: Deadline;
  /** Absent: no sender and no recipient is asked about. */
  readonly probe?: Probe;
}

/** Checks one address; `report` receives each step. Nothing is delivered. */
export async function checkServer(
  hop: NextHop,
  peer: Peer,
  check: ServerCheck,
  report: (step: ServerStep) => void,
): Promise<void> {
  const { agent, stage } = check;
  const { parameters, clock } = agent;
  const about = { hop, place: check.place, host: peer.host };
  const found = await findAccess(hop, peer, agent, { fresh: true, stage });
  const [{ access }, trouble] = [found, found.kind === 'trouble' ? found.trouble : undefined];
  const begun = clock.now().monotonic;
  const visit: Visit = { peer, about, parameters, stage, ...optional('access', access), begun, heard: [] };
  const options = observe(check, visit, report);
  // Without TLS material, a port that expects TLS from the first octet can only be connected to.
  const opened = await faultAsValue<Opened | { readonly kind: 'connected' }>(
    access === undefined && parameters.lmtp_tls_wrappermode
      ? connectOnly(peer, options)
      : openSession(peer, openOptions({ agent, peer }, access ?? {}, options)),
  );
  if (opened.kind === 'ready') {
    const { session } = opened;
    try {
      for await (const step of sessionSteps(session, check, visit, options, trouble)) report(step);
    } finally {
      await session.quit(options, { skipReply: parameters.lmtp_skip_quit_response });
    }
  } else if (opened.kind !== 'connected') {
    const step = faultStep(opened, visit);
    if (step !== undefined) report(step);
  }
  if (access !== undefined || trouble === undefined) return;
  // Reported last: what the server showed without TLS comes first.
  const finding = trouble.scope === 'self' ? 'TLS material unusable' : 'TLS policy unusable';
  report({ step: 'TLS', ...failed(trouble, finding, visit) });
}

/** Returns the options of a conversation that reports each part of the opening as a step. */
function observe({ agent, deadline }: ServerCheck, visit: Visit, report: (step: ServerStep) => void): ChatOptions {
  const { transcript, ...options } = chatOptions(agent, timeLimits(agent, deadline), visit.peer);
  return {
    ...options,
    secrets: visit.access === undefined ? [] : secretsOf(visit.access),
    onOpened: (part) => {
      for (const step of partSteps(part, visit, agent.clock.now())) report(step);
    },
    transcript: (side, line) => {
      if (side === 'S' && visit.heard.length < keptLines) visit.heard.push(line);
      transcript?.(side, line);
    },
  };
}

async function connectOnly(peer: Peer, { limits, onOpened }: ChatOptions): Promise<{ readonly kind: 'connected' }> {
  const transport = await connect(peer.endpoint, limits);
  transport.destroy();
  onOpened?.({ part: 'connected' });
  return { kind: 'connected' };
}

/** Yields the steps on an open session: AUTH, then sender and recipients. `trouble`: why the password could not be read. */
async function* sessionSteps(
  session: Session,
  { agent, probe }: ServerCheck,
  visit: Visit,
  options: ChatOptions,
  trouble: Trouble | undefined,
): AsyncGenerator<ServerStep> {
  if (visit.access === undefined) return;
  const early = earlyReply(session, { agent, peer: visit.peer });
  if (early !== undefined) {
    yield { step: 'TLS', ...failed(early, 'spoke before its turn', visit) };
    return;
  }
  const step = authStep(session, visit, trouble);
  yield step;
  if (step.result !== 'failed' && probe !== undefined) yield* await askRecipients(probe, session, options, visit);
}
