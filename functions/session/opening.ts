/**
 * A session over a connection of its own: connected, opened as lmtp/opening.ts says, or closed again.
 */

import { Interrupted } from '../lmtp/dialogue.ts';
import { type OpeningFault, type OpeningTerms, opening, type TlsTerms } from '../lmtp/opening.ts';
import { quit } from '../lmtp/parting.ts';
import type { Clock } from '../time/clock.ts';
import { type ChatOptions, chat, type HandshakeWish } from './chat.ts';
import { type Peer, Session } from './session.ts';
import { connect, type Transport } from './transport.ts';

/** What is wanted of TLS. */
export interface TlsWish extends TlsTerms, HandshakeWish {}

/** What a session is opened with. */
export interface OpenOptions extends OpeningTerms {
  readonly chat: ChatOptions;
  readonly clock: Clock;
  readonly tls?: TlsWish;
}

/** How opening a session ends, unless the connection fails or is interrupted. */
export type Opened = { readonly kind: 'ready'; readonly session: Session } | OpeningFault;

/**
 * Opens a session.
 *
 * @throws ConnectError   when there is no connection
 * @throws Interrupted    when it ends before the session is ready
 */
export async function openSession(peer: Peer, options: OpenOptions): Promise<Opened> {
  const { clock, tls } = options;
  const chatOptions = tls === undefined ? options.chat : { ...options.chat, handshake: tls };
  const openedAt = clock.now();
  const transport = await connect(peer.endpoint, chatOptions.limits, chatOptions.replyLimit);
  try {
    const outcome = await chat(opening(options), transport, chatOptions);
    if (outcome.kind === 'ready') {
      const { capabilities, security } = outcome;
      return {
        kind: 'ready',
        session: new Session({ peer, capabilities, security, transport, clock, opened: openedAt }),
      };
    }
    await part(outcome, transport, chatOptions);
    return outcome;
  } catch (error) {
    transport.destroy();
    // On TLS 1.3 a server that wants a certificate of ours says so when for us the handshake is over.
    const isLost = error instanceof Interrupted && error.reason === 'lost';
    if (isLost && transport.alert !== undefined) return { kind: 'TLS failed', reason: transport.alert };
    throw error;
  }
}

/** A refusal on a healthy stream ends with QUIT (smtp_proto.c). */
async function part({ kind }: OpeningFault, transport: Transport, options: ChatOptions): Promise<void> {
  if (kind === 'TLS failed') {
    transport.destroy();
    return;
  }
  await chat(quit({ skipReply: true }), transport, options);
  transport.close();
}
