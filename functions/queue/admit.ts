/**
 * From incoming into the table: a request is read, cut into deliveries, put down and sent to active; or it is corrupt.
 *
 * Everything here may happen twice, at any distance in time: SQS delivers at least once, and a function may die between
 * any two steps. The table decides what is new: the same id and the same request is a duplicate, whose missing steps are
 * done; the same id and another request is corrupt.
 */

import { portsOf } from '../delivery/destination.ts';
import { arrivalTolerance, type DeliveryRequest, isQueueId, parseRequest } from '../delivery/request.ts';
import { RequestError } from '../delivery/request-error.ts';
import type { TransportMap } from '../delivery/transport-map.ts';
import { bounceEvents } from '../disposition/bounce-event.ts';
import { deliveryLine, lineFormat } from '../disposition/delivery-line.ts';
import { hashOf } from './hash.ts';
import type { DeliveryItem, PinnedMessage, QueuedRecipient } from './item.ts';
import { messageGroup, type Plan, type PlannedDelivery, planDeliveries } from './plan.ts';
import { activeGrace, pendingGrace } from './policy.ts';
import { BodyFault } from './ports.ts';
import { publish } from './publish.ts';
import { type Services, wallTime } from './services.ts';

/** A message of the incoming queue. */
export interface Incoming {
  /** SQS message id. */
  readonly messageId: string;
  readonly body: string;
  /** When it was sent, milliseconds since 1970. */
  readonly sent: number;
}

/** What this stack lets in. */
export interface Admission {
  readonly transportMap: TransportMap;
  readonly allowedDestinations: ReadonlySet<string>;
  readonly allowedBuckets: ReadonlySet<string>;
}

/** Takes a request in, or files it as corrupt with the reason. Throws only what may pass: the message then stays in incoming. */
export async function admit(incoming: Incoming, admission: Admission, services: Services): Promise<void> {
  try {
    await takeIn(incoming, admission, services);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { messageId, body } = incoming;
    if (error.field !== 'id' && (await isTakenIn(incoming, services))) {
      services.log.note('info', 'duplicate request', { id: messageId, now: error.message });
      return;
    }
    await services.corrupt.file({ id: messageId, reason: error.message, body });
    services.log.note('error', 'corrupt request', { id: messageId, reason: error.message });
  }
}

/**
 * Whether this very request was taken in, wholly, when it still could be: a late copy whose body is gone by now, or whose
 * destination is allowed no more, is a duplicate and nothing else.
 */
async function isTakenIn({ messageId, body }: Incoming, { ledger }: Services): Promise<boolean> {
  const request = parseJson(body);
  if (request === undefined) return false;
  const id = 'id' in request ? request.id : messageId;
  // Under any other id nothing was ever taken in, and the table would not even look.
  if (!isQueueId(id)) return false;
  const there = await ledger.readAll(id);
  const [first] = there;
  return first !== undefined && first.requestHash === hashOf(request) && there.length >= first.deliveries;
}

function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

async function takeIn(incoming: Incoming, admission: Admission, services: Services): Promise<void> {
  const { parameters } = services;
  const now = wallTime(services);
  const request = parseRequest(incoming.body, { allowFiles: false, defaultPort: portsOf(parameters), now });
  const plan = planDeliveries(request, {
    ...admission,
    recipientLimit: parameters.lmtp_destination_recipient_limit,
    defaultPort: portsOf(parameters),
  });
  const message = await pinBody(request, admission, services);
  const items = makeItems({ incoming, request, plan, message, first: 0 }, services);
  for (const item of items) {
    if ((await put(item, services)) === 'cut otherwise') {
      await takeInRest({ incoming, request, plan, message, first: 0 }, item.id, services);
      return;
    }
  }
}

/**
 * The request was taken in before, wholly or in part, and cut in another way: its limits or its map were others then.
 * What was put down stands; only recipients that no delivery has yet get further ones.
 */
async function takeInRest(making: Making, id: string, services: Services): Promise<void> {
  const there = await services.ledger.readAll(id);
  for (const item of there) await sendAgain(item, services);
  const covered = new Set(there.flatMap(({ recipients }) => recipients.map(({ n }) => n)));
  const rest = uncovered(making.plan, covered);
  if (rest.deliveries.length === 0 && rest.refused.length === 0) {
    services.log.note('info', 'duplicate request', { id });
    return;
  }
  for (const item of makeItems({ ...making, plan: rest, first: there.length }, services)) {
    if ((await put(item, services)) === 'cut otherwise') throw new Error(`request ${id} is being taken in elsewhere`);
  }
}

function uncovered({ deliveries, refused }: Plan, covered: ReadonlySet<number>): Plan {
  const isUncovered = ({ n }: QueuedRecipient) => !covered.has(n);
  return {
    deliveries: deliveries
      .map(({ destination, recipients }) => ({ destination, recipients: recipients.filter(isUncovered) }))
      .filter(({ recipients }) => recipients.length > 0),
    refused: refused.filter(isUncovered),
  };
}

/** What items are made of. */
interface Making {
  readonly incoming: Incoming;
  readonly request: DeliveryRequest;
  readonly plan: Plan;
  readonly message: PinnedMessage;
  /** The number of the first item. */
  readonly first: number;
}

async function pinBody(
  { message }: DeliveryRequest,
  { allowedBuckets }: Admission,
  { bodies }: Services,
): Promise<PinnedMessage> {
  if ('file' in message) throw new RequestError('message.file', 'is not allowed here');
  if (!allowedBuckets.has(message.bucket)) {
    const allowed = [...allowedBuckets].join(' ');
    throw new RequestError('message.bucket', `"${message.bucket}" is not allowed by this stack; allowed: ${allowed}`);
  }
  try {
    return await bodies.pin(message);
  } catch (cause) {
    if (cause instanceof BodyFault) throw new RequestError('message.key', cause.message, { cause });
    throw cause;
  }
}

function makeItems({ incoming, request, plan, message, first }: Making, services: Services): readonly DeliveryItem[] {
  const id = request.id ?? incoming.messageId;
  const now = wallTime(services);
  const shared = {
    version: 1 as const,
    id,
    generation: 1,
    requestHash: hashOf(JSON.parse(incoming.body)),
    planHash: hashOf(plan),
    deliveries: Math.max(1, plan.deliveries.length),
    // A clock that is a little ahead must not make a message younger than it is.
    arrival: Math.min(request.arrival ?? incoming.sent, now + arrivalTolerance),
    activated: now,
    sender: request.sender,
    message,
    attempt: 0,
    pending: {},
    ...copyPresent(request),
  };
  // A request with no usable recipient still makes one item: it must be found by its id, and its bounce must go out.
  const planned: readonly PlannedDelivery[] =
    plan.deliveries.length > 0 ? plan.deliveries : [{ destination: '', recipients: [] }];
  return planned.map((delivery, index) => {
    const number = String(first + index).padStart(4, '0');
    const slots = services.parameters.lmtp_destination_concurrency_limit;
    const group = messageGroup(services.transport, delivery.destination, `${id}/${number}`, slots);
    const refused = index === 0 ? plan.refused.map((recipient) => refuse(recipient, now)) : [];
    const item: DeliveryItem = {
      ...shared,
      state: delivery.recipients.length > 0 ? 'active' : 'done',
      by: crypto.randomUUID(),
      due: delivery.recipients.length > 0 ? now + activeGrace : now + pendingGrace,
      delivery: number,
      destination: delivery.destination,
      group,
      recipients: [...refused, ...delivery.recipients],
    };
    return refused.length === 0 ? item : withBounces(item, services);
  });
}

function copyPresent({ body, smtputf8, dsn, authentication }: DeliveryRequest) {
  return {
    ...(body === undefined ? {} : { body }),
    ...(smtputf8 === undefined ? {} : { smtputf8 }),
    ...(dsn === undefined ? {} : { dsn }),
    ...(authentication === undefined ? {} : { authentication }),
  };
}

/** An address that cannot be used bounces at the door; the others of its request are delivered. */
function refuse({ fault, ...recipient }: Plan['refused'][number], now: number): QueuedRecipient {
  const text = `bad recipient address syntax: the address ${fault}`;
  return { ...recipient, last: { status: 'bounced', dsn: '5.1.3', text, at: now, attempt: 0 } };
}

function withBounces(item: DeliveryItem, services: Services): DeliveryItem {
  const failed = item.recipients.flatMap((recipient) =>
    recipient.last === undefined ? [] : [{ recipient, verdict: recipient.last }],
  );
  const facts = { reportingMta: services.parameters.myhostname, transport: services.transport };
  const events = bounceEvents(failed, { item, attempt: 0, now: item.activated, ...facts });
  return { ...item, pending: Object.fromEntries(events.map((event) => [event.lmtp.eventId, event])) };
}

/** Puts one delivery down and sends it on its way; of one that is there already, does what may have been left undone. */
async function put(item: DeliveryItem, services: Services): Promise<'there' | 'cut otherwise'> {
  const { ledger, wakeUps, log } = services;
  const moved = await ledger.admit(item);
  const { id, delivery } = item;
  if (moved.kind === 'moved') {
    if (item.state === 'active') await wakeUps.activate(item);
    logRefused(item, services);
    await publish(item, services);
    return 'there';
  }
  const there = moved.item;
  if (there === undefined || there.requestHash !== item.requestHash) {
    throw new RequestError('id', `"${id}" is already used by another request`);
  }
  if (there.planHash !== item.planHash) return 'cut otherwise';
  log.note('info', 'duplicate request', { id, delivery, state: there.state });
  await sendAgain(there, services);
  return 'there';
}

/** Whoever put this delivery down may have died before it was sent to active. */
async function sendAgain(there: DeliveryItem, { wakeUps }: Services): Promise<void> {
  if (there.state === 'active' && there.generation === 1) await wakeUps.activate(there);
}

function logRefused({ id, recipients, arrival, activated }: DeliveryItem, { log, parameters }: Services): void {
  for (const recipient of recipients) {
    if (recipient.last === undefined) continue;
    const verdict = { ...recipient.last, setUp: 0, transfer: 0 };
    log.delivery(
      deliveryLine(
        { id, recipient, verdict, arrival, activated, begun: activated, attempt: 0 },
        lineFormat(parameters),
      ),
    );
  }
}
