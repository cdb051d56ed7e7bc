/**
 * Reads deliveries from the table and checks them against their type.
 *
 * Attributes unknown to this release stay. An item of a later release that does not match is left to that release; any
 * other is malformed.
 */

import {
  count,
  Flaw,
  type Form,
  flag,
  isWhole,
  list,
  mapOf,
  name,
  object,
  oneOf,
  optional,
  shown,
  such,
  text,
  time,
} from './form.ts';
import type { Claim, DeliveryItem, Doubt, LastVerdict, QueuedRecipient, Removal } from './item.ts';
import { isDeliveryNumber } from './messages.ts';
import { eventForm } from './parse-event.ts';
import { historyForm, holdForm, messageForm, notifyForm, statusForm } from './parse-parts.ts';
import { isReadable, readableVersions, schemaVersion } from './schema-version.ts';
import { states } from './states.ts';
import { queueTableSchema } from './table-schema.ts';
import { ForeignItem, type FoundItem, ItemFault, type RawItem } from './unreadable-item.ts';

const lastForm = object<LastVerdict>({
  status: oneOf('sent', 'deferred', 'bounced', 'expired', 'removed'),
  dsn: statusForm,
  text,
  relay: optional(text),
  remoteMta: optional(text),
  inDoubt: optional(oneOf(true)),
  relayed: optional(oneOf(true)),
  at: time,
  attempt: count,
  by: optional(text),
});

const recipientForm = object<QueuedRecipient>({
  address: text,
  original: optional(text),
  notify: optional(notifyForm),
  orcpt: optional(text),
  n: count,
  last: optional(lastForm),
  doubt: optional(object<Doubt>({ attempts: count, since: time, at: time })),
});

const generationForm: Form<number> = such(
  (value): value is number => isWhole(value) && value >= 1,
  'a whole number from 1',
);

const deliveryForm: Form<string> = such(isDeliveryNumber, 'the number of a delivery');

const itemForm = object<DeliveryItem>({
  // Checked against the readable versions first.
  version: generationForm,
  id: name,
  delivery: deliveryForm,
  state: oneOf(...states),
  generation: generationForm,
  by: name,
  due: optional(time),
  requestHash: text,
  planHash: text,
  deliveries: count,
  arrival: time,
  activated: time,
  sender: text,
  recipients: list(recipientForm),
  message: messageForm,
  destination: text,
  group: text,
  body: optional(oneOf('7BIT', '8BITMIME')),
  smtputf8: optional(flag),
  dsn: optional(
    object<NonNullable<DeliveryItem['dsn']>>({ ret: optional(oneOf('FULL', 'HDRS')), envid: optional(text) }),
  ),
  authentication: optional(mapOf(text)),
  sesMessageId: optional(text),
  attempt: count,
  settled: optional(list(count)),
  claim: optional(object<Claim>({ token: text, until: time })),
  pending: mapOf(eventForm),
  unpublished: optional(object<NonNullable<DeliveryItem['unpublished']>>({ due: optional(time) })),
  reason: optional(text),
  mailbox: optional(text),
  holds: optional(list(holdForm)),
  removal: optional(object<Removal>({ by: text, why: text, at: time, bounces: flag })),
  warned: optional(time),
  deadLetters: optional(count),
  history: optional(list(historyForm)),
});

/** Reads a delivery without the attributes of the indexes; returns why if it cannot be read. */
export function readStored(raw: RawItem): FoundItem {
  const { shard, waits, order, summary, [queueTableSchema.timeToLive]: expires, ...attributes } = raw;
  return readItem(attributes, raw);
}

/**
 * Reads a delivery; returns why if it cannot be read.
 *
 * @param attributes its own, without those of the indexes
 * @param raw        all of them
 */
export function readItem(attributes: RawItem, raw: RawItem = attributes): FoundItem {
  const { version } = attributes;
  const key = { id: keyText(attributes['id']), delivery: keyText(attributes['delivery']) };
  const isVersion = isWhole(version) && version >= 1;
  if (isVersion && !isReadable(version)) {
    return new ForeignItem(key, `has version ${version}; this release reads versions ${readableVersions}`, raw);
  }
  const flaw = new Flaw();
  if (itemForm(attributes, flaw)) return attributes;
  if (isVersion && version > schemaVersion) return new ForeignItem(key, `of version ${version}: ${flaw.text}`, raw);
  return new ItemFault(key, flaw, raw);
}

/** A part of the key as text. In a table it is always a string. */
function keyText(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}
