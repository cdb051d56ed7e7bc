/**
 * Amazon SES's notification of a mail that a receipt rule accepted and an S3 action stored.
 *
 * The envelope is `receipt.recipients` and `mail.source`. `mail.destination` and the header fields are the sender's
 * text, and no mail is delivered because of them.
 *
 * One mail may cause several notifications, because each rule names the recipients that it matched. They share SES's
 * message id; whether they share an object depends on the rules. So the request has SES's id, and its recipients add
 * up.
 */

import { Fields, isNonEmptyList, isNonEmptyString, isPresent, isString, optional } from '../request/fields.ts';
import { hashOf } from '../request/hash.ts';
import { isQueueId, type RequestRules, readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { isDateTime } from '../time/date-time.ts';
import type { Identity, Reading } from './reading.ts';

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
export function readSesReceipt(value: object, rules: RequestRules): Reading {
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
  try {
    const receipt = new Fields('receipt', notification.require('receipt', isPresent, 'an object'));
    return {
      kind: 'request',
      identity,
      request: { ...readRequest(asRequest(identity, mail, receipt), rules), sesMessageId: messageId },
      namesSome: true,
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

/** Returns the notification as a delivery request. */
function asRequest({ id }: Identity, mail: Fields, receipt: Fields): object {
  const source = mail.require('source', isString, 'the envelope sender');
  const sender = source === '<>' ? '' : source;
  const listed = receipt.require('recipients', isNonEmptyList, 'a list of at least one recipient');
  const recipients = [...new Set(listed)];
  return {
    version: 1,
    id,
    arrival: mail.require('timestamp', isDateTime, 'an RFC 3339 time that exists'),
    sender,
    recipients: recipients.map((address) => ({ address })),
    message: readAction(receipt),
    ...optional('authentication', readVerdicts(receipt)),
  };
}

function readAction(receipt: Fields): object {
  const action = new Fields('receipt.action', receipt.require('action', isPresent, 'an object'));
  const type = action.require('type', isString, '"S3"');
  if (type !== 'S3') {
    const fault = `"${type}" is not allowed; expected "S3": the rule's S3 action stores the mail and names the topic`;
    throw new RequestError('receipt.action.type', fault);
  }
  const bucket = action.require('bucketName', isNonEmptyString, 'the name of a bucket');
  const object = action.require('objectKey', isNonEmptyString, 'the key of an object');
  const prefix = action.has('objectKeyPrefix') ? action.require('objectKeyPrefix', isPrefix, 'a prefix of keys') : '';
  if (action.has('kmsKeyArn') && action.require('kmsKeyArn', () => true, 'nothing')) {
    throw new RequestError('receipt.action.kmsKeyArn', whyNotEncrypted);
  }
  // Usually the key contains the prefix already.
  return { bucket, key: object.startsWith(prefix ?? '') ? object : `${prefix}${object}` };
}

const isPrefix = (value: unknown): value is string | null => value === null || isString(value);

const whyNotEncrypted =
  'with a key in its S3 action, SES encrypts the mail before it stores it, and the recipients could not read it; ' +
  'take the key out of the action, and let the bucket encrypt (SSE-S3 or SSE-KMS)';

/** Returns the verdicts of SES's checks that a request can contain. */
function readVerdicts(receipt: Fields): object | undefined {
  const checks = { spf: 'spfVerdict', dkim: 'dkimVerdict', dmarc: 'dmarcVerdict' };
  const found = Object.entries(checks).flatMap(([check, field]) => {
    const verdict = receipt.optional(field, isPresent, 'an object');
    if (verdict === undefined) return [];
    return [[check, new Fields(`receipt.${field}`, verdict).require('status', isString, 'a verdict such as PASS')]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
