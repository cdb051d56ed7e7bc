/**
 * Amazon SES's notification of a mail that a receipt rule accepted: its S3 action stored the mail, or its SNS action put
 * the mail into the notification.
 *
 * The envelope is `receipt.recipients` and `mail.source`. `mail.destination` and the header fields are the sender's
 * text, and no mail is delivered because of them. All other fields are only carried along: what cannot be used is left
 * out, with a warning.
 *
 * One mail may cause several notifications, because each rule names the recipients that it matched. They share SES's
 * message id; whether they share an object depends on the rules. So the request has SES's id, and its recipients add
 * up.
 */

import { Fields, isNonEmptyList, isNonEmptyString, isPresent, isString, optional } from '../request/fields.ts';
import { hashOf } from '../request/hash.ts';
import { isQueueId, readRequest, readTime } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { CarriedFields, isSesVerdict } from './carried-fields.ts';
import type { Identity, Reading, ReadingRules, ReceivedContent } from './reading.ts';
import { readContent } from './ses-content.ts';

/** SES sends this notification to test its permission when a rule is made; there is no mail. */
export const setupNotification = 'AMAZON_SES_SETUP_NOTIFICATION';

/** Whether a message is a notification of SES. */
export function isSesNotification(value: object): boolean {
  return 'notificationType' in value;
}

/**
 * Reads a notification.
 *
 * @throws RequestError naming the wrong field
 */
export function readSesReceipt(value: object, rules: ReadingRules): Reading {
  const notification = new Fields('', value);
  const type = notification.require('notificationType', isString, '"Received"');
  if (type === 'AmazonSnsSubscriptionSucceeded')
    return { kind: 'skipped', reason: 'SES confirmed the subscription of the topic' };
  if (type !== 'Received') {
    throw new RequestError('notificationType', `"${type}" tells of mail that was sent; expected "Received"`);
  }
  const mail = new Fields('mail', notification.require('mail', isPresent, 'an object'));
  const messageId = mail.require('messageId', isNonEmptyString, "SES's message id");
  if (messageId === setupNotification) return { kind: 'skipped', reason: "SES's setup notification" };
  const identity = identify(messageId);
  const carried = new CarriedFields();
  try {
    const receipt = new Fields('receipt', notification.require('receipt', isPresent, 'an object'));
    const place = readAction({ identity, notification, receipt }, carried);
    const request = readRequest(asRequest({ identity, mail, receipt, place }, rules, carried), rules);
    return {
      kind: 'request',
      identity,
      request: { ...request, sesMessageId: messageId },
      namesSome: true,
      ...('octets' in place ? { content: place } : {}),
      ...carried.warnings,
    };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { kind: 'corrupt', error, identity };
  }
}

function identify(messageId: string): Identity {
  const value = ['ses', messageId];
  return { id: isQueueId(messageId) ? messageId : `ses-${hashOf(value).slice(0, 40)}`, value };
}

/** Where the mail is. */
type Place = { readonly bucket: string; readonly key: string } | ReceivedContent;

/** Returns the notification as a delivery request. */
function asRequest(
  {
    identity,
    mail,
    receipt,
    place,
  }: { readonly identity: Identity; readonly mail: Fields; readonly receipt: Fields; readonly place: Place },
  rules: ReadingRules,
  carried: CarriedFields,
): object {
  const source = mail.require('source', isString, 'the envelope sender');
  const sender = source === '<>' ? '' : source;
  const listed = receipt.require('recipients', isNonEmptyList, 'a list of at least one recipient');
  const recipients = [...new Set(listed)];
  // Without a bucket of its own the command line only checks a notification, before it sends it to incoming.
  const bucket = 'bucket' in place ? place.bucket : (rules.messageBucket ?? 'message-bucket');
  return {
    version: 1,
    id: identity.id,
    ...optional('arrival', readArrival(mail, rules, carried)),
    sender,
    recipients: recipients.map((address) => ({ address })),
    message: { bucket, key: place.key },
    ...optional('authentication', readVerdicts(receipt, carried)),
  };
}

/** Returns when SES received the mail; without it the mail counts from the time of the notification. */
function readArrival(mail: Fields, rules: ReadingRules, carried: CarriedFields): string | undefined {
  return carried.read(() => {
    const timestamp = mail.require('timestamp', isString, 'an RFC 3339 time');
    readTime('mail.timestamp', timestamp, rules);
    return timestamp;
  });
}

function readAction(
  {
    identity,
    notification,
    receipt,
  }: { readonly identity: Identity; readonly notification: Fields; readonly receipt: Fields },
  carried: CarriedFields,
): Place {
  const action = new Fields('receipt.action', receipt.require('action', isPresent, 'an object'));
  const type = action.require('type', isString, '"S3" or "SNS"');
  if (type === 'S3') return readS3Action(action, carried);
  if (type === 'SNS' || notification.has('content')) return readContent(identity, notification, action, carried);
  const fault = `"${type}" is not allowed; expected "S3" or "SNS": only these actions store the mail, or contain it`;
  throw new RequestError('receipt.action.type', fault);
}

function readS3Action(action: Fields, carried: CarriedFields): Place {
  const bucket = action.require('bucketName', isNonEmptyString, 'the name of a bucket');
  const object = action.require('objectKey', isNonEmptyString, 'the key of an object');
  const prefix = carried.optional(action, 'objectKeyPrefix', isPrefix, 'a prefix of keys') ?? '';
  const isEncrypted = (carried.optional(action, 'kmsKeyArn', isPrefix, 'the ARN of a key') ?? '') !== '';
  if (isEncrypted) throw new RequestError('receipt.action.kmsKeyArn', whyNotEncrypted);
  // Usually the key contains the prefix already.
  return { bucket, key: object.startsWith(prefix) ? object : `${prefix}${object}` };
}

const isPrefix = (value: unknown): value is string | null => value === null || isString(value);

const whyNotEncrypted =
  'with a key in its S3 action, SES encrypts the mail before it stores it, and the recipients could not read it; ' +
  'take the key out of the action, and let the bucket encrypt (SSE-S3 or SSE-KMS)';

/** SES's checks, by their names in a request. */
const checks = {
  spf: 'spfVerdict',
  dkim: 'dkimVerdict',
  dmarc: 'dmarcVerdict',
  spam: 'spamVerdict',
  virus: 'virusVerdict',
} as const;

/** Returns the verdicts of SES's checks. */
function readVerdicts(receipt: Fields, carried: CarriedFields): object | undefined {
  const found = Object.entries(checks).flatMap(([check, field]) => {
    if (!receipt.has(field)) return [];
    const status = carried.read(() => {
      const verdict = new Fields(
        `receipt.${field}`,
        receipt.require(field, () => true, 'an object'),
      );
      return verdict.require('status', isSesVerdict, 'PASS, FAIL, GRAY, PROCESSING_FAILED or DISABLED');
    });
    return status === undefined ? [] : [[check, status]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
