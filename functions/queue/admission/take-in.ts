/**
 * A request becomes deliveries: it is cut, its body is pinned, and what is not in the table yet is put there and sent to active.
 */

import { formatHandedOn } from '../../incoming/handed-on.ts';
import type { OtherTransports } from '../../incoming/ports.ts';
import type { Submission } from '../../incoming/reading.ts';
import { type DeliveryLine, deliveryLine, lineFormat } from '../../log/delivery-line.ts';
import { portsOf } from '../../request/destination.ts';
import { hashOf } from '../../request/hash.ts';
import { RequestError } from '../../request/request-error.ts';
import { parseOtherTransport } from '../../request/route.ts';
import type { TransportMap } from '../../request/transport-map.ts';
import type { QueueServices } from '../destinations/services.ts';
import type { DeliveryItem, PinnedMessage } from '../items/item.ts';
import { type Plan, planDeliveries } from '../items/plan.ts';
import { BodyFault } from '../items/ports.ts';
import {
  ItemFault,
  isUnreadable,
  orUnreadable,
  readable,
  type UnreadableItem,
  unreadable,
} from '../items/unreadable-item.ts';
import { logDeliveries } from '../settlement/log-deliveries.ts';
import { holdMalformed, noteForeign } from '../writes/malformed.ts';
import { publish } from '../writes/publish.ts';
import { admitItem } from './admit-item.ts';
import { type BodyPlaces, checkPlace } from './body-place.ts';
import { makeItems } from './new-items.ts';

/** What is accepted. */
export interface Acceptance extends BodyPlaces {
  readonly transportMap: TransportMap;
  /** Normalised destinations that a request may name, beside those of the map. */
  readonly allowedDestinations: ReadonlySet<string>;
  /** Where the map may send mail beside this transport's destinations; absent: it names no other transport. */
  readonly otherTransports?: OtherTransports;
}

/**
 * Takes a request in.
 *
 * @throws RequestError where it cannot be used
 */
export async function takeIn(submission: Submission, acceptance: Acceptance, services: QueueServices): Promise<void> {
  const { parameters } = services;
  const { request } = submission;
  const plan = planDeliveries(request, {
    ...acceptance,
    recipientLimit: parameters.lmtp_destination_recipient_limit,
    defaultPort: portsOf(parameters),
  });
  refuseCircle(plan, submission);
  const message = await pinOrRecall(submission, acceptance, services);
  for (const item of makeItems({ submission, plan, message, first: 0 }, services)) {
    await handOn(item, submission, acceptance, services);
    if ((await put(item, submission, services)) === 'cut otherwise') {
      await takeInRest({ submission, plan, message }, acceptance, services);
      return;
    }
  }
}

/**
 * Whether this very request was taken in, wholly, when it still could be: a late copy whose body is gone by now, or whose
 * destination is allowed no more, is a duplicate and nothing else.
 */
export async function isTakenIn(
  { identity, request, namesSome }: Partial<Submission>,
  { ledger }: QueueServices,
): Promise<boolean> {
  if (identity === undefined) return false;
  const there = await ledger.readAll(identity.id);
  const [first] = readable(there);
  if (first === undefined || first.requestHash !== hashOf(identity.value)) return false;
  if (!namesSome) return there.length >= first.deliveries;
  const addresses = new Set(readable(there).flatMap(({ recipients }) => recipients.map(({ address }) => address)));
  return request?.recipients.every(({ address }) => addresses.has(address)) ?? false;
}

/**
 * Pins a body.
 *
 * @throws RequestError where it may not lie, or there is no such body
 */
export async function pinBody(
  message: Pick<PinnedMessage, 'bucket' | 'key' | 'versionId'>,
  places: BodyPlaces,
  { bodies }: QueueServices,
): Promise<PinnedMessage> {
  checkPlace(message, places);
  return await withoutBodyFault(bodies.pin(message));
}

/**
 * The body of a request. One that was deleted meanwhile, since all deliveries that there were are done, is still known to them:
 * what comes late may name further recipients of it.
 */
async function pinOrRecall(
  { identity, request }: Submission,
  places: BodyPlaces,
  services: QueueServices,
): Promise<PinnedMessage> {
  if ('file' in request.message) throw new RequestError('message.file', 'is not allowed here');
  const named = request.message;
  try {
    return await pinBody(named, places, services);
  } catch (error) {
    if (!(error instanceof RequestError && error.cause instanceof BodyFault)) throw error;
    const there = readable(await services.ledger.readAll(identity.id));
    const known = there.find(({ requestHash }) => requestHash === hashOf(identity.value))?.message;
    if (known?.versionId === undefined || known.bucket !== named.bucket || known.key !== named.key) throw error;
    if (named.versionId !== undefined && named.versionId !== known.versionId) throw error;
    return known;
  }
}

/** What is wrong with a body for good is a fault of the request that names it. */
export async function withoutBodyFault<T>(looking: Promise<T>): Promise<T> {
  try {
    return await looking;
  } catch (cause) {
    if (cause instanceof BodyFault) throw new RequestError('message.key', cause.message, { cause });
    throw cause;
  }
}

/**
 * The request was taken in before, wholly or in part, and cut in another way: its limits or its map were others then, or
 * what came then named others of its recipients. What was put down stands; only recipients that no delivery has yet get
 * further ones.
 */
async function takeInRest(
  {
    submission,
    plan,
    message,
  }: { readonly submission: Submission; readonly plan: Plan; readonly message: PinnedMessage },
  acceptance: Acceptance,
  services: QueueServices,
): Promise<void> {
  const { id } = submission.identity;
  const found = await services.ledger.readAll(id);
  const [unread] = unreadable(found);
  const there = readable(found);
  for (const item of there) await sendAgain(item, submission, services);
  // Its recipients are not known, and none may get a second delivery.
  if (unread !== undefined) throw unread;
  const rest = uncovered(plan, there, submission);
  if (rest.deliveries.length === 0 && rest.refused.length === 0) {
    services.log.note('info', 'duplicate request', { id });
    return;
  }
  for (const item of makeItems({ submission, plan: rest, message, first: there.length }, services)) {
    await handOn(item, submission, acceptance, services);
    if ((await put(item, submission, services)) === 'cut otherwise')
      throw new Error(`request ${id} is being taken in elsewhere`);
  }
}

/** The recipients that no delivery has: by their place in the request, or by address where several messages name them. */
function uncovered({ deliveries, refused }: Plan, there: readonly DeliveryItem[], { namesSome }: Submission): Plan {
  const known = there.flatMap(({ recipients }) => recipients);
  const keyOf = ({ n, address }: { readonly n: number; readonly address: string }) => (namesSome ? address : n);
  const covered = new Set(known.map(keyOf));
  const numbered = namesSome ? 1 + Math.max(-1, ...known.map(({ n }) => n)) : 0;
  const rest = <Recipient extends { readonly n: number; readonly address: string }>(recipients: readonly Recipient[]) =>
    recipients
      .filter((recipient) => !covered.has(keyOf(recipient)))
      .map((recipient) => ({ ...recipient, n: recipient.n + numbered }));
  return {
    deliveries: deliveries
      .map(({ destination, recipients }) => ({ destination, recipients: rest(recipients) }))
      .filter(({ recipients }) => recipients.length > 0),
    refused: rest(refused),
  };
}

/** What was handed on once stays where it is: two maps that name each other would send mail round in circles. */
function refuseCircle({ deliveries }: Plan, { handedOnBy }: Submission): void {
  if (handedOnBy === undefined) return;
  for (const { destination } of deliveries) {
    const other = parseOtherTransport(destination);
    if (other === undefined) continue;
    const fault = `the transport map sends the mail on to "${other.transport}", but "${handedOnBy}" sent it here`;
    throw new RequestError('destination', `${fault}: it is handed on once only`);
  }
}

/**
 * Gives a part of the mail that another transport delivers to that transport; before it is written down here, so that a
 * death in between sends it twice, which the other notices, and not never.
 */
async function handOn(
  item: DeliveryItem,
  { request }: Submission,
  { otherTransports }: Acceptance,
  { ledger, log }: QueueServices,
): Promise<void> {
  const other = parseOtherTransport(item.destination);
  if (other === undefined || (await orUnreadable(ledger.read(item))) !== undefined) return;
  if (otherTransports === undefined) throw new Error(`there is no way to the transport ${other.transport}`);
  const { id, delivery, recipients, message } = item;
  const { transport, nextHop } = other;
  await otherTransports.send(transport, formatHandedOn({ id, delivery, request, recipients, message, nextHop }));
  log.note('info', 'handed on to another transport', { id, delivery, transport, recipients: recipients.length });
}

/** Puts one delivery down and sends it on its way; of one that is there already, does what may have been left undone. */
async function put(
  item: DeliveryItem,
  submission: Submission,
  services: QueueServices,
): Promise<'there' | 'cut otherwise'> {
  const { wakeUps, log, metrics } = services;
  const moved = await orUnreadable(admitItem(item, services));
  const { id, delivery } = item;
  if (isUnreadable(moved)) return await standing(item, moved, services);
  if (moved.kind === 'moved') {
    if (moved.item.state === 'active') await wakeUps.activate(moved.item);
    // What is handed on counts where it goes to.
    if (parseOtherTransport(item.destination) === undefined) metrics?.add('Arrived', item.recipients.length);
    logDeliveries(refusals(item, services), item, services);
    await publish(moved.item, services);
    return 'there';
  }
  const there = moved.item;
  if (there === undefined || there.requestHash !== item.requestHash) {
    throw new RequestError('id', `"${id}" is already used by another request`);
  }
  if (there.planHash !== item.planHash) return 'cut otherwise';
  log.note('info', 'duplicate request', { id, delivery, state: there.state });
  await sendAgain(there, submission, services);
  return 'there';
}

/** The delivery is there and cannot be read: if it is this very one, the others of its request go on. */
async function standing(item: DeliveryItem, found: UnreadableItem, services: QueueServices): Promise<'there'> {
  const { requestHash, planHash } = found.raw;
  if (requestHash !== item.requestHash || planHash !== item.planHash) throw found;
  if (found instanceof ItemFault) await holdMalformed(found, services);
  else noteForeign(found, services);
  return 'there';
}

/** The function that put this delivery down may have died before it sent it to active, or before it logged its refusals. */
async function sendAgain(there: DeliveryItem, submission: Submission, services: QueueServices): Promise<void> {
  if (there.state === 'active' && there.generation === 1) await services.wakeUps.activate(there);
  if (isGivenOutAgain(submission)) logFoundRefusals(there, services);
}

/** The same for all deliveries of a request that was taken in before and cannot be used any more. */
export async function logRefusedAgain(submission: Partial<Submission>, services: QueueServices): Promise<void> {
  if (submission.identity === undefined || !isGivenOutAgain(submission)) return;
  const found = await services.ledger.readAll(submission.identity.id);
  for (const item of readable(found)) logFoundRefusals(item, services);
}

/** A second message with the same request is a duplicate; the same message again was not dealt with to its end. */
function isGivenOutAgain({ received = 1 }: Partial<Submission>): boolean {
  return received > 1;
}

function logFoundRefusals(item: DeliveryItem, services: QueueServices): void {
  const lines = refusals(item, services).map((line): DeliveryLine => ({ ...line, found: true }));
  logDeliveries(lines, item, services);
}

/** The lines of recipients that were refused at the door. */
function refusals(item: DeliveryItem, services: QueueServices): readonly DeliveryLine[] {
  const { id, recipients, arrival, activated } = item;
  const format = lineFormat(services.parameters);
  return recipients.flatMap((recipient) => {
    const { last } = recipient;
    if (last?.status !== 'bounced' || last.attempt !== 0) return [];
    const verdict = { ...last, status: last.status, setUp: 0, transfer: 0 };
    return [deliveryLine({ id, recipient, verdict, arrival, activated, begun: activated, attempt: 0 }, format)];
  });
}
