/**
 * Reads messages of the incoming queue, part by part.
 *
 *     a delivery request (docs/requests.md)     one part
 *     an SES receipt notification               one part, which may contain the mail itself
 *     an S3 event                               one part for each record
 *     an EventBridge event of S3                one part
 *
 * Each may be in an SNS envelope. No input makes these functions throw.
 */

import { parseJson } from '../request/json.ts';
import { isQueueId, readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import type { Identity, Incoming, Part, Reading, ReadingRules } from './reading.ts';
import { isEventBridgeEvent, isTestEvent, readEventBridgeEvent, readS3Record } from './s3-event.ts';
import { isSesNotification, readSesReceipt } from './ses-receipt.ts';
import { isSnsEnvelope, openSnsEnvelope } from './sns-envelope.ts';

/** Reads a message. There is always at least one part. */
export function readIncoming({ messageId, body }: Incoming, rules: ReadingRules): readonly Part[] {
  const whole = (reading: Reading): readonly Part[] => [{ name: messageId, body, reading }];
  try {
    const value = openEnvelope(parseJson(body));
    if (isRecords(value)) return readRecords(value.Records, { messageId, body }, rules);
    return whole(guarded(() => readValue(value, messageId, rules)));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return whole({ kind: 'corrupt', error });
  }
}

function readValue(value: unknown, messageId: string, rules: ReadingRules): Reading {
  if (typeof value === 'object' && value !== null) {
    if (isTestEvent(value)) return { kind: 'skipped', reason: "S3's test event" };
    if (isSesNotification(value)) return readSesReceipt(value, rules);
    if (isEventBridgeEvent(value)) return readEventBridgeEvent(value, messageId, rules);
  }
  return readNative(value, messageId, rules);
}

function readNative(value: unknown, messageId: string, rules: ReadingRules): Reading {
  const identity = identify(value, messageId);
  try {
    const request = readRequest(value, rules);
    return { kind: 'request', identity: { id: request.id ?? messageId, value }, request };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { kind: 'corrupt', error, ...(identity === undefined ? {} : { identity }) };
  }
}

/**
 * Returns the identity of a value that may not be a request; undefined if its id is invalid, because nothing was
 * admitted under such an id.
 */
function identify(value: unknown, messageId: string): Identity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const id = 'id' in value ? value.id : messageId;
  return isQueueId(id) ? { id, value } : undefined;
}

interface Records {
  readonly Records: readonly unknown[];
}

function isRecords(value: unknown): value is Records {
  return typeof value === 'object' && value !== null && 'Records' in value && Array.isArray(value.Records);
}

/** Records of one event that are accepted; S3 usually sends one. */
const mostRecords = 100;

/** Each record of an S3 event is a request of its own, so a wrong one does not affect the others. */
function readRecords(
  records: readonly unknown[],
  { messageId, body }: Pick<Incoming, 'messageId' | 'body'>,
  rules: ReadingRules,
) {
  if (records.length === 0) throw new RequestError('Records', 'is empty; expected a list of at least one record');
  if (records.length > mostRecords) {
    throw new RequestError('Records', `has ${records.length} records; at most ${mostRecords} are allowed`);
  }
  const isOnly = records.length === 1;
  return records.map((record, index) => {
    const name = isOnly ? messageId : `${messageId}.${index}`;
    return {
      name,
      body: isOnly ? body : JSON.stringify({ Records: [record] }),
      reading: guarded(() => readS3Record(record, { path: `Records[${index}]`, name }, rules)),
    };
  });
}

function guarded(read: () => Reading): Reading {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { kind: 'corrupt', error };
  }
}

function openEnvelope(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !isSnsEnvelope(value)) return value;
  return parseJson(openSnsEnvelope(value));
}
