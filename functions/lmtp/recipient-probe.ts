/**
 * Probes a server with an envelope: MAIL, RCPT one after another, RSET. DATA is never sent, so nothing is delivered.
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Envelope, mailCommand, rcptCommand } from './commands.ts';
import { type Dialogue, Interrupted, receive, send } from './dialogue.ts';

/** The replies to a probe. */
export interface ProbeOutcome {
  /** To MAIL; absent if the connection broke first. */
  readonly mail?: Reply;
  /** To each RCPT, in order; fewer if MAIL was refused, or the session ended. */
  readonly recipients: readonly Reply[];
  /** What interrupted it. */
  readonly interruption?: Interrupted;
}

/** Sends the probe; on an interruption it returns the replies so far, and never throws {@link Interrupted}. */
export function* probeRecipients(envelope: Envelope, offered: Capabilities): Dialogue<ProbeOutcome> {
  let mail: Reply | undefined;
  const recipients: Reply[] = [];
  const known = () => ({ ...(mail === undefined ? {} : { mail }), recipients });
  try {
    yield* send(mailCommand(envelope, offered));
    mail = yield* receive('MAIL');
    if (!isPositive(mail)) return known();
    for (const recipient of envelope.recipients) {
      yield* send(rcptCommand(recipient, envelope, offered));
      const reply = yield* receive('RCPT');
      recipients.push(reply);
      // The server is about to close the connection.
      if (reply.code === 421) return known();
    }
    yield* send('RSET');
    yield* receive('RSET');
    return known();
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
    return { ...known(), interruption };
  }
}
