/**
 * Reads "object created" events, from S3 itself (to SQS, or through SNS) and from EventBridge.
 *
 * Bucket and key are needed; a version, entity tag, sequencer or time that cannot be used is left out, with a warning.
 *
 * Both contain the same sequencer and version for the same write. So duplicates give the same request, by either way.
 */

import { Fields, isNonEmptyString, isPresent, isString, optional } from '../request/fields.ts';
import { readTime } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { CarriedFields } from './carried-fields.ts';
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
 * @param name of the part, which tells writes apart if the event does not
 * @throws RequestError naming the wrong field
 */
export function readS3Record(
  value: unknown,
  { path, name: part }: { readonly path: string; readonly name: string },
  rules: ReadingRules,
): Reading {
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
  const carried = new CarriedFields();
  return readObject(
    {
      bucket: bucket.require('name', isNonEmptyString, 'the name of a bucket'),
      key,
      part,
      ...readDetails(object, { version: 'versionId', etag: 'eTag' }, carried),
      arrival: readArrival(record, `${path}.eventTime`, rules, carried),
    },
    rules,
    carried,
  );
}

/**
 * Reads an event of EventBridge. Its keys are not encoded.
 *
 * @param part name of the part, which tells writes apart if the event does not
 * @throws RequestError naming the wrong field
 */
export function readEventBridgeEvent(value: object, part: string, rules: ReadingRules): Reading {
  const event = new Fields('', value);
  const source = event.require('source', isString, '"aws.s3"');
  if (source !== 'aws.s3') throw new RequestError('source', `"${source}" is not allowed; expected "aws.s3"`);
  const type = event.require('detail-type', isString, '"Object Created"');
  if (type !== 'Object Created') return { kind: 'skipped', reason: `${type} does not announce a new object` };
  const detail = new Fields('detail', event.require('detail', isPresent, 'an object'));
  const bucket = new Fields('detail.bucket', detail.require('bucket', isPresent, 'an object'));
  const object = new Fields('detail.object', detail.require('object', isPresent, 'an object'));
  const carried = new CarriedFields();
  return readObject(
    {
      bucket: bucket.require('name', isNonEmptyString, 'the name of a bucket'),
      key: object.require('key', isNonEmptyString, 'the key of an object'),
      part,
      ...readDetails(object, { version: 'version-id', etag: 'etag' }, carried),
      arrival: readArrival(event, 'time', rules, carried),
    },
    rules,
    carried,
  );
}

/** Returns the details of an object that only distinguish it from others under its key. */
function readDetails(
  object: Fields,
  names: { readonly version: string; readonly etag: string },
  carried: CarriedFields,
): Pick<Write, 'version' | 'etag' | 'sequencer'> {
  return {
    version: carried.optional(object, names.version, isVersion, 'a version id, at most 1024 octets'),
    etag: carried.optional(object, names.etag, isNonEmptyString, 'an entity tag'),
    sequencer: carried.optional(object, 'sequencer', isNonEmptyString, 'a sequencer'),
  };
}

const isVersion = (value: unknown): value is string => isString(value) && Buffer.byteLength(value) <= 1024;

/** Returns when the object was written; without it the mail counts from the time of the event's message. */
function readArrival(fields: Fields, path: string, rules: ReadingRules, carried: CarriedFields): string | undefined {
  return carried.read(() => {
    const text = fields.require(path.split('.').at(-1) ?? path, isString, 'an RFC 3339 time');
    readTime(path, text, rules);
    return text;
  });
}

/** The facts that both forms contain. */
interface Write {
  readonly bucket: string;
  readonly key: string;
  readonly version: string | undefined;
  readonly etag: string | undefined;
  readonly sequencer: string | undefined;
  readonly arrival: string | undefined;
  /** Name of the part. */
  readonly part: string;
}

function readObject(write: Write, { messageBucket }: ReadingRules, carried: CarriedFields): Reading {
  const { bucket, key, etag, sequencer, arrival, part } = write;
  // After versioning is suspended, all new objects have this version.
  const version = write.version === 'null' || write.version === '' ? undefined : write.version;
  if (bucket === messageBucket && isOwnObject(key))
    return { kind: 'skipped', reason: `"${key}" was written by this stack` };
  if (key.endsWith('/')) return { kind: 'skipped', reason: `"${key}" is a folder` };
  if (key.split('/').at(-1) === setupNotification) return { kind: 'skipped', reason: "SES's setup notification" };
  // A second write under the same key is another mail, and must not be taken for a duplicate.
  const told = { bucket, key, versionId: version ?? sequencer ?? etag ?? arrival ?? part };
  const object: NewObject = {
    bucket,
    key,
    ...optional('arrival', arrival),
    ...optional('versionId', version),
    ...optional('etag', etag?.replaceAll('"', '')),
  };
  const identity = { id: objectRequestId(told), value: objectIdentity(told) };
  return { kind: 'object', identity, object, ...carried.warnings };
}

/** S3 encodes keys in its events like a form: `+` is a blank, the rest is percent-encoded UTF-8. */
function decodeKey(key: string, field: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new RequestError(field, `"${key}" is not URL-encoded UTF-8, as S3 writes keys into its events`, { cause });
  }
}
