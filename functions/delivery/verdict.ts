/**
 * Verdicts: what we conclude about one recipient in one attempt. Nothing else lives here.
 */

import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import type { TlsFacts } from '../tls/facts.ts';

/** The three conclusions; only they exist. */
export type VerdictStatus = 'sent' | 'deferred' | 'bounced';

/** One recipient's verdict. */
export interface Verdict {
  readonly status: VerdictStatus;
  readonly dsn: EnhancedStatus;
  /** The server's own words, or Postfix's for what the server could not say. */
  readonly text: string;
  /** `host[address]:port` of the server that decided it; absent where no session was had. */
  readonly relay?: string;
  /** Host name of that server, for Remote-MTA; absent where the words are ours. */
  readonly remoteMta?: string;
  /** Which use of the connection it was, from 1. */
  readonly connUse?: number;
  /** What was had of TLS; absent: plain text, or no session. */
  readonly tls?: TlsFacts;
  /** The content went out and no answer came: the message may be delivered more than once. */
  readonly inDoubt?: true;
  /** Sent to a server without DSN: whoever wants to hear of success has to hear it from us. */
  readonly relayed?: true;
  /** Seconds from the hand-off to the agent until the session was ready (delays c). */
  readonly setUp: number;
  /** Seconds from then until the verdict (delays d). */
  readonly transfer: number;
}
