/**
 * What the release of 22 November 2026 expects of the table and the queues: its checks, frozen. Nothing here
 * must be updated; a release after the next may drop it.
 */
import assert from 'node:assert/strict';

type Fields = Readonly<Record<string, unknown>>;

/** Its states. */
const states = ['queued', 'active', 'delivering', 'deferred', 'held', 'done', 'corrupt'];

const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;
const isText = (value: unknown) => typeof value === 'string';
const isName = (value: unknown) => isText(value) && value !== '';
const isCount = (value: unknown) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isStatus = (value: unknown) => isText(value) && /^[245]\.\d{1,3}\.\d{1,3}$/.test(String(value));

/** Required attributes of each delivery. */
const required: Readonly<Record<string, (value: unknown) => boolean>> = {
  version: (value) => value === 1,
  id: isName,
  delivery: (value) => isText(value) && /^\d{4,}$/.test(String(value)),
  state: (value) => states.includes(String(value)),
  generation: (value) => isCount(value) && value !== 0,
  by: isName,
  requestHash: isName,
  planHash: isName,
  deliveries: isCount,
  arrival: isTime,
  activated: isTime,
  sender: isText,
  recipients: Array.isArray,
  message: isFields,
  destination: isText,
  group: (value) => isText(value) && /#\d+$/.test(String(value)),
  attempt: isCount,
  pending: isFields,
};

/** Optional attributes of a delivery. */
const optional: Readonly<Record<string, (value: unknown) => boolean>> = {
  due: isTime,
  body: (value) => value === '7BIT' || value === '8BITMIME',
  smtputf8: (value) => typeof value === 'boolean',
  dsn: isFields,
  authentication: isFields,
  sesMessageId: isText,
  claim: (value) => isFields(value) && isName(value['token']) && isTime(value['until']),
  unpublished: (value) => isFields(value) && (value['due'] === undefined || isTime(value['due'])),
  reason: isText,
  mailbox: isName,
  holds: (value) => Array.isArray(value) && value.every(isHold),
  removal: isFields,
  warned: isTime,
  history: Array.isArray,
  shard: (value) => isText(value) && /^(active|due)#[0-7]$/.test(String(value)),
  waits: (value) => isText(value) && /^waiting#[0-7]$/.test(String(value)),
  order: isName,
  summary: isFields,
  expires: isTime,
};

function isHold(value: unknown): boolean {
  return (
    isFields(value) && isName(value['id']) && isText(value['reason']) && isText(value['by']) && isTime(value['since'])
  );
}

/** Compares an item of the table with that release's use of it. It ignores attributes that it does not know. */
export function checkItem(item: Fields): void {
  const { id, delivery, state } = item;
  const what = `${id}/${delivery}`;
  if (delivery === 'destination') checkRecord(item, what);
  else if (delivery === 'corrupt') checkCorrupt(item, what);
  else if (String(delivery).startsWith('report#')) checkReport(item, what);
  else {
    for (const [name, isGood] of Object.entries(required)) assert.ok(isGood(item[name]), `${what}: ${name}`);
    for (const [name, isGood] of Object.entries(optional)) {
      assert.ok(item[name] === undefined || isGood(item[name]), `${what}: ${name}`);
    }
    for (const recipient of item['recipients'] as readonly Fields[]) checkRecipient(recipient, what);
    for (const [eventId, event] of Object.entries(item['pending'] as Fields)) checkEvent(event, eventId);
    // Its sweep and its lists find the item by these.
    assert.equal(item['shard'] !== undefined, item['due'] !== undefined, `${what}: shard`);
    const isWaiting = ['queued', 'deferred', 'held', 'corrupt'].includes(String(state));
    assert.deepEqual([item['waits'] !== undefined, item['summary'] !== undefined], [isWaiting, isWaiting], what);
    // Without these its workers and its sweep could not move it on.
    if (state === 'delivering') assert.ok(item['claim'] !== undefined && item['due'] !== undefined, what);
    if (state === 'active' || state === 'queued' || state === 'deferred') assert.ok(item['due'] !== undefined, what);
  }
}

function checkRecipient(recipient: Fields, what: string): void {
  const { address, n, last } = recipient;
  assert.ok(isText(address) && isCount(n), what);
  if (last === undefined) return;
  assert.ok(isFields(last), what);
  const statuses = ['sent', 'deferred', 'bounced', 'expired', 'removed'];
  assert.ok(statuses.includes(String(last['status'])), what);
  assert.ok(isStatus(last['dsn']) && isText(last['text']) && isTime(last['at']) && isCount(last['attempt']), what);
}

/** What its bounce function reads of an event. */
export function checkEvent(event: unknown, eventId?: string): void {
  assert.ok(isFields(event) && isFields(event['mail']) && isFields(event['lmtp']));
  const { mail, lmtp } = event as { readonly mail: Fields; readonly lmtp: Fields };
  assert.ok(isText(mail['source']) && !Number.isNaN(Date.parse(String(mail['timestamp']))));
  for (const name of ['eventId', 'id', 'delivery']) assert.ok(isName(lmtp[name]), name);
  for (const name of ['attempt', 'deliveries', 'part', 'parts']) assert.ok(isCount(lmtp[name]), name);
  if (eventId !== undefined) assert.equal(lmtp['eventId'], eventId);
  const kinds = { bounce: 'bounce', delay: 'deliveryDelay', success: 'delivery' } as const;
  assert.ok(isFields(event[kinds[lmtp['kind'] as keyof typeof kinds]]), String(lmtp['kind']));
  const message = lmtp['message'];
  assert.ok(isFields(message) && isName(message['bucket']) && isName(message['key']) && isName(message['etag']));
  assert.ok(Array.isArray(lmtp['recipients']));
}

function checkRecord({ version, revision, known, active }: Fields, what: string): void {
  // With places only, nothing else is there.
  assert.ok(version === 1 || revision === undefined, what);
  assert.ok(active === undefined || typeof active === 'number', what);
  if (revision === undefined) return;
  assert.ok(isCount(revision) && isFields(known), what);
  assert.ok(Array.isArray(known['holds']) && known['holds'].every(isHold) && Array.isArray(known['history']), what);
}

function checkCorrupt({ version, state, reason, at, copy }: Fields, what: string): void {
  assert.ok(version === 1 && (state === 'corrupt' || state === 'done') && isText(reason) && isTime(at), what);
  assert.ok(isFields(copy) && isName(copy['bucket']) && isName(copy['key']), what);
}

function checkReport(item: Fields, what: string): void {
  assert.equal(item['version'], 1, what);
  if (item['event'] !== undefined) {
    checkEvent(JSON.parse(String(item['event'])));
    return;
  }
  const { number, eventIds, sealedAt, lease, by, isDone } = item;
  assert.ok(isCount(number) && Array.isArray(eventIds) && isTime(sealedAt) && isTime(lease), what);
  assert.ok(isName(by) && typeof isDone === 'boolean', what);
}

/** Its parseWakeUp. */
export function checkWakeUp(body: string): void {
  const { version, id, delivery, generation } = JSON.parse(body) as Fields;
  assert.equal(version, 1);
  assert.ok(isName(id) && isText(delivery) && /^\d{4,}$/.test(String(delivery)));
  assert.ok(isCount(generation) && generation !== 0);
}
