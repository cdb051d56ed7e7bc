/**
 * The verdict on one recipient in one attempt.
 */

import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import type { TlsFacts } from '../tls/facts.ts';

/** The three verdicts. */
export type VerdictStatus = 'sent' | 'deferred' | 'bounced';

/** One recipient's verdict. */
export interface Verdict {
  readonly status: VerdictStatus;
  readonly dsn: EnhancedStatus;
  /** The reply of the server, or Postfix's text for other causes. */
  readonly text: string;
  /** `host[address]:port` of the server that decided it; absent without a session. */
  readonly relay?: string;
  /** Host name of that server, for Remote-MTA; absent for the agent's own text. */
  readonly remoteMta?: string;
  /** The number of the use of the connection, from 1. */
  readonly connUse?: number;
  /** The negotiated TLS; absent: plain text, or no session. */
  readonly tls?: TlsFacts;
  /** The content was sent and no reply arrived: the message may be delivered more than once. */
  readonly inDoubt?: true;
  /** Sent to a server without DSN: the agent reports success on request. */
  readonly relayed?: true;
  /** Seconds from the start of the delivery until the session was ready (delays c). */
  readonly setUp: number;
  /** Seconds from then until the verdict (delays d). */
  readonly transfer: number;
}
