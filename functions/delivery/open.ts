/**
 * A fresh session with one host: opened the way that policy wants it, or the trouble that stood in the way.
 */

import { Interrupted } from '../lmtp/dialogue.ts';
import type { Parameters } from '../parameters.ts';
import type { ChatOptions } from '../session/chat.ts';
import { type Opened, openSession } from '../session/opening.ts';
import { type Peer, relayName, type Session } from '../session/session.ts';
import { ConnectError } from '../session/transport.ts';
import { type Access, findAccess, secretsOf } from './access.ts';
import { chatOptions } from './agent.ts';
import type { AttemptContext } from './attempt-context.ts';
import { applyToAll, peerWords } from './conclude.ts';
import { countFault, countOpened } from './count-opening.ts';
import { interruptionClass, openingClass } from './incidents.ts';
import { type OpeningSwitches, openingTrouble, rememberedRefusal } from './opening-trouble.ts';
import { interruptionTrouble, type Trouble } from './trouble.ts';

/** A session, and the way in which it was got: another one than at first, where the password had just been changed. */
export interface OpenedSession {
  readonly session: Session;
  readonly access: Access;
}

/** Opens a session; or concludes for everybody why there is none. */
export async function open(
  context: AttemptContext,
  access: Access,
  recipients: readonly number[],
): Promise<OpenedSession | undefined> {
  const { agent, peer } = context;
  const refusal = access.password && agent.refusedCredentials.find(relayName(peer), access.password);
  if (refusal !== undefined) {
    context.count('AuthFailures');
    const trouble = rememberedRefusal(refusal, peerWords(peer), openingSwitches(agent.parameters));
    applyToAll(context, recipients, 'handshake', trouble, undefined);
    return undefined;
  }
  try {
    const opened = await openAsBestWeCan(context, access);
    if ('session' in opened) {
      countOpened(opened.session, context);
      const early = earlyReply(opened.session, context);
      if (early === undefined) return opened;
      opened.session.drop();
      context.incidents.note('protocol', early.text);
      applyToAll(context, recipients, 'handshake', early, relayName(peer));
      return undefined;
    }
    countFault(opened, context);
    const trouble = openingTrouble(opened, peerWords(peer), openingSwitches(agent.parameters));
    context.incidents.note(openingClass(opened), trouble.text);
    // Where TLS is no duty, its failure is no fault of the destination's.
    const isMild = opened.kind === 'TLS failed' && access.tls?.isRequired === false;
    applyToAll(context, recipients, 'handshake', isMild ? { ...trouble, scope: 'message' } : trouble, relayName(peer));
  } catch (error) {
    if (error instanceof ConnectError) {
      const text = `connect to ${relayName(peer)}: ${error.message}`;
      const trouble: Trouble = error.isDeadline
        ? { scope: 'self', status: '4.4.1', text, isOutOfTime: true }
        : { scope: 'stream', status: '4.4.1', text };
      if (!error.isDeadline) context.count('ConnectFailures');
      // Without a session there is no relay to show.
      applyToAll(context, recipients, 'handshake', trouble, undefined);
    } else if (error instanceof Interrupted) {
      const trouble = interruptionTrouble(error, peerWords(peer));
      if (trouble.isOutOfTime !== true) context.count('ConnectFailures');
      context.incidents.note(interruptionClass(error.reason), trouble.text);
      applyToAll(context, recipients, 'handshake', trouble, relayName(peer));
    } else {
      throw error;
    }
  }
  return undefined;
}

type Fault = Exclude<Opened, { kind: 'ready' }>;

/** Once more where that can help: without TLS that is no duty, or with a password that was changed meanwhile. */
async function openAsBestWeCan(context: AttemptContext, access: Access): Promise<OpenedSession | Fault> {
  const first = await openOnce(context, access);
  if (first.kind === 'ready') return { session: first.session, access };
  if (first.kind === 'TLS failed' && mayGoWithoutTls(context, access)) {
    countFault(first, context);
    const plain = withoutTls(access);
    const second = await openOnce(context, plain);
    return second.kind === 'ready' ? { session: second.session, access: plain } : second;
  }
  if (first.kind === 'AUTH refused' && first.reply.code >= 500 && access.password !== undefined) {
    return await afterRefusal(context, access, access.password, first);
  }
  return first;
}

/** A refusal counts only if the password was not changed since it was read; what counts is remembered. */
async function afterRefusal(
  context: AttemptContext,
  access: Access,
  password: NonNullable<Access['password']>,
  refused: Extract<Fault, { kind: 'AUTH refused' }>,
): Promise<OpenedSession | Fault> {
  const { agent, hop, peer } = context;
  const fresh = await findAccess(hop, peer, agent, { fresh: true });
  if (fresh.kind === 'found' && fresh.access.password !== undefined && fresh.access.key !== access.key) {
    const renewed = { ...fresh.access, formerPassword: password };
    const second = await openOnce(context, renewed);
    if (second.kind === 'ready') return { session: second.session, access: renewed };
    if (second.kind === 'AUTH refused' && second.reply.code >= 500) {
      agent.refusedCredentials.note(relayName(peer), fresh.access.password, second.reply);
    }
    return second;
  }
  agent.refusedCredentials.note(relayName(peer), password, refused.reply);
  return refused;
}

async function openOnce(context: AttemptContext, access: Access): Promise<Opened> {
  const { agent, peer } = context;
  const { parameters, clock } = agent;
  const { tls, login } = access;
  return await openSession(peer, {
    chat: attemptOptions(context, access),
    introduction: { name: parameters.lmtp_lhlo_name, discard: discardedKeywords(peer, parameters) },
    clock,
    ...(tls === undefined ? {} : { tls }),
    ...(login === undefined ? {} : { login }),
  });
}

/**
 * At level may, mail that has waited a while goes in plain text where the handshake fails, unless there is a password for
 * the server: that would go in plain text too (smtp_proto.c:smtp_start_tls).
 */
function mayGoWithoutTls({ agent, age }: AttemptContext, { tls, login }: Access): boolean {
  return tls?.isRequired === false && login === undefined && age >= agent.parameters.minimal_backoff_time;
}

function withoutTls({ tls, ...access }: Access): Access {
  return tls === undefined ? access : { ...access, key: `${access.key} plain` };
}

/** What lies there before it was asked for may have been put there by somebody else (lmtp_tls_block_early_mail_reply). */
export function earlyReply(
  session: Session,
  { agent, peer }: Pick<AttemptContext, 'agent' | 'peer'>,
): Trouble | undefined {
  const isWatched = agent.parameters.lmtp_tls_block_early_mail_reply && session.security.tls !== undefined;
  if (!isWatched || !session.hasUnread) return undefined;
  return { scope: 'site', status: '4.7.0', text: `host ${peerWords(peer).name} spoke before MAIL was sent` };
}

/** What every conversation of an attempt has. */
export function attemptOptions({ agent, limits, peer, incidents }: AttemptContext, access: Access): ChatOptions {
  const { transcript, ...options } = chatOptions(agent, limits, peer);
  const heard = incidents.listen(transcript);
  return { ...options, secrets: secretsOf(access), ...(heard === undefined ? {} : { transcript: heard }) };
}

/** The parameters that the meaning of a failed opening depends on. */
export function openingSwitches(parameters: Parameters): OpeningSwitches {
  return {
    skip5xxGreeting: parameters.lmtp_skip_5xx_greeting,
    authSoftBounce: parameters.lmtp_sasl_auth_soft_bounce,
    strictPostfix: parameters.strict_postfix_verdicts,
  };
}

/** Keywords to take as not offered by this server; an entry for its address stands in the place of the general list. */
export function discardedKeywords({ endpoint }: Peer, parameters: Parameters): ReadonlySet<string> {
  const byAddress =
    endpoint.kind === 'inet' ? parameters.lmtp_discard_lhlo_keyword_address_maps.find(endpoint.address) : undefined;
  const words = byAddress?.toLowerCase().split(/[\s,]+/) ?? parameters.lmtp_discard_lhlo_keywords;
  return new Set(words);
}
