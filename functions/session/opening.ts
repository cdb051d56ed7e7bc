/**
 * Opens a session on a new connection (lmtp/opening.ts), or closes the connection again.
 */

import { Interrupted } from '../lmtp/dialogue.ts';
import { type OpeningFault, type OpeningTerms, opening, type TlsTerms } from '../lmtp/opening.ts';
import { quit } from '../lmtp/rset-and-quit.ts';
import type { Clock } from '../time/clock.ts';
import { type ChatOptions, chat, type HandshakeOptions } from './chat.ts';
import { type Peer, Session } from './session.ts';
import { connect, type Transport } from './transport.ts';

/** The requirements and the request of TLS. */
export interface TlsOptions extends TlsTerms, HandshakeOptions {}

/** The options of opening a session. */
export interface OpenOptions extends OpeningTerms {
  readonly chat: ChatOptions;
  readonly clock: Clock;
  readonly tls?: TlsOptions;
}

/** The result of opening a session, unless the connection fails or is interrupted. */
export type Opened = { readonly kind: 'ready'; readonly session: Session } | OpeningFault;

/**
 * Opens a session.
 *
 * @throws ConnectError   if there is no connection
 * @throws Interrupted    if the connection ends before the session is ready
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
    await endConnection(outcome, transport, chatOptions);
    return outcome;
  } catch (error) {
    transport.destroy();
    // In TLS 1.3 a server that requires a client certificate reports that after the client's side of the handshake.
    const isLost = error instanceof Interrupted && error.reason === 'lost';
    if (isLost && transport.alert !== undefined) return { kind: 'TLS failed', reason: transport.alert };
    throw error;
  }
}

/** Ends the connection: with QUIT after a refusal on a healthy stream (smtp_proto.c). */
async function endConnection({ kind }: OpeningFault, transport: Transport, options: ChatOptions): Promise<void> {
  if (kind === 'TLS failed') {
    transport.destroy();
    return;
  }
  await chat(quit({ skipReply: true }), transport, options);
  transport.close();
}
