/**
 * Requeue of corrupt mail that an operator has repaired. A delivery whose body was gone keeps its id and its time of arrival. A
 * corrupt request is sent to the incoming queue like every other. The edited request is checked before anything is changed.
 */

import { readIncoming } from '../incoming/read-incoming.ts';
import { type DeliveryItem, isFinished, type PinnedMessage, type QueuedRecipient } from '../queue/items/item.ts';
import { BodyFault } from '../queue/items/ports.ts';
import { formatRemainingRequest } from '../queue/items/remaining-request.ts';
import { orUnreadable, readable, unreadable } from '../queue/items/unreadable-item.ts';
import { whyUnreadable } from '../queue/writes/apply-change.ts';
import { wallTime } from '../queue/writes/services.ts';
import { normaliseDestination, portsOf } from '../request/destination.ts';
import { parseJson } from '../request/json.ts';
import { type DeliveryRequest, type RequestRules, readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { afterRequeue, tenseOf } from './consequences.ts';
import { closeRequest, findRequests } from './corrupt-requests.ts';
import type { Change, Changing, OperatorServices } from './operator.ts';
import { type Edit, requeueMessage } from './operator-change.ts';
import type { CorruptRequest } from './ports.ts';
import { parseDeliveryName } from './selection.ts';

/** A corrupt delivery or request, as the operator edits it. */
export type Draft =
  /** A delivery; `text` is its remaining request. */
  | { readonly kind: 'delivery'; readonly item: DeliveryItem; readonly reason: string; readonly text: string }
  /** A request; `text` is what was received. */
  | { readonly kind: 'request'; readonly request: CorruptRequest; readonly reason: string; readonly text: string };

/** Nothing to requeue. */
export type NoDraft = { readonly kind: 'unknown' } | { readonly kind: 'refused'; readonly why: string };

/** Returns what is corrupt under a name: a delivery (`ID/0000`), all corrupt deliveries of a message, or requests. */
export async function findDrafts(name: string, services: OperatorServices): Promise<readonly Draft[] | NoDraft> {
  const { ledger, corruptRequests } = services;
  // The copy of a delivery's remaining request has the case id ID.0000.
  const key = parseDeliveryName(name) ?? parseDeliveryName(name.replace(/\.(\d{4,7})$/, '/$1'));
  const named = key === undefined ? undefined : await orUnreadable(ledger.read(key));
  const found = named === undefined ? await ledger.readAll(name) : [named];
  const items = readable(found);
  const corrupt = items.filter(({ state }) => state === 'corrupt');
  if (corrupt.length > 0) return corrupt.map(deliveryDraft);
  const requests = await findRequests(name, services);
  const waiting = requests.filter(({ isClosed }) => isClosed === undefined);
  if (waiting.length > 0) {
    return await Promise.all(
      waiting.map(async (request) => {
        // Without its copy a request cannot be edited, but it can be replaced.
        const text = (await corruptRequests.readBody(request)) ?? '';
        return { kind: 'request', request, reason: request.reason, text } as const;
      }),
    );
  }
  if (requests.length > 0 && items.length === 0) return { kind: 'refused', why: 'it was requeued or removed already' };
  const [unread] = unreadable(found);
  if (unread !== undefined) return { kind: 'refused', why: whyUnreadable(unread) };
  const [item] = items;
  return item === undefined ? { kind: 'unknown' } : { kind: 'refused', why: `it is ${item.state}, not corrupt` };
}

function deliveryDraft(item: DeliveryItem): Draft {
  return { kind: 'delivery', item, reason: item.reason ?? '', text: formatRemainingRequest(item) };
}

/**
 * Requeues a draft.
 *
 * @param text the request as the operator edited it
 * @throws RequestError with the field, its value and what is allowed; then nothing was changed
 */
export async function requeueDraft(draft: Draft, text: string, changing: Changing): Promise<Change> {
  return draft.kind === 'delivery'
    ? await requeueDelivery(draft.item, text, changing)
    : await requeueRequest(draft.request, draft.text, text, changing);
}

async function requeueDelivery(item: DeliveryItem, text: string, changing: Changing): Promise<Change> {
  const { order, services } = changing;
  const { id, delivery } = item;
  const edit = await readEdit(item, text, services);
  const seen = item.by;
  const isMeant = (now: DeliveryItem) => now.by === seen;
  const carried = await requeueMessage(item, { ...order, isMeant, edit }, services);
  if (carried.kind === 'refused') return { kind: 'refused', id, delivery, text: carried.why };
  await closeRequest(`${id}.${delivery}`, carried.what, changing);
  return { kind: 'changed', id, delivery, text: afterRequeue(carried.what, tenseOf(order)) };
}

/** The changes that an edit makes to a delivery. The current version of the body is pinned. */
async function readEdit(item: DeliveryItem, text: string, services: OperatorServices): Promise<Edit> {
  const rules = rulesOf(services);
  const before = readRemaining(formatRemainingRequest(item), item, rules);
  const after = readRemaining(text, item, rules);
  for (const field of ['id', 'arrival', 'body', 'smtputf8', 'dsn', 'authentication'] as const) {
    if (JSON.stringify(after[field]) !== JSON.stringify(before[field])) {
      throw new RequestError(field, 'cannot be changed in a delivery that was accepted');
    }
  }
  const destination =
    after.destination === undefined ? item.destination : normaliseDestination(after.destination, rules.defaultPort);
  const recipients = readRecipients(item, before, after);
  return {
    message: await pin(after, services),
    ...(after.sender === item.sender ? {} : { sender: after.sender }),
    ...(destination === item.destination ? {} : { destination }),
    ...(recipients === undefined ? {} : { recipients }),
  };
}

/** Reads a remaining request. The item's own destination is not checked: it may be one that no request can name. */
function readRemaining(text: string, { destination }: DeliveryItem, rules: RequestRules): DeliveryRequest {
  const value: unknown = parseJson(text);
  if (typeof value !== 'object' || value === null || !('destination' in value) || value.destination !== destination) {
    return readRequest(value, rules);
  }
  const { destination: _, ...rest } = value;
  return readRequest(rest, rules);
}

/** The recipients with edited addresses; undefined if none changed. Finished recipients are not edited, and the number stays. */
function readRecipients(
  item: DeliveryItem,
  before: DeliveryRequest,
  after: DeliveryRequest,
): readonly QueuedRecipient[] | undefined {
  if (after.recipients.length !== before.recipients.length) {
    throw new RequestError(
      'recipients',
      `has ${after.recipients.length} recipients; the delivery has ${before.recipients.length} unfinished ones`,
    );
  }
  const faulty = after.recipients.findIndex(({ fault }) => fault !== undefined);
  if (faulty !== -1) {
    const { address = '', fault = '' } = after.recipients[faulty] ?? {};
    throw new RequestError(`recipients[${faulty}]`, `${JSON.stringify(address)} ${fault}`);
  }
  if (JSON.stringify(after.recipients) === JSON.stringify(before.recipients)) return undefined;
  const edited = after.recipients.values();
  return item.recipients.map((recipient) => {
    if (isFinished(recipient)) return recipient;
    const { n, last, doubt } = recipient;
    const next = edited.next().value;
    if (next === undefined) throw new Error(`no recipient ${n}`);
    const { fault: _, ...rest } = next;
    return { ...rest, n, ...(last === undefined ? {} : { last }), ...(doubt === undefined ? {} : { doubt }) };
  });
}

async function pin({ message }: DeliveryRequest, { bodies }: OperatorServices): Promise<PinnedMessage> {
  if ('file' in message) throw new RequestError('message.file', 'is not allowed here');
  try {
    return await bodies.pin(message);
  } catch (cause) {
    if (cause instanceof BodyFault) throw new RequestError('message.key', cause.message, { cause });
    throw cause;
  }
}

/** Sends a request to the incoming queue, then closes its case. A request that is sent twice is accepted once. */
async function requeueRequest(
  request: CorruptRequest,
  before: string,
  text: string,
  changing: Changing,
): Promise<Change> {
  const { order, services } = changing;
  const { id } = request;
  const what = before === text ? 'requeued' : 'requeued, edited';
  const body = withIdentity(text, request, rulesOf(services));
  if (order.whatIf !== true) {
    await services.corruptRequests.submit(body);
    await closeRequest(id, what, changing);
  }
  return { kind: 'changed', id, text: afterRequeue(what, tenseOf(order), idOf(body, request, rulesOf(services))) };
}

/**
 * Returns the request to send. It has the id and the time of arrival of the first one, unless it names others.
 *
 * @throws RequestError if it is still corrupt
 */
function withIdentity(text: string, { id, at, sent = at }: CorruptRequest, rules: RequestRules): string {
  for (const { reading } of readIncoming({ messageId: id, body: text, sent }, rules)) {
    if (reading.kind === 'corrupt') throw reading.error;
    if (reading.kind === 'skipped') throw new RequestError('request', `contains no mail: ${reading.reason}`);
  }
  const value: unknown = parseJson(text);
  // Notifications of Amazon SES and S3 contain an id and a time of arrival.
  const isNative = typeof value === 'object' && value !== null && 'sender' in value && 'recipients' in value;
  if (!isNative || ('id' in value && 'arrival' in value)) return text;
  return JSON.stringify({ ...value, ...withoutKeys(value, { id, arrival: new Date(sent).toISOString() }) });
}

/** The queue id that a request gets. */
function idOf(body: string, { id, at, sent = at }: CorruptRequest, rules: RequestRules): string {
  const [part] = readIncoming({ messageId: id, body, sent }, rules);
  const reading = part?.reading;
  return reading?.kind === 'request' || reading?.kind === 'object' ? reading.identity.id : id;
}

function withoutKeys(value: object, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !(name in value)));
}

function rulesOf(services: OperatorServices): RequestRules {
  return { allowFiles: false, defaultPort: portsOf(services.parameters), now: wallTime(services) };
}
