/**
 * The verdicts on troubles with a host (after Postfix smtp_trouble(3)).
 *
 *   trouble with     soft, a host left   soft, last host        hard                  in doubt
 *   one recipient    leftover            deferred               bounced               -
 *   the message      all leftover        all deferred           all bounced           -
 *   the site         all leftover        all deferred, blamed   all bounced           -
 *   the stream       all leftover        all deferred, blamed   -                     deferred, blamed
 *   ourselves        all deferred        all deferred           -                     deferred
 *
 * The first digit of the enhanced status, after reconciling it with the reply code, decides between soft and hard. Any other reply (a
 * 3xx to RCPT, a 2xx to DATA, a code 600) comes from a server out of step: it is soft here, while Postfix bounces with 5.5.0. A
 * recipient in doubt is not tried at another host in the same attempt, because that could deliver twice. "Blamed" counts against the
 * destination (Postfix: throttled).
 */

import type { Answer, Doubt, InterruptionCause, Stage } from '../lmtp/dialogue.ts';
import { isGoodbye } from '../lmtp/final-replies.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { type EnhancedStatus, statusClass, withClass } from '../smtp/enhanced-status.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Judge, judgeOf } from './judge.ts';
import type { VerdictStatus } from './verdict.ts';

/** The scope of a trouble. */
export type Scope = 'recipient' | 'message' | 'site' | 'stream' | 'self';

/** A failure of a host, a network, a name service or the agent. */
export interface Trouble {
  readonly scope: Scope;
  /** 4.x.x or 5.x.x. */
  readonly status: EnhancedStatus;
  readonly text: string;
  /** Host name of the server that sent the text; absent for the agent's own text. */
  readonly remoteMta?: string;
  readonly inDoubt?: true;
  /** The time of the function ran out. */
  readonly isOutOfTime?: true;
}

/** The circumstances that a verdict depends on. */
export interface Circumstances {
  /** No other host is left in this attempt. */
  readonly isLastHost: boolean;
  /** soft_bounce */
  readonly softBounce: boolean;
  readonly judge: Judge;
}

/** The consequence of a trouble. */
export interface Consequence {
  readonly outcome: VerdictStatus | 'leftover';
  readonly status: EnhancedStatus;
  /** Whether it counts against the destination. */
  readonly blames: boolean;
}

const policy: Readonly<Record<Scope, { readonly softElsewhere: 'leftover' | 'deferred'; readonly blames: boolean }>> = {
  recipient: { softElsewhere: 'leftover', blames: false },
  message: { softElsewhere: 'leftover', blames: false },
  site: { softElsewhere: 'leftover', blames: true },
  stream: { softElsewhere: 'leftover', blames: true },
  self: { softElsewhere: 'deferred', blames: false },
};

/** Returns the consequence of a trouble. */
export function consequenceOf(trouble: Trouble, { isLastHost, softBounce, judge }: Circumstances): Consequence {
  const { softElsewhere, blames } = policy[trouble.scope];
  const soft = statusClass(trouble.status) !== 5;
  const status = soft || !softBounce ? trouble.status : withClass(trouble.status, 4);
  if (!soft && !softBounce) return { outcome: 'bounced', status, blames: false };
  const stays = isLastHost || (trouble.inDoubt === true && !judge.offersDoubtElsewhere);
  const outcome = stays ? 'deferred' : softElsewhere;
  return { outcome, status, blames: blames && outcome === 'deferred' };
}

/** A verdict without its session. `blames`: it counts against the destination. */
export interface LastVerdict {
  readonly status: 'deferred' | 'bounced';
  readonly dsn: EnhancedStatus;
  readonly text: string;
  readonly blames: boolean;
}

/** Returns the verdict on a trouble when no other host is left to try. */
export function lastVerdict(
  trouble: Trouble,
  parameters: Pick<Parameters, 'soft_bounce' | 'strict_postfix_verdicts'>,
): LastVerdict {
  const circumstances = { isLastHost: true, softBounce: parameters.soft_bounce, judge: judgeOf(parameters) };
  const { outcome, status, blames } = consequenceOf(trouble, circumstances);
  return { status: outcome === 'bounced' ? outcome : 'deferred', dsn: status, text: trouble.text, blames };
}

/** The activity of the agent, in Postfix's words. */
const doing: Readonly<Record<Stage, string>> = {
  greeting: 'receiving the initial server greeting',
  LHLO: 'performing the LHLO handshake',
  STARTTLS: 'receiving the STARTTLS response',
  // Postfix counts AUTH as part of the handshake.
  AUTH: 'performing the LHLO handshake',
  MAIL: 'sending MAIL FROM',
  RCPT: 'sending RCPT TO',
  DATA: 'sending DATA command',
  content: 'sending message body',
  dot: 'sending end of data -- message may be sent more than once',
  RSET: 'sending RSET',
  QUIT: 'sending QUIT',
};

const command: Partial<Record<Stage, string>> = {
  MAIL: 'MAIL FROM command',
  RCPT: 'RCPT TO command',
  DATA: 'DATA command',
  dot: 'end of DATA command',
};

/** Returns the trouble of an answer; `undefined` for a delivered recipient. */
export function answerTrouble(answer: Answer, peer: PeerWords, judge: Judge): Trouble | undefined {
  switch (answer.kind) {
    case 'reply': {
      const { reply, stage } = answer;
      if (stage === 'dot' && isPositive(reply)) return undefined;
      const text = `host ${peer.name} said: ${reply.text} (in reply to ${command[stage] ?? stage})`;
      const scope = stage === 'RCPT' || stage === 'dot' ? 'recipient' : 'message';
      return { scope, remoteMta: peer.host, ...refusal(reply, text, judge) };
    }
    case 'unsettled':
      return unsettledTrouble(answer, peer);
    case 'excess':
      return {
        scope: 'recipient',
        remoteMta: peer.host,
        // A 552 for "too many recipients" is temporary too (RFC 5321 section 4.5.3.1.10).
        status: withClass(answer.reply.status, 4),
        text: `host ${peer.name} said: ${answer.reply.text} (in reply to RCPT TO command)`,
      };
    case 'interrupted':
      return interruptionTrouble(answer, peer);
    default:
      return answer satisfies never;
  }
}

/** Returns the trouble of a reply that decides nothing: it defers, with the line of the server. */
export function unsettledTrouble({ stage, reply, why, inDoubt }: Unsettled, peer: PeerWords): Trouble {
  const where = command[stage] === undefined ? `while ${doing[stage]}` : `in reply to ${command[stage]}`;
  const said = `host ${peer.name} said: ${reply.text} (${where})`;
  const words: Readonly<Record<Doubt, string>> = {
    'out of step': `replies out of step: ${said}`,
    early: said,
    goodbye: said,
    unconfirmed: `${said}, and the session ended before the refusal was confirmed`,
  };
  const isClassified = reply.code >= 400 && reply.code < 600;
  return {
    // An unconfirmed refusal concerns the recipient or the message, and does not blame the server.
    scope: why === 'unconfirmed' ? (stage === 'RCPT' ? 'recipient' : 'message') : 'stream',
    remoteMta: peer.host,
    status: isClassified || isGoodbye(reply) ? withClass(reply.status, 4) : '4.5.0',
    text: words[why],
    ...(inDoubt ? { inDoubt } : {}),
  };
}

type Unsettled = Extract<Answer, { kind: 'unsettled' }>;

/** The names of a server in messages. */
export interface PeerWords {
  /** `host[address]` */
  readonly name: string;
  readonly host: string;
}

/** Returns the trouble of a refused greeting or LHLO (smtp_site_fail). */
export function handshakeTrouble(
  refused: { readonly stage: Stage; readonly reply: Reply },
  peer: PeerWords,
  { skip5xxGreeting, judge }: { readonly skip5xxGreeting: boolean; readonly judge: Judge },
): Trouble {
  const { stage, reply } = refused;
  const text = `host ${peer.name} refused to talk to me: ${reply.text}`;
  const { status, text: words } = refusal(reply, text, judge);
  const soften =
    (stage === 'greeting' && reply.code >= 500 && reply.code < 600 && skip5xxGreeting) ||
    (stage === 'LHLO' && judge.softensOpening);
  return { scope: 'site', remoteMta: peer.host, status: soften ? withClass(status, 4) : status, text: words };
}

/** Returns the trouble of an interrupted conversation. */
export function interruptionTrouble(
  { stage, reason, inDoubt = false }: { readonly stage: Stage; readonly reason: InterruptionCause; inDoubt?: boolean },
  peer: PeerWords,
): Trouble {
  const text = interruptionWords(stage, reason, peer.name);
  const isOurs = reason === 'deadline' || reason === 'body' || reason === 'claim';
  const scope = isOurs ? 'self' : 'stream';
  const status = reason === 'body' || reason === 'claim' ? '4.3.0' : '4.4.2';
  return {
    scope,
    status,
    text,
    ...(inDoubt ? { inDoubt } : {}),
    ...(reason === 'deadline' ? { isOutOfTime: true as const } : {}),
  };
}

function interruptionWords(stage: Stage, reason: InterruptionCause, peer: string): string {
  switch (reason) {
    case 'lost':
      return `lost connection with ${peer} while ${doing[stage]}`;
    case 'timeout':
      return `conversation with ${peer} timed out while ${doing[stage]}`;
    case 'deadline':
      return `conversation with ${peer} ran out of this invocation's time while ${doing[stage]}`;
    case 'flood':
      return `host ${peer} sent a reply without end while ${doing[stage]}`;
    case 'body':
      return `the message could not be read to its end while ${doing[stage]} to ${peer}`;
    case 'claim':
      return `the delivery could not be claimed while ${doing[stage]} to ${peer}`;
    default:
      return reason satisfies never;
  }
}

/** Returns status and text of a reply that is not positive. */
function refusal(reply: Reply, text: string, judge: Judge): { status: EnhancedStatus; text: string } {
  if (reply.code >= 400 && reply.code < 600) return { status: reply.status, text };
  const words = isPositive(reply) ? `Protocol error: ${text}` : text;
  return { status: judge.unclassified, text: words };
}
