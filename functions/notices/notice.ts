/**
 * Notices: trouble reported to the postmaster (notify_classes), as JSON on the notice topic.
 *
 * One notice stands for all trouble of its class and destination since the previous one, with its count. The bounce
 * function makes mail of notices (error_notice_recipient). Postmaster mail about bounces and delays (classes bounce,
 * 2bounce and delay) is made from the events on the bounce topic. A notice of these classes is only for subscribers of
 * the topic, and makes no second mail.
 */

import { isReadable } from '../queue/items/schema-version.ts';
import { Fields, isNonEmptyString, isString } from '../request/fields.ts';
import { isDateTime } from '../time/date-time.ts';

/** The classes of trouble (Postfix notify_classes). */
export const noticeClasses = [
  'bounce',
  '2bounce',
  'delay',
  'data',
  'policy',
  'protocol',
  'resource',
  'software',
] as const;
export type NoticeClass = (typeof noticeClasses)[number];

/** A notice. It contains no secrets: transcripts omit credentials. */
export interface Notice {
  /** Of the notice's form (queue/items/schema-version.ts). */
  readonly version: number;
  /** Distinguishes notices from other messages on a topic. */
  readonly kind: 'notice';
  /** The same when the notice is published twice. */
  readonly id: string;
  readonly class: NoticeClass;
  /** What happened, in one line. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  /** master.cf service name. */
  readonly transport: string;
  /** `host[address]:port`; absent if no server is involved. */
  readonly peer?: string;
  /** Normalised next-hop. */
  readonly destination?: string;
  /** Queue id of the message during whose delivery it happened. */
  readonly queueId?: string;
  /** The dialogue, line by line, each with `In:  ` or `Out: ` in front; no content, no secrets. */
  readonly transcript: readonly string[];
  /** How often it happened since the last notice of this class and destination, this time included. */
  readonly count: number;
}

/** Whether a value of a topic is marked as a notice. */
export function isNotice(value: object): boolean {
  return 'kind' in value && value.kind === 'notice';
}

/**
 * Reads a notice.
 *
 * @throws RequestError naming the wrong field
 */
export function parseNotice(value: unknown): Notice {
  const fields = new Fields('', value);
  const version = fields.require('version', isReadable, '1 or 2');
  const text = (name: string) => fields.optional(name, isString, 'a string');
  const peer = text('peer');
  const destination = text('destination');
  const queueId = text('queueId');
  return {
    version,
    kind: 'notice',
    id: fields.require('id', isNonEmptyString, 'a name'),
    class: fields.require('class', isNoticeClass, noticeClasses.join(', ')),
    subject: fields.require('subject', isString, 'a line'),
    time: fields.require('time', isDateTime, 'an RFC 3339 time'),
    transport: fields.require('transport', isString, 'the name of a transport'),
    ...(peer === undefined ? {} : { peer }),
    ...(destination === undefined ? {} : { destination }),
    ...(queueId === undefined ? {} : { queueId }),
    transcript: fields.require('transcript', isListOfText, 'a list of lines'),
    count: fields.require('count', isCount, 'a whole number from 1 on'),
  };
}

const isNoticeClass = (value: unknown): value is NoticeClass => noticeClasses.some((name) => name === value);
const isListOfText = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isString);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
