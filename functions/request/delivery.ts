/**
 * A delivery: an envelope and a destination, from a queue or a command line.
 */

import type { Notify } from '../lmtp/commands.ts';

/** One recipient of a delivery. */
export interface DeliveryRecipient {
  readonly address: string;
  /** The address before any rewriting, if different. */
  readonly original?: string;
  readonly notify?: readonly Notify[];
  /** Plain text, `type;address`. */
  readonly orcpt?: string;
}

/** A delivery to make. */
export interface Delivery {
  readonly sender: string;
  readonly recipients: readonly DeliveryRecipient[];
  /** In Postfix's next-hop syntax. */
  readonly destination: string;
  /** As declared by the producer; absent: the content decides. */
  readonly body?: '7BIT' | '8BITMIME';
  readonly smtputf8?: boolean;
  readonly dsn?: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: string };
}
