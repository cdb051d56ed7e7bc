/**
 * Admits a request: cuts it into deliveries, pins its body, writes the items that are missing, and sends their wake-ups
 * to active.
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
import { holdMalformed, logForeign } from '../writes/malformed.ts';
import { publish } from '../writes/publish.ts';
import { admitItem } from './admit-item.ts';
import { type BodyPlaces, checkPlace } from './body-place.ts';
import { makeItems } from './new-items.ts';
import { logBySes } from './ses-verdicts.ts';

/** The destinations, buckets and transports that this stack accepts. */
export interface Acceptance extends BodyPlaces {
  readonly transportMap: TransportMap;
  /** Normalised destinations that a request may name, in addition to those of the map. */
  readonly allowedDestinations: ReadonlySet<string>;
  /** Transports that the map may hand mail to; absent: the map names no other transport. */
  readonly otherTransports?: OtherTransports;
}

/**
 * Admits a request.
 *
 * @throws RequestError if the request is unusable
 */
export async function admitRequest(
  submission: Submission,
  acceptance: Acceptance,
  services: QueueServices,
): Promise<void> {
  const { parameters } = services;
  const { request } = submission;
  const plan = planDeliveries(request, {
    ...acceptance,
    recipientLimit: parameters.lmtp_destination_recipient_limit,
    defaultPort: portsOf(parameters),
  });
  refuseLoop(plan, submission);
  const message = await pinOrRecall(submission, acceptance, services);
  for (const item of makeItems({ submission, plan, message, first: 0 }, services)) {
    await handOn(item, submission, acceptance, services);
    if ((await admitDelivery(item, submission, services)) === 'cut otherwise') {
      await admitRemaining({ submission, plan, message }, acceptance, services);
      return;
    }
  }
}

/**
 * Whether this request was admitted before, completely. Then a late copy is a duplicate, even if its body has been
 * deleted or its destination is no longer allowed.
 */
export async function isAdmitted(
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
 * @throws RequestError if its place is not allowed, or the body does not exist
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
 * Returns the pinned body of a request. After the last delivery is done the body may be deleted; its items still name
 * the version, for a late message with further recipients.
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

/** Turns a permanent fault of a body into an error of the request that names it. */
export async function withoutBodyFault<T>(looking: Promise<T>): Promise<T> {
  try {
    return await looking;
  } catch (cause) {
    if (cause instanceof BodyFault) throw new RequestError('message.key', cause.message, { cause });
    throw cause;
  }
}

/**
 * Admits the recipients without a delivery, when the request was cut differently before: limits or map have changed, or
 * the first message named other recipients. Existing items stay as they are.
 */
async function admitRemaining(
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
  for (const item of there) await resendWakeUp(item, submission, services);
  // The recipients of an unreadable item are unknown, and no recipient may get a second delivery.
  if (unread !== undefined) throw unread;
  const rest = withoutKnownRecipients(plan, there, submission);
  if (rest.deliveries.length === 0 && rest.refused.length === 0) {
    services.log.note('info', 'duplicate request', { id });
    return;
  }
  for (const item of makeItems({ submission, plan: rest, message, first: there.length }, services)) {
    await handOn(item, submission, acceptance, services);
    if ((await admitDelivery(item, submission, services)) === 'cut otherwise')
      throw new Error(`request ${id} is being admitted by another function`);
  }
}

/**
 * Removes recipients that have a delivery: by position in the request, or by address if several messages name
 * recipients.
 */
function withoutKnownRecipients(
  { deliveries, refused }: Plan,
  there: readonly DeliveryItem[],
  { namesSome }: Submission,
): Plan {
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

/** Refuses mail that another transport handed on: two maps that name each other would send it in circles. */
function refuseLoop({ deliveries }: Plan, { handedOnBy }: Submission): void {
  if (handedOnBy === undefined) return;
  for (const { destination } of deliveries) {
    const other = parseOtherTransport(destination);
    if (other === undefined) continue;
    const fault = `the transport map hands the mail on to "${other.transport}", but "${handedOnBy}" handed it on to this transport`;
    throw new RequestError('destination', `${fault}: mail is handed on only once`);
  }
}

/**
 * Sends a delivery to the transport that the map names for it. The send comes before the write: a crash in between
 * sends it twice, and the other transport recognises the duplicate.
 */
async function handOn(
  item: DeliveryItem,
  { request }: Submission,
  { otherTransports }: Acceptance,
  { ledger, log }: QueueServices,
): Promise<void> {
  const other = parseOtherTransport(item.destination);
  if (other === undefined || (await orUnreadable(ledger.read(item))) !== undefined) return;
  if (otherTransports === undefined) throw new Error(`no queue is configured for the transport ${other.transport}`);
  const { id, delivery, recipients, message } = item;
  const { transport, nextHop } = other;
  await otherTransports.send(transport, formatHandedOn({ id, delivery, request, recipients, message, nextHop }));
  log.note('info', 'handed on to another transport', { id, delivery, transport, recipients: recipients.length });
}

/** Writes one delivery and sends its wake-up. If the item exists, repeats the steps that may be missing. */
async function admitDelivery(
  item: DeliveryItem,
  submission: Submission,
  services: QueueServices,
): Promise<'there' | 'cut otherwise'> {
  const { wakeUps, log, metrics } = services;
  const moved = await orUnreadable(admitItem(item, services));
  const { id, delivery } = item;
  if (isUnreadable(moved)) return await acceptUnreadable(item, moved, services);
  if (moved.kind === 'moved') {
    if (moved.item.state === 'active') await wakeUps.activate(moved.item);
    // Mail handed on is counted by the transport that delivers it.
    if (parseOtherTransport(item.destination) === undefined) metrics?.add('Arrived', item.recipients.length);
    logDeliveries(refusals(item, services), item, services);
    logBySes(moved.item, services);
    await publish(moved.item, services);
    return 'there';
  }
  const there = moved.item;
  if (there === undefined || there.requestHash !== item.requestHash) {
    throw new RequestError('id', `"${id}" is already used by another request`);
  }
  if (there.planHash !== item.planHash) return 'cut otherwise';
  log.note('info', 'duplicate request', { id, delivery, state: there.state });
  await resendWakeUp(there, submission, services);
  return 'there';
}

/** Accepts an unreadable item if it belongs to this request and plan, so that the other deliveries are admitted. */
async function acceptUnreadable(item: DeliveryItem, found: UnreadableItem, services: QueueServices): Promise<'there'> {
  const { requestHash, planHash } = found.raw;
  if (requestHash !== item.requestHash || planHash !== item.planHash) throw found;
  if (found instanceof ItemFault) await holdMalformed(found, services);
  else logForeign(found, services);
  return 'there';
}

/** Repeats steps that a crashed function may have missed: the wake-up to active, and the log lines of refusals. */
async function resendWakeUp(there: DeliveryItem, submission: Submission, services: QueueServices): Promise<void> {
  if (there.state === 'active' && there.generation === 1) await services.wakeUps.activate(there);
  if (!isReceivedAgain(submission)) return;
  logFoundRefusals(there, services);
  logBySes(there, services);
}

/** Repeats the log lines of refusals for all deliveries of a request that was admitted before and is unusable now. */
export async function logRefusalsAgain(submission: Partial<Submission>, services: QueueServices): Promise<void> {
  if (submission.identity === undefined || !isReceivedAgain(submission)) return;
  const found = await services.ledger.readAll(submission.identity.id);
  for (const item of readable(found)) {
    logFoundRefusals(item, services);
    logBySes(item, services);
  }
}

/** Whether SQS delivered the same message again. A second message with the same request is a plain duplicate. */
function isReceivedAgain({ received = 1 }: Partial<Submission>): boolean {
  return received > 1;
}

function logFoundRefusals(item: DeliveryItem, services: QueueServices): void {
  const lines = refusals(item, services).map((line): DeliveryLine => ({ ...line, found: true }));
  logDeliveries(lines, item, services);
}

/** Returns the log lines of recipients refused at admission. */
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
