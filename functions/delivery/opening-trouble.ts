/**
 * The troubles of failed openings: rows 14 to 39 of Postfix's outcomes (smtp_proto.c, smtp_sasl_proto.c).
 */

import type { OpeningFault } from '../lmtp/opening.ts';
import type { StagedReply } from '../lmtp/transaction-record.ts';
import { withClass } from '../smtp/enhanced-status.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Judge } from './judge.ts';
import { handshakeTrouble, type PeerWords, type Trouble, unsettledTrouble } from './trouble.ts';

/** The parameters that decide what a failed opening means. */
export interface OpeningSwitches {
  /** lmtp_skip_5xx_greeting */
  readonly skip5xxGreeting: boolean;
  /** lmtp_sasl_auth_soft_bounce */
  readonly authSoftBounce: boolean;
  readonly judge: Judge;
}

/** Returns the trouble for a fault. */
export function openingTrouble(fault: OpeningFault, peer: PeerWords, switches: OpeningSwitches): Trouble {
  switch (fault.kind) {
    case 'refused':
      return handshakeTrouble(fault, peer, switches);
    case 'out of step':
      return answerTroubleOf(fault, 'out of step', peer);
    case 'goodbye':
      return answerTroubleOf(fault, 'goodbye', peer);
    case 'TLS not offered':
      return site('4.7.4', `TLS is required, but was not offered by host ${peer.name}`);
    case 'TLS refused':
      return tlsRefused(fault.reply, peer, switches);
    case 'TLS failed':
      return site('4.7.5', `Cannot start TLS with ${peer.name}: handshake failure: ${fault.reason}`);
    case 'certificate not accepted':
      // The reason begins with Postfix's text.
      return site('4.7.5', `${fault.reason} (host ${peer.name})`);
    case 'AUTH not offered':
      return site(
        '4.7.0',
        `SASL authentication failed: server ${peer.name} does not offer AUTH, and there is a password for it`,
      );
    case 'no mechanism offered':
      return site(
        '4.7.0',
        `SASL authentication failed: server ${peer.name} offered no compatible authentication mechanisms for this type of connection security`,
      );
    case 'no mechanism available':
      return cannotAuthenticate('no mechanism available', peer);
    case 'AUTH failed':
      return cannotAuthenticate(fault.reason, peer);
    case 'AUTH refused':
      return authRefused(fault.reply, fault.word, peer, switches);
    default:
      return fault satisfies never;
  }
}

function answerTroubleOf({ stage, reply }: StagedReply, why: 'out of step' | 'goodbye', peer: PeerWords): Trouble {
  return unsettledTrouble({ kind: 'unsettled', stage, reply, why, inDoubt: false }, peer);
}

/** Returns the trouble for credentials that were refused recently and are not tried again. */
export function rememberedRefusal(reply: Reply, peer: PeerWords, switches: OpeningSwitches): Trouble {
  const trouble = authRefused(reply, undefined, peer, switches);
  return { ...trouble, text: trouble.text.replace('SASL authentication', 'SASL [CACHED] authentication') };
}

function site(status: Trouble['status'], text: string): Trouble {
  return { scope: 'site', status, text };
}

function tlsRefused(reply: Reply, { name, host }: PeerWords, { judge }: OpeningSwitches): Trouble {
  const text = `TLS is required, but host ${name} refused to start TLS: ${reply.text}`;
  return {
    scope: 'site',
    remoteMta: host,
    status: judge.softensOpening ? withClass(reply.status, 4) : reply.status,
    text,
  };
}

function cannotAuthenticate(reason: string, { name }: PeerWords): Trouble {
  return site('4.7.0', `SASL authentication failed; cannot authenticate to server ${name}: ${reason}`);
}

function authRefused(
  reply: Reply,
  word: string | undefined,
  { name, host }: PeerWords,
  { authSoftBounce }: OpeningSwitches,
): Trouble {
  const reason = word === undefined ? '' : ` (${word})`;
  const text = `SASL authentication failed; server ${name} said: ${reply.text}${reason}`;
  const isHard = reply.code >= 500 && reply.code < 600;
  const status = isHard && !authSoftBounce ? reply.status : withClass(reply.status, 4);
  return { scope: 'site', remoteMta: host, status, text };
}
