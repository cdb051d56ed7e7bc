/**
 * Destinations as operators write them, and as the queue stores them.
 */

import type { Parameters } from '../parameters/parameters.ts';
import { normaliseDestination, portsOf } from '../request/destination.ts';

/**
 * Returns a destination as the queue stores it. Destinations that the transport map parks (`retry:` and the like) stay unchanged.
 *
 * @throws DestinationError with the fault and the allowed values
 */
export function queueDestination(text: string, parameters: Parameters): string {
  if (/^(?:retry|error|discard):/.test(text)) return text;
  // A mailbox with its own concurrency window: mailbox@domain@inet:host:port.
  const own = splitMailbox(text);
  if (own !== undefined) return `${own.mailbox}@${queueDestination(own.server, parameters)}`;
  return normaliseDestination(text, portsOf(parameters));
}

/** Splits the name of a mailbox with its own concurrency window; undefined for other destinations. */
export function splitMailbox(text: string): { readonly mailbox: string; readonly server: string } | undefined {
  const at = Math.max(text.lastIndexOf('@inet:'), text.lastIndexOf('@unix:'));
  const [mailbox, server] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  const inner = mailbox.indexOf('@', 1);
  if (inner < 0 || inner === mailbox.length - 1 || server.length === 'inet:'.length) return undefined;
  return { mailbox, server };
}
