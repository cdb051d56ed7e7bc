/**
 * One address, from the port to the last RCPT: each step is told as soon as it is made, and the first that fails ends it.
 */

import { type Access, secretsOf } from '../delivery/access.ts';
import { type Agent, chatOptions, timeLimits } from '../delivery/agent.ts';
import { peerWords } from '../delivery/conclude.ts';
import { earlyReply, openOptions } from '../delivery/open.ts';
import { Interrupted, type OpeningPart, type Shown } from '../lmtp/dialogue.ts';
import type { LoginFault } from '../lmtp/login.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { NextHop } from '../request/destination.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Deadline } from '../session/limit.ts';
import { openSession } from '../session/opening.ts';
import type { Peer, Session } from '../session/session.ts';
import { ConnectError, connect } from '../session/transport.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { Moment } from '../time/clock.ts';
import type { Place } from './advice.ts';
import * as auth from './auth-step.ts';
import { tellCertificate } from './certificate-step.ts';
import { greeted, lhloInterrupted, noGreeting, noLhlo, notWelcome, offered, spokeUnasked } from './greeting-step.ts';
import { portClosed, portOpen } from './port-step.ts';
import { askRecipients, type Probe } from './recipients.ts';
import type { AuthStep, ServerStep } from './report.ts';
import type { Telling } from './telling.ts';
import * as tls from './tls-step.ts';
import { findWayIn, type WayIn } from './way-in.ts';

/** What all servers of a check have in common. */
export interface ServerCheck {
  readonly agent: Agent;
  readonly place: Place;
  readonly stage: SecretStage;
  readonly deadline: Deadline;
  /** Absent: nobody is asked about. */
  readonly probe?: Probe;
}

/** Checks one address; `tell` hears each step. Nothing is delivered. */
export async function checkServer(
  hop: NextHop,
  peer: Peer,
  check: ServerCheck,
  tell: (step: ServerStep) => void,
): Promise<void> {
  const way = await findWayIn(hop, peer, check.agent, { fresh: true, stage: check.stage });
  await new Visit(hop, peer, check, way, tell).make();
  // Said last: what could be learned of the server without stands before it.
  if (way.kind !== 'without TLS') return;
  const finding = way.isPolicy ? 'TLS policy unusable' : 'TLS material unusable';
  tell(tls.unusableTls(finding, way.trouble, tellingOf(hop, peer, check)));
}

function tellingOf(hop: NextHop, peer: Peer, { agent, place }: ServerCheck): Telling {
  return { peer: peerWords(peer), about: { hop, place, host: peer.host }, parameters: agent.parameters };
}

/** One visit, and what is known so far. */
class Visit {
  readonly #peer: Peer;
  readonly #check: ServerCheck;
  readonly #way: WayIn;
  readonly #access: Access | undefined;
  readonly #tell: (step: ServerStep) => void;
  readonly #telling: Telling;
  readonly #options: ChatOptions;
  readonly #begun: Moment;
  /** Lines of the server before its greeting was whole. */
  readonly #heard: string[] = [];
  #isGreeted = false;
  #capabilities: Capabilities | undefined;
  #shown: Shown | undefined;

  constructor(hop: NextHop, peer: Peer, check: ServerCheck, way: WayIn, tell: (step: ServerStep) => void) {
    const { agent, deadline } = check;
    this.#peer = peer;
    this.#check = check;
    this.#way = way;
    this.#access = way.kind === 'without TLS' ? undefined : way.access;
    this.#tell = tell;
    this.#telling = tellingOf(hop, peer, check);
    this.#begun = agent.clock.now();
    const { transcript, ...options } = chatOptions(agent, timeLimits(agent, deadline), peer);
    this.#options = {
      ...options,
      secrets: this.#access === undefined ? [] : secretsOf(this.#access),
      onOpened: (part) => this.#tellPart(part),
      transcript: (side, line) => {
        if (side === 'S' && !this.#isGreeted) this.#heard.push(line);
        transcript?.(side, line);
      },
    };
  }

  /** Makes it; every end that a server can bring about is a step. */
  async make(): Promise<void> {
    try {
      await this.#visit();
    } catch (error) {
      if (error instanceof ConnectError) this.#tell(portClosed(error, this.#peer, this.#telling));
      else if (error instanceof Interrupted) this.#tell(this.#interruptedStep(error));
      else throw error;
    }
  }

  async #visit(): Promise<void> {
    const { agent } = this.#check;
    const { lmtp_tls_wrappermode, lmtp_skip_quit_response } = agent.parameters;
    if (this.#access === undefined && lmtp_tls_wrappermode) {
      // Nothing would be said there in plain text.
      const transport = await connect(this.#peer.endpoint, this.#options.limits);
      transport.destroy();
      this.#tellPart({ part: 'connected' });
      return;
    }
    const target = { agent, peer: this.#peer };
    const opened = await openSession(this.#peer, openOptions(target, this.#access ?? {}, this.#options));
    if (opened.kind !== 'ready') {
      const step = this.#faultStep(opened);
      if (step !== undefined) this.#tell(step);
      return;
    }
    const { session } = opened;
    try {
      if (this.#access !== undefined) await this.#useSession(session, this.#access);
    } finally {
      await session.quit(this.#options, { skipReply: lmtp_skip_quit_response });
    }
  }

  /** Tells what the opening has done so far, as it happens. */
  #tellPart(done: OpeningPart): void {
    const { policy } = this.#access ?? {};
    switch (done.part) {
      case 'connected':
        this.#tell(portOpen(this.#now().monotonic - this.#begun.monotonic));
        break;
      case 'greeted':
        this.#isGreeted = true;
        this.#tell(greeted(done.banner));
        break;
      case 'secured':
        this.#shown = done.shown;
        if (policy === undefined) break;
        this.#tell(tls.secured(policy, done.shown.secured));
        this.#tell(tellCertificate(policy, done.shown, this.#telling, this.#now().wall));
        break;
      case 'plain text':
        if (policy !== undefined) this.#tell(tls.plainText(policy, done, this.#telling));
        break;
      case 'introduced':
        this.#capabilities = done.capabilities;
        // Where TLS could not be tried, what is offered in plain text says nothing.
        if (policy !== undefined) this.#tell(offered(done.capabilities));
        break;
      default:
        done satisfies never;
    }
  }

  /** What there is to tell of a fault; nothing more where its part of the opening has told it. */
  #faultStep(fault: OpeningFault): ServerStep | undefined {
    const { policy } = this.#access ?? {};
    switch (fault.kind) {
      case 'refused':
        return fault.stage === 'greeting' ? notWelcome(fault, this.#telling) : noLhlo(fault, this.#telling);
      case 'out of step':
      case 'goodbye':
        return spokeUnasked(fault, this.#telling);
      case 'TLS not offered':
      case 'TLS refused':
      case 'TLS failed':
        return policy && tls.noTls(policy, fault, this.#telling);
      case 'certificate not accepted':
        return undefined;
      case 'AUTH not offered':
      case 'no mechanism offered':
      case 'no mechanism available':
      case 'AUTH refused':
      case 'AUTH failed':
        return this.#notAuthenticated(fault);
      default:
        return fault satisfies never;
    }
  }

  #notAuthenticated(fault: LoginFault): AuthStep | undefined {
    const { login, password } = this.#access ?? {};
    const capabilities = this.#capabilities;
    if (login === undefined || password === undefined || capabilities === undefined) return undefined;
    const identity = { password, stage: this.#check.stage };
    return auth.notAuthenticated(fault, { login, identity, capabilities, shown: this.#shown }, this.#telling);
  }

  #interruptedStep(interrupted: Interrupted): ServerStep {
    const { policy, password } = this.#access ?? {};
    const { stage } = interrupted;
    if (stage === 'greeting') return noGreeting(interrupted, this.#heard, this.#telling);
    if (stage === 'STARTTLS' && policy !== undefined) return tls.tlsInterrupted(policy, interrupted, this.#telling);
    if (stage !== 'AUTH' || password === undefined) return lhloInterrupted(interrupted, this.#telling);
    return auth.authInterrupted(interrupted, { password, stage: this.#check.stage }, this.#telling);
  }

  /** The server has let us in. */
  async #useSession(session: Session, access: Access): Promise<void> {
    const { agent, probe } = this.#check;
    const early = earlyReply(session, { agent, peer: this.#peer });
    if (early !== undefined) {
      this.#tell(tls.unusableTls('spoke before its turn', early, this.#telling));
      return;
    }
    const step = this.#authStep(session, access);
    this.#tell(step);
    if (step.result === 'failed' || probe === undefined) return;
    for (const answer of await askRecipients(probe, session, this.#options, this.#telling)) this.#tell(answer);
  }

  #authStep({ security, capabilities }: Session, { password }: Access): AuthStep {
    const { stage } = this.#check;
    if (this.#way.kind === 'without password') {
      return auth.unreadablePassword(this.#way.trouble, stage, this.#telling);
    }
    if (password === undefined) return auth.noPassword(capabilities, this.#telling);
    const identity = { password, stage };
    return security.mechanism === undefined
      ? auth.notOfferedNorRequired(identity, this.#telling)
      : auth.authenticated(security.mechanism, identity);
  }

  #now(): Moment {
    return this.#check.agent.clock.now();
  }
}
