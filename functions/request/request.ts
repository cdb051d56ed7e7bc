/**
 * The delivery request: JSON in, a typed request out, or the field that is wrong (contract in docs/requests.md).
 *
 * It is parsed once, at admission. A wrong form makes the whole request unusable; a wrong address only its own
 * recipient.
 */

import type { Notify } from '../lmtp/commands.ts';
import { findControl } from '../smtp/control-characters.ts';
import { addressFault } from '../smtp/path.ts';
import { readDateTime } from '../time/date-time.ts';
import type { DeliveryRecipient } from './delivery.ts';
import { DestinationError, type Ports, parseDestination } from './destination.ts';
import {
  Fields,
  isBoolean,
  isNonEmptyList,
  isNonEmptyString,
  isPresent,
  isString,
  oneOf,
  optional,
  quote,
} from './fields.ts';
import { parseJson } from './json.ts';
import { RequestError } from './request-error.ts';

/** Where a body is stored: in S3, or (command line only) in a file. */
export type MessageReference =
  | { readonly bucket: string; readonly key: string; readonly versionId?: string }
  | { readonly file: string };

/** A request as submitted. */
export interface DeliveryRequest {
  readonly id?: string;
  /** Milliseconds since 1970. */
  readonly arrival?: number;
  readonly sender: string;
  readonly recipients: readonly RequestedRecipient[];
  readonly message: MessageReference;
  readonly destination?: string;
  readonly body?: '7BIT' | '8BITMIME';
  readonly smtputf8?: boolean;
  readonly dsn?: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: string };
  readonly authentication?: Readonly<Record<string, string>>;
  /** Amazon SES's id of a mail that SES received, which SendBounce needs. Not part of the contract. */
  readonly sesMessageId?: string;
}

/** A recipient; `fault` says why its address is unusable. */
export interface RequestedRecipient extends DeliveryRecipient {
  readonly fault?: string;
}

/** Rules that depend on the caller. */
export interface RequestRules {
  /** Whether a message may be a local file. */
  readonly allowFiles: boolean;
  /** lmtp_tcp_port, alone or with known_tcp_ports */
  readonly defaultPort: Ports | number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Milliseconds by which an arrival may be ahead of this clock, because clocks differ. */
export const arrivalTolerance = 5 * 60_000;

/**
 * Returns a request.
 *
 * @throws RequestError naming field, value and what is allowed
 */
export function parseRequest(text: string, rules: RequestRules): DeliveryRequest {
  return readRequest(parseJson(text), rules);
}

/**
 * Returns a request from parsed JSON.
 *
 * @throws RequestError naming field, value and what is allowed
 */
export function readRequest(json: unknown, rules: RequestRules): DeliveryRequest {
  const request = new Fields('', json);
  request.require('version', (value) => value === 1, '1');
  const id = request.optional('id', isQueueId, 'letters, digits, dot, hyphen and underscore, at most 80');
  const sender = request.require('sender', isString, 'a string; "" is the null sender');
  const senderFault = sender === '' ? undefined : addressFault(sender);
  if (senderFault !== undefined) throw new RequestError('sender', `${quote(sender)} ${senderFault}`);
  const recipients = request.require('recipients', isNonEmptyList, 'a list of at least one recipient');
  const parsed: DeliveryRequest = {
    sender,
    recipients: recipients.map((recipient, index) => parseRecipient(`recipients[${index}]`, recipient)),
    message: parseMessage(request.require('message', isPresent, 'an object'), rules),
    ...optional('id', id),
    ...optional('arrival', parseArrival(request, rules)),
    ...optional('destination', parseDestinationField(request, rules)),
    ...optional('body', request.optional('body', oneOf('7BIT', '8BITMIME'), '7BIT or 8BITMIME')),
    ...optional('smtputf8', request.optional('smtputf8', isBoolean, 'true or false')),
    ...optional('dsn', parseDsn(request.optional('dsn', isPresent, 'an object'))),
    ...optional('authentication', parseAuthentication(request.optional('authentication', isPresent, 'an object'))),
  };
  request.refuseOthers();
  return parsed;
}

function parseRecipient(field: string, value: unknown): RequestedRecipient {
  if (typeof value === 'string') return withFault({ address: value });
  const fields = new Fields(field, value);
  const address = fields.require('address', isString, 'a string');
  const original = fields.optional('original', isSafeText, 'a string without control characters');
  const notify = fields.optional('notify', isNotify, 'NEVER alone, or some of SUCCESS, FAILURE, DELAY');
  const orcpt = fields.optional(
    'orcpt',
    isOriginalRecipient,
    'an address type, a semicolon and an address, such as "rfc822;a@x"',
  );
  fields.refuseOthers();
  return withFault({
    address,
    ...optional('original', original),
    ...optional('notify', notify),
    ...optional('orcpt', orcpt),
  });
}

function withFault(recipient: DeliveryRecipient): RequestedRecipient {
  const fault = addressFault(recipient.address);
  return fault === undefined ? recipient : { ...recipient, fault };
}

function parseMessage(value: unknown, { allowFiles }: RequestRules): MessageReference {
  const fields = new Fields('message', value);
  if (allowFiles && fields.has('file')) {
    const file = fields.require('file', isNonEmptyString, 'a path');
    fields.refuseOthers();
    return { file };
  }
  const bucket = fields.require('bucket', isNonEmptyString, 'the name of a bucket');
  const key = fields.require('key', isObjectName, 'the key of an object, at most 1024 octets');
  const versionId = fields.optional('versionId', isObjectName, 'a version id, at most 1024 octets');
  fields.refuseOthers();
  return { bucket, key, ...optional('versionId', versionId) };
}

function parseArrival(request: Fields, rules: RequestRules): number | undefined {
  const text = request.optional('arrival', isString, 'an RFC 3339 time');
  return text === undefined ? undefined : readTime('arrival', text, rules);
}

/**
 * Returns a time in milliseconds since 1970.
 *
 * @throws RequestError naming the field, if it is not an RFC 3339 time, or too far in the future
 */
export function readTime(field: string, text: string, { now }: Pick<RequestRules, 'now'>): number {
  const read = readDateTime(text);
  if ('fault' in read) throw new RequestError(field, `${quote(text)} ${read.fault}`);
  if (read.time > now + arrivalTolerance)
    throw new RequestError(field, `${quote(text)} is more than five minutes in the future`);
  return read.time;
}

function parseDestinationField(request: Fields, { defaultPort }: RequestRules): string | undefined {
  const text = request.optional('destination', isString, 'a next-hop such as inet:host:24');
  if (text === undefined) return undefined;
  try {
    parseDestination(text, defaultPort);
  } catch (cause) {
    if (cause instanceof DestinationError) throw new RequestError('destination', cause.message, { cause });
    throw cause;
  }
  return text;
}

function parseDsn(value: unknown): DeliveryRequest['dsn'] {
  if (value === undefined) return undefined;
  const fields = new Fields('dsn', value);
  const ret = fields.optional('ret', oneOf('FULL', 'HDRS'), 'FULL or HDRS');
  const envid = fields.optional('envid', isEnvelopeId, 'printable text of at most 100 characters');
  fields.refuseOthers();
  return { ...optional('ret', ret), ...optional('envid', envid) };
}

/** Most upstream verdicts of a request: they share an item with the recipients. */
const authenticationLimit = 20;

/** Returns the verdicts of upstream checks, unchanged, for checks of any name. */
function parseAuthentication(value: unknown): DeliveryRequest['authentication'] {
  if (value === undefined) return undefined;
  const fields = new Fields('authentication', value);
  const names = fields.names();
  const long = names.find((name) => name.length > 100);
  if (long !== undefined) throw new RequestError('authentication', `${quote(long)} is longer than 100 characters`);
  const unsafe = names.find((name) => !isSafeText(name));
  if (unsafe !== undefined) throw new RequestError('authentication', `${quote(unsafe)} contains a control character`);
  if (names.length > authenticationLimit) {
    throw new RequestError('authentication', `has ${names.length} fields; at most ${authenticationLimit} are allowed`);
  }
  const found = names.map((name) => [name, fields.require(name, isSafeText, 'a verdict such as PASS')] as const);
  return Object.fromEntries(found);
}

/** Whether a value can be the id of a request. */
export const isQueueId = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9._-]{1,80}$/.test(value);
const isSafeText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 1000 && findControl(value) === undefined && value.isWellFormed();
/** S3 has no longer names, and its error would not say so. */
const isObjectName = (value: unknown): value is string => isNonEmptyString(value) && Buffer.byteLength(value) <= 1024;
const isEnvelopeId = (value: unknown): value is string => isSafeText(value) && value !== '' && value.length <= 100;
const isOriginalRecipient = (value: unknown): value is string =>
  isSafeText(value) && /^[A-Za-z0-9-]+;.+$/.test(value) && value.length <= 500;

function isNotify(value: unknown): value is readonly Notify[] {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) return false;
  return value.length === 1 && value[0] === 'NEVER' ? true : value.every(oneOf('SUCCESS', 'FAILURE', 'DELAY'));
}
