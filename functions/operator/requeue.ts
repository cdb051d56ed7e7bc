/**
 * What is corrupt is put right by a person, and goes on: a delivery whose body was gone, with its id and its time of arrival;
 * or a request that was never taken in, by the same door as every other. Whatever comes of the edit is checked before
 * anything is changed.
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
import { findRequests, settleRequest } from './corrupt-requests.ts';
import type { Change, Changing, OperatorServices } from './operator.ts';
import { type Edit, requeueMessage } from './operator-change.ts';
import type { CorruptRequest } from './ports.ts';
import { parseDeliveryName } from './selection.ts';

/** Something corrupt, as a person gets to see it. */
export type Draft =
  /** A delivery; `text` is what is left of its request. */
  | { readonly kind: 'delivery'; readonly item: DeliveryItem; readonly reason: string; readonly text: string }
  /** A request; `text` is what came. */
  | { readonly kind: 'request'; readonly request: CorruptRequest; readonly reason: string; readonly text: string };

/** Nothing can be put right here. */
export type NoDraft = { readonly kind: 'unknown' } | { readonly kind: 'refused'; readonly why: string };

/** What of a name is corrupt: a delivery (`ID/0000`), all those of a message, or a request. */
export async function openDrafts(name: string, services: OperatorServices): Promise<readonly Draft[] | NoDraft> {
  const { ledger, corruptRequests } = services;
  // The copy of what is left of a delivery is called ID.0000.
  const key = parseDeliveryName(name) ?? parseDeliveryName(name.replace(/\.(\d{4,7})$/, '/$1'));
  const named = key === undefined ? undefined : await orUnreadable(ledger.read(key));
  const found = named === undefined ? await ledger.readAll(name) : [named];
  const items = readable(found);
  const corrupt = items.filter(({ state }) => state === 'corrupt');
  if (corrupt.length > 0) return corrupt.map(deliveryDraft);
  const requests = await findRequests(name, services);
  const waiting = requests.filter(({ isSettled }) => isSettled === undefined);
  if (waiting.length > 0) {
    return await Promise.all(
      waiting.map(async (request) => {
        // A copy that is gone leaves nothing to be edited, but may be replaced.
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
 * Puts something back.
 *
 * @param text the request as the person wants it
 * @throws RequestError naming field, value and what is allowed; nothing was changed then
 */
export async function putBack(draft: Draft, text: string, changing: Changing): Promise<Change> {
  return draft.kind === 'delivery'
    ? await putDeliveryBack(draft.item, text, changing)
    : await putRequestBack(draft.request, draft.text, text, changing);
}

async function putDeliveryBack(item: DeliveryItem, text: string, changing: Changing): Promise<Change> {
  const { order, services } = changing;
  const { id, delivery } = item;
  const edit = await readEdit(item, text, services);
  const seen = item.by;
  const isMeant = (now: DeliveryItem) => now.by === seen;
  const carried = await requeueMessage(item, { ...order, isMeant, edit }, services);
  if (carried.kind === 'refused') return { kind: 'refused', id, delivery, text: carried.why };
  await settleRequest(`${id}.${delivery}`, carried.what, changing);
  return { kind: 'changed', id, delivery, text: afterRequeue(carried.what, tenseOf(order)) };
}

/** What an edit changes of a delivery. The body is pinned as it is now. */
async function readEdit(item: DeliveryItem, text: string, services: OperatorServices): Promise<Edit> {
  const rules = rulesOf(services);
  const before = readParked(formatRemainingRequest(item), item, rules);
  const after = readParked(text, item, rules);
  for (const field of ['id', 'arrival', 'body', 'smtputf8', 'dsn', 'authentication'] as const) {
    if (JSON.stringify(after[field]) !== JSON.stringify(before[field])) {
      throw new RequestError(field, 'cannot be changed of what was taken in already');
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

/** A destination that no request can name is that of the item, which it keeps. */
function readParked(text: string, { destination }: DeliveryItem, rules: RequestRules): DeliveryRequest {
  const value: unknown = parseJson(text);
  if (typeof value !== 'object' || value === null || !('destination' in value) || value.destination !== destination) {
    return readRequest(value, rules);
  }
  const { destination: _, ...rest } = value;
  return readRequest(rest, rules);
}

/** Addresses may be put right; who has been dealt with already is no part of it, and nobody is added or lost. */
function readRecipients(
  item: DeliveryItem,
  before: DeliveryRequest,
  after: DeliveryRequest,
): readonly QueuedRecipient[] | undefined {
  if (after.recipients.length !== before.recipients.length) {
    throw new RequestError(
      'recipients',
      `has ${after.recipients.length} recipients; wanted are the ${before.recipients.length} that are left`,
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

/** By the front door, where it is checked as every other; then its case is closed. What is sent twice is taken in once. */
async function putRequestBack(
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
    await settleRequest(id, what, changing);
  }
  return { kind: 'changed', id, text: afterRequeue(what, tenseOf(order), idOf(body, request, rulesOf(services))) };
}

/**
 * The request as it is sent: with the id and the time of arrival that it would have had, where it names none.
 *
 * @throws RequestError where it cannot be used still
 */
function withIdentity(text: string, { id, at, sent = at }: CorruptRequest, rules: RequestRules): string {
  for (const { reading } of readIncoming({ messageId: id, body: text, sent }, rules)) {
    if (reading.kind === 'corrupt') throw reading.error;
    if (reading.kind === 'skipped') throw new RequestError('request', `is no mail: ${reading.reason}`);
  }
  const value: unknown = parseJson(text);
  // What Amazon SES and S3 send has both in it.
  const isNative = typeof value === 'object' && value !== null && 'sender' in value && 'recipients' in value;
  if (!isNative || ('id' in value && 'arrival' in value)) return text;
  return JSON.stringify({ ...value, ...withoutKeys(value, { id, arrival: new Date(sent).toISOString() }) });
}

/** The queue id that a request is taken in under. */
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
