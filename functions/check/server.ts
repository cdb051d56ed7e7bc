/**
 * One address, from the port to the last RCPT: each step is told as soon as it is made, and the first that fails ends it.
 */

import { type Access, secretsOf } from '../delivery/access.ts';
import { type Agent, chatOptions, timeLimits } from '../delivery/agent.ts';
import { peerWords } from '../delivery/conclude.ts';
import type { NextHop } from '../delivery/destination.ts';
import { discardedKeywords, earlyReply } from '../delivery/open.ts';
import { Interrupted } from '../lmtp/dialogue.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Moment } from '../session/clock.ts';
import type { Deadline } from '../session/limit.ts';
import { type Opened, type OpeningFault, type OpeningStep, openSession } from '../session/opening.ts';
import type { Peer, Session } from '../session/session.ts';
import type { Secured } from '../session/tls.ts';
import { ConnectError, connect } from '../session/transport.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { TlsPolicy } from '../tls/policy.ts';
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
  #secured: Secured | undefined;
  #isMatched = false;
  #isTlsTold = false;

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
      if (error instanceof ConnectError) {
        this.#tell(portClosed(error, this.#peer, this.#telling.about, this.#check.agent));
      } else if (error instanceof Interrupted) {
        this.#tellInterruption(error);
      } else {
        throw error;
      }
    }
  }

  async #visit(): Promise<void> {
    const { parameters } = this.#check.agent;
    if (this.#access === undefined && parameters.lmtp_tls_wrappermode) {
      // Nothing would be said there in plain text.
      const transport = await connect(this.#peer.endpoint, this.#options.limits);
      transport.destroy();
      this.#tell(portOpen(this.#milliseconds()));
      return;
    }
    const opened = await this.#open();
    if (opened.kind !== 'ready') {
      this.#tellFault(opened);
      return;
    }
    const { session } = opened;
    try {
      if (this.#access !== undefined) await this.#useSession(session, this.#access);
    } finally {
      await session.quit(this.#options, { skipReply: parameters.lmtp_skip_quit_response });
    }
  }

  async #open(): Promise<Opened> {
    const { parameters, clock } = this.#check.agent;
    const { tls, login } = this.#access ?? {};
    return await openSession(this.#peer, {
      chat: this.#options,
      introduction: { name: parameters.lmtp_lhlo_name, discard: discardedKeywords(this.#peer, parameters) },
      clock,
      onStep: (step) => this.#note(step),
      ...(tls === undefined ? {} : { tls }),
      ...(login === undefined ? {} : { login }),
    });
  }

  /** What the opening has done so far, as it happens. */
  #note(done: OpeningStep): void {
    switch (done.step) {
      case 'connected':
        this.#tell(portOpen(this.#milliseconds()));
        break;
      case 'greeted':
        this.#isGreeted = true;
        this.#tell(greeted(done.banner));
        break;
      case 'introduced':
        this.#capabilities = done.capabilities;
        // What is offered in plain text counts only if it stays at that.
        if (this.#secured !== undefined) this.#tell(offered(done.capabilities));
        break;
      case 'TLS declined':
        this.#tellTls((policy) => [tls.declined(policy, done.reply, this.#telling)]);
        break;
      case 'secured':
        this.#secured = done.secured;
        this.#isMatched = done.facts.matched;
        this.#tellTls((policy) => [
          tls.secured(policy, done.secured),
          tellCertificate({ policy, secured: done.secured, judgement: done }, this.#telling, this.#now().wall),
        ]);
        break;
      default:
        done satisfies never;
    }
  }

  #tellTls(steps: (policy: TlsPolicy) => readonly ServerStep[]): void {
    if (this.#access === undefined) return;
    this.#isTlsTold = true;
    for (const step of steps(this.#access.policy)) this.#tell(step);
  }

  /** That it stayed at plain text, and what is offered there. */
  #tellPlainText(): void {
    const capabilities = this.#capabilities;
    if (capabilities === undefined || this.#secured !== undefined) return;
    if (!this.#isTlsTold) this.#tellTls((policy) => [tls.plainText(policy, capabilities)]);
    this.#tell(offered(capabilities));
  }

  #tellFault(fault: OpeningFault): void {
    switch (fault.kind) {
      case 'refused':
        this.#tell(fault.stage === 'greeting' ? notWelcome(fault, this.#telling) : noLhlo(fault, this.#telling));
        break;
      case 'out of step':
      case 'goodbye':
        this.#tell(spokeUnasked(fault, this.#telling));
        break;
      case 'TLS not offered':
      case 'TLS refused':
      case 'TLS failed':
        this.#tellTls((policy) => [tls.noTls(policy, fault, this.#telling)]);
        break;
      case 'certificate not accepted':
        // Told when it was shown.
        break;
      case 'AUTH not offered':
      case 'no mechanism offered':
      case 'no mechanism available':
      case 'AUTH refused':
      case 'AUTH failed':
        this.#tellPlainText();
        this.#tellNotAuthenticated(fault);
        break;
      default:
        fault satisfies never;
    }
  }

  #tellNotAuthenticated(fault: Parameters<typeof auth.notAuthenticated>[0]): void {
    const { login, password } = this.#access ?? {};
    if (login === undefined || password === undefined || this.#capabilities === undefined) return;
    const refused = {
      login,
      identity: { password, stage: this.#check.stage },
      capabilities: this.#capabilities,
      secured: this.#secured,
      isMatched: this.#isMatched,
    };
    this.#tell(auth.notAuthenticated(fault, refused, this.#telling));
  }

  #tellInterruption(interrupted: Interrupted): void {
    const { stage } = interrupted;
    const { policy, password } = this.#access ?? {};
    if (stage === 'greeting') {
      this.#tell(noGreeting(interrupted, this.#heard, this.#telling));
    } else if (stage === 'STARTTLS' && policy !== undefined) {
      this.#tell(tls.tlsInterrupted(policy, interrupted, this.#telling));
    } else if (stage === 'AUTH' && password !== undefined) {
      this.#tellPlainText();
      this.#tell(auth.authInterrupted(interrupted, { password, stage: this.#check.stage }, this.#telling));
    } else {
      this.#tell(lhloInterrupted(interrupted, this.#telling));
    }
  }

  /** The server has let us in. */
  async #useSession(session: Session, access: Access): Promise<void> {
    const { agent, probe } = this.#check;
    this.#tellPlainText();
    const early = earlyReply(session, { agent, peer: this.#peer });
    if (early !== undefined) {
      this.#tell(tls.unusableTls('spoke before its turn', early, this.#telling));
      return;
    }
    const step = this.#tellAuth(session, access);
    this.#tell(step);
    if (step.result === 'failed' || probe === undefined) return;
    for (const answer of await askRecipients(probe, session, this.#options, this.#telling)) this.#tell(answer);
  }

  #tellAuth({ security, capabilities }: Session, { password }: Access): AuthStep {
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

  /** Since the visit began. */
  #milliseconds(): number {
    return this.#now().monotonic - this.#begun.monotonic;
  }
}
