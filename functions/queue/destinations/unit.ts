/**
 * What concurrency, suspension and window are counted by: a destination, or, where one delivery has one recipient
 * (lmtp_destination_recipient_limit=1), a mailbox at it. Then a single bad mailbox cannot stop all mail to its server.
 */

import { withoutExtension } from '../../smtp/extension.ts';

/** The name of the unit that a delivery belongs to. */
export function unitOf({ destination, mailbox }: { readonly destination: string; readonly mailbox?: string }): string {
  return mailbox === undefined ? destination : `${mailbox}@${destination}`;
}

/**
 * The mailbox of an address, in lower case, its extension taken away (split_addr.c). `recipientDelimiter` holds the characters
 * that begin an extension; empty: there are none.
 */
export function mailboxOf(address: string, recipientDelimiter: string): string {
  return withoutExtension(address.toLowerCase(), recipientDelimiter);
}
