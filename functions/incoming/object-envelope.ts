/**
 * The envelope in an object's metadata: `x-amz-meta-sender`, `x-amz-meta-recipients` and further fields of a request.
 *
 * S3 accepts 2 KB of metadata, names and values together: some fifty recipients. For more recipients a producer sends a
 * delivery request. Metadata with other names are ignored.
 */

import { oneOf, optional } from '../request/fields.ts';
import { type DeliveryRequest, type RequestRules, readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { decodeWords, EncodedWordError } from './encoded-words.ts';
import type { Identity, NewObject } from './reading.ts';

/** Metadata of an object by name, in lower case and without `x-amz-meta-`. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * Returns the request for an object.
 *
 * @throws RequestError naming the missing or wrong metadata, or the field made from them
 */
export function readObjectEnvelope(
  { id }: Identity,
  { bucket, key, versionId, arrival }: NewObject,
  metadata: Metadata,
  rules: RequestRules,
): DeliveryRequest {
  const value = (name: string) => readValue(metadata, name);
  const source = required(metadata, 'sender', 'the envelope sender; <> is the null sender');
  const sender = source === '<>' ? '' : source;
  const addresses = splitAddresses(required(metadata, 'recipients', 'envelope recipients, separated by commas'));
  const notify = value('notify')?.split(/[\s,]+/);
  const smtputf8 = readSwitch(value('smtputf8'));
  const dsn = { ...optional('ret', value('ret')), ...optional('envid', value('envid')) };
  const authentication = {
    ...optional('spf', value('spf')),
    ...optional('dkim', value('dkim')),
    ...optional('dmarc', value('dmarc')),
  };
  return readRequest(
    {
      version: 1,
      id,
      ...optional('arrival', arrival),
      sender,
      recipients: addresses.map((address) => ({ address, ...optional('notify', notify) })),
      message: { bucket, key, ...optional('versionId', versionId) },
      ...optional('destination', value('destination')),
      ...optional('body', value('body')),
      ...optional('smtputf8', smtputf8),
      ...(Object.keys(dsn).length > 0 ? { dsn } : {}),
      ...(Object.keys(authentication).length > 0 ? { authentication } : {}),
    },
    rules,
  );
}

function required(metadata: Metadata, name: string, wanted: string): string {
  const value = readValue(metadata, name);
  if (value === undefined)
    throw new RequestError(headerName(name), `is missing in the object's metadata; expected ${wanted}`);
  return value;
}

function readValue(metadata: Metadata, name: string): string | undefined {
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (value === undefined) return undefined;
  try {
    return decodeWords(value).trim();
  } catch (cause) {
    if (cause instanceof EncodedWordError) throw new RequestError(headerName(name), cause.message, { cause });
    throw cause;
  }
}

/** Splits at commas outside quoted local-parts. */
function splitAddresses(text: string): readonly string[] {
  const found = text.match(/(?:"(?:[^"\\]|\\.)*(?:"|$)|[^,"])+/gs) ?? [];
  return found.map((address) => address.trim()).filter((address) => address !== '');
}

const isSwitch = oneOf('true', 'false', 'yes', 'no');

function readSwitch(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (!isSwitch(word)) {
    throw new RequestError(headerName('smtputf8'), `"${text}" is not allowed; expected true or false`);
  }
  return word === 'true' || word === 'yes';
}

function headerName(name: string): string {
  return `x-amz-meta-${name}`;
}
