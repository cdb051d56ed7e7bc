/**
 * The mail inside a notification of Amazon SES's SNS action: at most 150 KB, as UTF-8 or in Base64.
 */

import { createHash } from 'node:crypto';
import { type Fields, isNonEmptyString, isString } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import type { CarriedFields } from './carried-fields.ts';
import { ownPrefixes } from './own-objects.ts';
import type { Identity, ReceivedContent } from './reading.ts';

/**
 * Returns the mail. Its key has the id of the request, which owns it, and a hash of its octets: another rule may have
 * added a header field.
 *
 * @param action `receipt.action`
 * @throws RequestError if there is no content, or it is not in the encoding that the action names
 */
export function readContent(
  { id }: Identity,
  notification: Fields,
  action: Fields,
  carried: CarriedFields,
): ReceivedContent {
  const text = notification.require('content', isNonEmptyString, 'the mail, which the SNS action puts there');
  const encoding = carried.optional(action, 'encoding', isEncoding, '"UTF-8" or "BASE64"');
  const octets = decodeBase64(text, encoding) ?? asUtf8(text, carried);
  const hash = createHash('sha256').update(octets).digest('hex').slice(0, 32);
  return { key: `${ownPrefixes.notified}${id}/${hash}.eml`, octets };
}

const isEncoding = (value: unknown): value is string => isString(value) && /^(?:utf-?8|base-?64)$/i.test(value);

/**
 * Returns the octets; undefined if the text is the mail itself. Where the action does not name the encoding, the text
 * shows it: each mail from SES has header fields, and Base64 has no colon.
 */
function decodeBase64(text: string, encoding: string | undefined): Buffer | undefined {
  if (encoding !== undefined && /^utf/i.test(encoding)) return undefined;
  const joined = text.replaceAll(/[\r\n]+/g, '');
  if (joined.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(joined)) return Buffer.from(joined, 'base64');
  if (encoding === undefined) return undefined;
  throw new RequestError('content', 'is not Base64, as receipt.action.encoding says');
}

function asUtf8(text: string, carried: CarriedFields): Buffer {
  if (text.includes('\ufffd')) carried.warn(lossy);
  return Buffer.from(text);
}

const lossy =
  'content: has U+FFFD, which SES puts in place of octets that are not UTF-8, so the mail may be altered; ' +
  'set the encoding of the SNS action to Base64';
