/**
 * Reads messages of the bounce queue: events and notices from SNS, with or without its envelope.
 */

import { isNotice, type Notice, parseNotice } from '../notices/notice.ts';
import type { ReportableEvent } from '../queue/items/event.ts';
import { Fields, isNonEmptyString, isPresent, isString } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import { isDateTime } from '../time/date-time.ts';

/** What a message is. */
export type TopicMessage =
  | { readonly kind: 'event'; readonly event: ReportableEvent }
  /** An event that is never reported by mail: its sender may be forged. */
  | { readonly kind: 'no report'; readonly id: string; readonly eventType: 'Reject' }
  | { readonly kind: 'notice'; readonly notice: Notice };

/**
 * Reads a message.
 *
 * @throws RequestError naming the wrong field, if it is neither an event nor a notice of the stack
 */
export function readTopicMessage(body: string): TopicMessage {
  const outer = parse(body);
  const value = isEnvelope(outer) ? parse(outer.Message) : outer;
  if (isNotice(value)) return { kind: 'notice', notice: parseNotice(value) };
  const id = rejectedId(value);
  if (id !== undefined) return { kind: 'no report', id, eventType: 'Reject' };
  checkEvent(value);
  return { kind: 'event', event: value };
}

/** Returns the queue id of a reject event; undefined for any other message. */
function rejectedId(value: object): string | undefined {
  if (!('eventType' in value) || value.eventType !== 'Reject') return undefined;
  const lmtp = new Fields('lmtp', new Fields('', value).require('lmtp', isPresent, 'an object'));
  return lmtp.require('id', isNonEmptyString, 'a name');
}

function isEnvelope(value: object): value is { readonly Message: string } {
  return 'Type' in value && value.Type === 'Notification' && 'Message' in value && typeof value.Message === 'string';
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new RequestError('message', 'is not JSON', { cause });
  }
  throw new RequestError('message', 'is not an object');
}

/** Checks all fields that a report needs. Unknown fields are allowed: a later release adds some. */
function checkEvent(value: unknown): asserts value is ReportableEvent {
  const event = new Fields('', value);
  const mail = new Fields('mail', event.require('mail', isPresent, 'an object'));
  mail.require('timestamp', isDateTime, 'an RFC 3339 time');
  mail.require('source', isString, 'the envelope sender');
  const lmtp = new Fields('lmtp', event.require('lmtp', isPresent, 'an object'));
  for (const name of ['eventId', 'id', 'delivery']) lmtp.require(name, isNonEmptyString, 'a name');
  for (const name of ['attempt', 'deliveries', 'part', 'parts']) lmtp.require(name, isCount, 'a whole number');
  const kind = lmtp.require('kind', isString, 'bounce, delay or success');
  const recipients = lmtp.require('recipients', Array.isArray, 'a list') as readonly unknown[];
  for (const [n, each] of recipients.entries()) checkRecipient(`lmtp.recipients[${n}]`, each);
  checkMessage(lmtp.require('message', isPresent, 'an object'));
  lmtp.optional('sesMessageId', isString, 'a string');
  const checks = lmtp.optional('authentication', isPresent, 'an object');
  if (checks !== undefined) {
    const fields = new Fields('lmtp.authentication', checks);
    for (const name of fields.names()) fields.require(name, isString, 'a verdict');
  }
  const dsn = lmtp.optional('dsn', isPresent, 'an object');
  if (dsn !== undefined) new Fields('lmtp.dsn', dsn).optional('envid', isString, 'a string');
  checkWords(event, kind, recipients.length);
}

function checkRecipient(path: string, value: unknown): void {
  const recipient = new Fields(path, value);
  recipient.require('address', isString, 'an address');
  for (const name of ['original', 'remoteMta', 'status', 'text']) recipient.optional(name, isString, 'a string');
  recipient.optional('orcpt', isTyped, 'a type, a semicolon and an address');
  recipient.optional('notify', isListOfText, 'a list of words');
}

function checkMessage(value: unknown): void {
  const message = new Fields('lmtp.message', value);
  for (const name of ['bucket', 'key', 'etag']) message.require(name, isString, 'a string');
  message.optional('versionId', isString, 'a string');
  message.require('size', isCount, 'octets');
}

/** Checks SES's own part: it must have the same number of recipients, with their texts. */
function checkWords(event: Fields, kind: string, count: number): void {
  switch (kind) {
    case 'bounce': {
      event.require('notificationType', (type) => type === 'Bounce', '"Bounce"');
      checkList(new Fields('bounce', event.require('bounce', isPresent, 'an object')), 'bouncedRecipients', count);
      return;
    }
    case 'delay': {
      event.require('eventType', (type) => type === 'DeliveryDelay', '"DeliveryDelay"');
      const delay = new Fields('deliveryDelay', event.require('deliveryDelay', isPresent, 'an object'));
      delay.require('expirationTime', isDateTime, 'an RFC 3339 time');
      checkList(delay, 'delayedRecipients', count);
      return;
    }
    case 'success': {
      event.require('notificationType', (type) => type === 'Delivery', '"Delivery"');
      const delivery = new Fields('delivery', event.require('delivery', isPresent, 'an object'));
      delivery.require('reportingMTA', isString, 'a name');
      delivery.require('action', (action) => action === 'delivered' || action === 'relayed', 'delivered or relayed');
      return;
    }
    default:
      throw new RequestError('lmtp.kind', `"${kind}" is not allowed; expected bounce, delay or success`);
  }
}

function checkList(fields: Fields, name: string, count: number): void {
  fields.require('reportingMTA', isString, 'a name');
  const list = fields.require(name, Array.isArray, 'a list') as readonly unknown[];
  if (list.length !== count) throw new RequestError(name, `has ${list.length} recipients, lmtp.recipients ${count}`);
  for (const [n, each] of list.entries()) {
    const entry = new Fields(`${name}[${n}]`, each);
    for (const field of ['status', 'diagnosticCode']) entry.require(field, isString, 'a string');
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isTyped = (value: unknown): value is string => isString(value) && /^[A-Za-z0-9-]+;/.test(value);
const isListOfText = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isString);
