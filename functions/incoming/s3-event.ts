/**
 * Reads "object created" events, from S3 itself (to SQS, or through SNS) and from EventBridge.
 *
 * Both contain the same sequencer and version for the same write. So duplicates give the same request, by either way.
 */

import { Fields, isNonEmptyString, isPresent, isString, optional } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import { isDateTime } from '../time/date-time.ts';
import { objectIdentity, objectRequestId } from './object-request-id.ts';
import { isOwnObject } from './own-objects.ts';
import type { NewObject, Reading, ReadingRules } from './reading.ts';
import { setupNotification } from './ses-receipt.ts';

/** Whether a message is the test that S3 sends when a notification is set up. */
export function isTestEvent(value: object): boolean {
  return 'Event' in value && value.Event === 's3:TestEvent';
}

/** Whether an event came from EventBridge. */
export function isEventBridgeEvent(value: object): boolean {
  return 'detail-type' in value;
}

/**
 * Reads a record of S3.
 *
 * @param path name of the record in errors, such as `Records[0]`
 * @throws RequestError naming the wrong field
 */
export function readS3Record(value: unknown, path: string, rules: ReadingRules): Reading {
  const record = new Fields(path, value);
  const source = record.require('eventSource', isString, '"aws:s3"');
  if (source !== 'aws:s3')
    throw new RequestError(`${path}.eventSource`, `"${source}" is not allowed; expected "aws:s3"`);
  const name = record.require('eventName', isString, 'the name of an event such as ObjectCreated:Put');
  if (!/^(?:s3:)?ObjectCreated:/.test(name))
    return { kind: 'skipped', reason: `${name} does not announce a new object` };
  const s3 = new Fields(`${path}.s3`, record.require('s3', isPresent, 'an object'));
  const bucket = new Fields(`${path}.s3.bucket`, s3.require('bucket', isPresent, 'an object'));
  const object = new Fields(`${path}.s3.object`, s3.require('object', isPresent, 'an object'));
  const key = decodeKey(object.require('key', isNonEmptyString, 'the key of an object'), `${path}.s3.object.key`);
  return readObject(
    {
      bucket: bucket.require('name', isNonEmptyString, 'the name of a bucket'),
      key,
      version: object.optional('versionId', isString, 'a version id'),
      etag: object.optional('eTag', isNonEmptyString, 'an entity tag'),
      sequencer: object.optional('sequencer', isNonEmptyString, 'a sequencer'),
      arrival: record.require('eventTime', isDateTime, 'an RFC 3339 time that exists'),
    },
    rules,
  );
}

/**
 * Reads an event of EventBridge. Its keys are not encoded.
 *
 * @throws RequestError naming the wrong field
 */
export function readEventBridgeEvent(value: object, rules: ReadingRules): Reading {
  const event = new Fields('', value);
  const source = event.require('source', isString, '"aws.s3"');
  if (source !== 'aws.s3') throw new RequestError('source', `"${source}" is not allowed; expected "aws.s3"`);
  const type = event.require('detail-type', isString, '"Object Created"');
  if (type !== 'Object Created') return { kind: 'skipped', reason: `${type} does not announce a new object` };
  const detail = new Fields('detail', event.require('detail', isPresent, 'an object'));
  const bucket = new Fields('detail.bucket', detail.require('bucket', isPresent, 'an object'));
  const object = new Fields('detail.object', detail.require('object', isPresent, 'an object'));
  return readObject(
    {
      bucket: bucket.require('name', isNonEmptyString, 'the name of a bucket'),
      key: object.require('key', isNonEmptyString, 'the key of an object'),
      version: object.optional('version-id', isString, 'a version id'),
      etag: object.optional('etag', isNonEmptyString, 'an entity tag'),
      sequencer: object.optional('sequencer', isNonEmptyString, 'a sequencer'),
      arrival: event.require('time', isDateTime, 'an RFC 3339 time that exists'),
    },
    rules,
  );
}

/** The facts that both forms contain. */
interface Write {
  readonly bucket: string;
  readonly key: string;
  readonly version: string | undefined;
  readonly etag: string | undefined;
  readonly sequencer: string | undefined;
  readonly arrival: string;
}

function readObject(write: Write, { messageBucket }: ReadingRules): Reading {
  const { bucket, key, etag, sequencer, arrival } = write;
  // After versioning is suspended, all new objects have this version.
  const version = write.version === 'null' || write.version === '' ? undefined : write.version;
  if (bucket === messageBucket && isOwnObject(key))
    return { kind: 'skipped', reason: `"${key}" was written by this stack` };
  if (key.endsWith('/')) return { kind: 'skipped', reason: `"${key}" is a folder` };
  if (key.split('/').at(-1) === setupNotification) return { kind: 'skipped', reason: "SES's setup notification" };
  const told = { bucket, key, versionId: version ?? sequencer ?? etag ?? arrival };
  const object: NewObject = {
    bucket,
    key,
    arrival,
    ...optional('versionId', version),
    ...optional('etag', etag?.replaceAll('"', '')),
  };
  return { kind: 'object', identity: { id: objectRequestId(told), value: objectIdentity(told) }, object };
}

/** S3 encodes keys in its events like a form: `+` is a blank, the rest is percent-encoded UTF-8. */
function decodeKey(key: string, field: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new RequestError(field, `"${key}" is not URL-encoded UTF-8, as S3 writes keys into its events`, { cause });
  }
}
