/**
 * Authentication on an open connection: which mechanism, to what it is bound, and whether the server lets us in.
 */

import { type Authenticated, authenticate } from '../lmtp/authentication.ts';
import { chooseMechanism } from '../sasl/choice.ts';
import {
  type Channel,
  type ChannelBinding,
  ChannelBindingError,
  type Credentials,
  type Mechanism,
  SaslError,
} from '../sasl/mechanism.ts';
import type { SecurityOption } from '../sasl/security-options.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import { type ChatOptions, chat } from './chat.ts';
import type { Secured } from './tls.ts';
import type { Transport } from './transport.ts';

/** Who we are to a server, and by which means we may say so. */
export interface Login {
  readonly credentials: Credentials;
  /** What a mechanism must be proof against on this connection (lmtp_sasl_*security_options). */
  readonly required: (channel: {
    readonly isEncrypted: boolean;
    readonly isMatched: boolean;
  }) => ReadonlySet<SecurityOption>;
  /** Where mutual_auth is required, a server that says yes without having proved itself is not believed (DIGEST-MD5). */
  readonly insistsOnProof: boolean;
  /** Whether a mechanism may be used at all (lmtp_sasl_mechanism_filter). */
  readonly allows: (mechanism: string) => boolean;
  /** A server that does not offer AUTH gets no mail (lmtp_sasl_auth_required). */
  readonly isRequired: boolean;
  /** Server name and port as mechanisms want them, and our own name. */
  readonly names: Pick<Channel, 'host' | 'port' | 'ownName'>;
}

/** How logging in ends, unless it is interrupted. */
export type LoggedIn =
  | { readonly kind: 'in'; readonly mechanism?: string }
  | { readonly kind: 'AUTH not offered' }
  /** AUTH with no words behind it, or with none that the filter allows. */
  | { readonly kind: 'no mechanism offered' }
  /** None that the security options allow and we can do. */
  | { readonly kind: 'no mechanism available' }
  | { readonly kind: 'AUTH refused'; readonly mechanism: string; readonly reply: Reply; readonly word?: string }
  | { readonly kind: 'AUTH failed'; readonly mechanism: string; readonly reason: string };

/** What is known of the connection. */
export interface Offer {
  readonly capabilities: Capabilities;
  readonly secured?: Secured | undefined;
  readonly isMatched: boolean;
}

/** The connection as mechanisms see it. */
export function channelOf({ names }: Login, secured: Secured | undefined): Channel {
  return {
    ...names,
    isEncrypted: secured !== undefined,
    hasClientCertificate: secured?.hasClientCertificate ?? false,
    bindings: secured?.bindings ?? [],
  };
}

/**
 * Authenticates.
 *
 * @throws Interrupted
 */
export async function logIn(
  login: Login,
  { capabilities, secured, isMatched }: Offer,
  transport: Transport,
  options: ChatOptions,
): Promise<LoggedIn> {
  if (!capabilities.keywords.includes('AUTH')) return login.isRequired ? { kind: 'AUTH not offered' } : { kind: 'in' };
  const offered = capabilities.auth.filter(login.allows);
  if (offered.length === 0) return { kind: 'no mechanism offered' };
  const channel = channelOf(login, secured);
  const required = login.required({ isEncrypted: channel.isEncrypted, isMatched });
  const mechanism = chooseMechanism(offered, required, login.credentials, channel);
  if (mechanism === undefined) return { kind: 'no mechanism available' };
  const bindings = mechanism.name.endsWith('-PLUS') ? channel.bindings : [undefined];
  const requireProof = login.insistsOnProof && required.has('mutual_auth');
  let outcome: LoggedIn = { kind: 'no mechanism available' };
  for (const [index, binding] of bindings.entries()) {
    const authenticated = await exchange(
      { mechanism, login, channel, offered: capabilities.auth, binding, requireProof },
      transport,
      options,
    );
    outcome = conclude(mechanism.name, authenticated);
    if (!wantsOtherBinding(authenticated, index === 0)) break;
  }
  return outcome;
}

interface Attempt {
  readonly mechanism: Mechanism;
  readonly login: Login;
  readonly channel: Channel;
  readonly offered: readonly string[];
  readonly binding: ChannelBinding | undefined;
  readonly requireProof: boolean;
}

async function exchange(
  { mechanism, login, channel, offered, binding, requireProof }: Attempt,
  transport: Transport,
  options: ChatOptions,
): Promise<Authenticated> {
  try {
    const given = { offered, requireProof, ...(binding === undefined ? {} : { binding }) };
    return await chat(
      authenticate(mechanism.name, mechanism.start(login.credentials, channel, given)),
      transport,
      options,
    );
  } catch (error) {
    if (error instanceof SaslError) return { kind: 'failed', error };
    throw error;
  }
}

function conclude(mechanism: string, authenticated: Authenticated): LoggedIn {
  switch (authenticated.kind) {
    case 'accepted':
      return { kind: 'in', mechanism };
    case 'refused': {
      const { reply, word } = authenticated;
      return { kind: 'AUTH refused', mechanism, reply, ...(word === undefined ? {} : { word }) };
    }
    case 'failed':
      return { kind: 'AUTH failed', mechanism, reason: authenticated.error.message };
    default:
      return authenticated satisfies never;
  }
}

/**
 * There is no way to ask a server which channel binding it knows (RFC 9266 section 4). One that looks at the type says no to
 * the very first message, before anything was proved, or says what it dislikes. Others, Cyrus among them, compare what was
 * bound together with the proof, and then a binding that they do not know looks like a wrong password: after the first
 * refusal of that kind one more binding is tried, and no third, since over there each counts as somebody's guess.
 */
function wantsOtherBinding(authenticated: Authenticated, isFirst: boolean): boolean {
  if (authenticated.kind === 'failed') return authenticated.error instanceof ChannelBindingError;
  if (authenticated.kind !== 'refused' || authenticated.reply.code === 421) return false;
  return authenticated.challenges === 0 || (isFirst && authenticated.reply.code >= 500);
}
