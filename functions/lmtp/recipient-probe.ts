/**
 * Asks what a server would say to an envelope, and leaves it at that: MAIL, RCPT one after another, RSET. There is never a
 * DATA, so nothing is delivered.
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Envelope, mailCommand, rcptCommand } from './commands.ts';
import { type Dialogue, Interrupted, receive, send } from './dialogue.ts';

/** What was said. */
export interface ProbeOutcome {
  /** To MAIL; absent where the connection broke first. */
  readonly mail?: Reply;
  /** To each RCPT, in the envelope's order; there are fewer where MAIL was refused, the server closes, or the connection broke. */
  readonly recipients: readonly Reply[];
  /** What ended it before its time. */
  readonly interruption?: Interrupted;
}

/** Asks; never throws {@link Interrupted}, it answers with what it knows. */
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
      // It is about to close the connection.
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
