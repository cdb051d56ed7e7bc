/**
 * The unit of concurrency, suspension and window: a destination or, with lmtp_destination_recipient_limit=1, a mailbox
 * at a destination. Then one bad mailbox cannot stop all mail to its server.
 */

import { withoutExtension } from '../../smtp/extension.ts';

/** Returns the name of the unit that a delivery belongs to. */
export function unitOf({ destination, mailbox }: { readonly destination: string; readonly mailbox?: string }): string {
  return mailbox === undefined ? destination : `${mailbox}@${destination}`;
}

/**
 * Returns the mailbox of an address in lower case, without extension (split_addr.c). `recipientDelimiter` holds the
 * characters that begin an extension; empty: none.
 */
export function mailboxOf(address: string, recipientDelimiter: string): string {
  return withoutExtension(address.toLowerCase(), recipientDelimiter);
}
