/**
 * Destinations as people write them, and as the queue has them.
 */

import type { Parameters } from '../parameters/parameters.ts';
import { normaliseDestination, portsOf } from '../request/destination.ts';

/**
 * A destination as the queue has it, however it was written; what the transport map parks, as it stands.
 *
 * @throws DestinationError naming what is wrong and what is allowed
 */
export function queueDestination(text: string, parameters: Parameters): string {
  if (/^(?:retry|error|discard):/.test(text)) return text;
  // The mailbox that has a concurrency of its own: mailbox@domain@inet:host:port.
  const [, mailbox, server] = /^(.+@.+)@((?:inet|unix):.+)$/.exec(text) ?? [];
  if (mailbox !== undefined && server !== undefined) return `${mailbox}@${queueDestination(server, parameters)}`;
  return normaliseDestination(text, portsOf(parameters));
}
