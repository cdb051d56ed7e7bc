/**
 * From incoming into the table: a request is read, cut into deliveries, put down and sent to active; or it is corrupt.
 *
 * Everything here may happen twice, at any distance in time: SQS delivers at least once, and a function may die between
 * any two steps. The table decides what is new: the same id and the same request is a duplicate, whose missing steps are
 * done; the same id and another request is corrupt.
 */

import { arrivalTolerance, type DeliveryRequest, parseRequest, RequestError } from '../delivery/request.ts';
import type { TransportMap } from '../delivery/transport-map.ts';
import { bounceEvents } from '../disposition/bounce-event.ts';
import { deliveryLine } from '../disposition/delivery-line.ts';
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
    await services.corrupt.file({ id: messageId, reason: error.message, body });
    services.log.note('error', 'corrupt request', { id: messageId, reason: error.message });
  }
}

async function takeIn(incoming: Incoming, admission: Admission, services: Services): Promise<void> {
  const { parameters } = services;
  const now = wallTime(services);
  const request = parseRequest(incoming.body, { allowFiles: false, defaultPort: parameters.lmtp_tcp_port, now });
  const plan = planDeliveries(request, {
    ...admission,
    recipientLimit: parameters.lmtp_destination_recipient_limit,
    defaultPort: parameters.lmtp_tcp_port,
  });
  const message = await pinBody(request, admission, services);
  const items = makeItems(incoming, request, plan, message, services);
  for (const item of items) await put(item, services);
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

function makeItems(
  incoming: Incoming,
  request: DeliveryRequest,
  plan: Plan,
  message: PinnedMessage,
  services: Services,
): readonly DeliveryItem[] {
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
    const number = String(index).padStart(4, '0');
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
async function put(item: DeliveryItem, services: Services): Promise<void> {
  const { ledger, wakeUps, log } = services;
  const moved = await ledger.admit(item);
  const { id, delivery } = item;
  if (moved.kind === 'moved') {
    if (item.state === 'active') await wakeUps.activate(item);
    logRefused(item, services);
    await publish(item, services);
    return;
  }
  const there = moved.item;
  if (there === undefined || there.requestHash !== item.requestHash) {
    throw new RequestError('id', `"${id}" is already used by another request`);
  }
  if (there.planHash !== item.planHash) throw new Error(`request ${id} was cut in another way before; trying again`);
  log.note('info', 'duplicate request', { id, delivery, state: there.state });
  if (there.state === 'active' && there.generation === 1) await wakeUps.activate(there);
}

function logRefused({ id, recipients, arrival, activated }: DeliveryItem, { log }: Services): void {
  for (const recipient of recipients) {
    if (recipient.last === undefined) continue;
    const verdict = { ...recipient.last, setUp: 0, transfer: 0 };
    log.delivery(deliveryLine({ id, recipient, verdict, arrival, activated, begun: activated, attempt: 0 }));
  }
}
