/**
 * Cuts a request into deliveries: by destination, then into chunks of recipients (destination_recipient_limit).
 *
 * A chunk is also limited in octets. An item of the table may have 400 KB, and must hold two replies for each
 * recipient: in the last verdict and in an event.
 */

import { normaliseDestination, type Ports } from '../../request/destination.ts';
import { hashOf, slotOf } from '../../request/hash.ts';
import type { DeliveryRequest, RequestedRecipient } from '../../request/request.ts';
import { RequestError } from '../../request/request-error.ts';
import { isParked } from '../../request/route.ts';
import type { TransportMap } from '../../request/transport-map.ts';
import { beginningOf } from '../../smtp/ends.ts';
import { addressLimit } from '../../smtp/path.ts';
import type { QueuedRecipient } from './item.ts';

/** A planned delivery. */
export interface PlannedDelivery {
  /** Normalised. */
  readonly destination: string;
  readonly recipients: readonly QueuedRecipient[];
}

/** The plan of a request. */
export interface Plan {
  readonly deliveries: readonly PlannedDelivery[];
  /** Recipients with an unusable address, and the reason. */
  readonly refused: readonly (QueuedRecipient & { readonly fault: string })[];
}

/** What a plan depends on, besides the request. */
export interface PlanRules {
  readonly transportMap: TransportMap;
  /** Normalised destinations that a request may name, in addition to those of the map. */
  readonly allowedDestinations: ReadonlySet<string>;
  /** Recipients of one delivery; 0 = as many as fit. */
  readonly recipientLimit: number;
  /** lmtp_tcp_port, alone or with known_tcp_ports */
  readonly defaultPort: Ports | number;
}

/** Octets for the recipients of one delivery with their verdicts and events: an item may have 400 KB. */
const chunkOctets = 370_000;
/** Octets for all replies of one delivery, each reply counted once. */
const repliesOctets = 100_000;
/** The shortest and the longest limit for a reply. */
const replyOctets = { least: 256, most: 2048 };
/**
 * Octets besides address and reply: names of attributes, status, times, relay, doubt, as the last verdict and in an
 * event.
 */
const recordOctets = 620;
/**
 * How often events may contain an address: once in SES's list of their recipients, and once in each type of event,
 * which lists all recipients (four types of failure, seven of delay, one of success).
 */
const addressCopies = 13;

/**
 * Returns the plan of a request.
 *
 * @throws RequestError if a destination is missing or not allowed
 */
export function planDeliveries(request: DeliveryRequest, rules: PlanRules): Plan {
  const byDestination = new Map<string, QueuedRecipient[]>();
  const refused: (QueuedRecipient & { fault: string })[] = [];
  for (const [n, { fault, ...recipient }] of request.recipients.entries()) {
    if (fault !== undefined) {
      refused.push({ ...recipient, address: cutAddress(recipient.address), n, fault });
      continue;
    }
    const destination = findDestination(request, recipient, rules);
    const group = byDestination.get(destination) ?? [];
    byDestination.set(destination, group);
    group.push({ ...recipient, n });
  }
  const deliveries = [...byDestination].flatMap(([destination, recipients]) =>
    // Parked mail is looked up again each time, and its recipients may then have different destinations.
    cutChunks(recipients, isParked(destination) ? 1 : rules.recipientLimit).map((chunk) => ({
      destination,
      recipients: chunk,
    })),
  );
  return { deliveries, refused };
}

/**
 * Cuts recipients into chunks that fit into one item each.
 *
 * @param limit recipients of a chunk; 0 = as many as fit
 */
export function cutChunks<Recipient extends QueuedRecipient>(
  recipients: readonly Recipient[],
  limit: number,
): readonly (readonly Recipient[])[] {
  const cut: Recipient[][] = [];
  let current: Recipient[] = [];
  let octets = 0;
  for (const recipient of recipients) {
    const size = octetsWithoutReplies(recipient);
    const count = current.length + 1;
    const isFull = (limit > 0 && count > limit) || octets + size + 2 * count * replyLimit(count) > chunkOctets;
    if (current.length > 0 && isFull) {
      cut.push(current);
      current = [];
      octets = 0;
    }
    current.push(recipient);
    octets += size;
  }
  if (current.length > 0) cut.push(current);
  return cut;
}

/** Returns the message group of a delivery: one of as many slots as its destination may have deliveries at once. */
export function messageGroup(transport: string, destination: string, delivery: string, slots: number): string {
  return `${hashOf(`${transport} ${destination}`).slice(0, 16)}#${slotOf(delivery, slots)}`;
}

/** Cuts a reply so that the replies of `recipients` fit into an item. */
export function cutText(text: string, recipients: number): string {
  const limit = replyLimit(recipients);
  if (Buffer.byteLength(text) <= limit) return text;
  return `${beginningOf(text, limit - 3)}...`;
}

function findDestination(request: DeliveryRequest, recipient: RequestedRecipient, rules: PlanRules): string {
  if (request.destination === undefined) {
    const found = rules.transportMap.find(recipient.address);
    if (found === undefined) {
      throw new RequestError('destination', `the transport map has no entry for ${JSON.stringify(recipient.address)}`);
    }
    return found;
  }
  return admitDestination(request.destination, rules);
}

/**
 * Returns a named destination, normalised.
 *
 * @throws RequestError   if this stack does not allow it
 * @throws DestinationError if it cannot be parsed
 */
export function admitDestination(
  named: string,
  { transportMap, allowedDestinations, defaultPort }: Omit<PlanRules, 'recipientLimit'>,
): string {
  const destination = normaliseDestination(named, defaultPort);
  if (!transportMap.destinations.has(destination) && !allowedDestinations.has(destination)) {
    const allowed = [...new Set([...transportMap.destinations, ...allowedDestinations])].join(' ') || 'none';
    throw new RequestError('destination', `"${named}" is not allowed by this stack; allowed: ${allowed}`);
  }
  return destination;
}

/** An address that was refused for its length might not fit into an item. */
function cutAddress(address: string): string {
  if (Buffer.byteLength(address) <= addressLimit) return address;
  return `${beginningOf(address, addressLimit)}...`;
}

function replyLimit(recipients: number): number {
  const { least, most } = replyOctets;
  return Math.max(least, Math.min(most, Math.floor(repliesOctets / Math.max(1, recipients))));
}

/** Octets of a recipient in its item and in an event, without the replies. */
function octetsWithoutReplies(recipient: QueuedRecipient): number {
  const address = Buffer.byteLength(recipient.address);
  return 2 * Buffer.byteLength(JSON.stringify(recipient)) + addressCopies * address + recordOctets;
}
