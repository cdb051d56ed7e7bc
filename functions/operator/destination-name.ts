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
  const [, mailbox, server] = /^(.+@.+)@((?:inet|unix):.+)$/.exec(text) ?? [];
  if (mailbox !== undefined && server !== undefined) return `${mailbox}@${queueDestination(server, parameters)}`;
  return normaliseDestination(text, portsOf(parameters));
}
