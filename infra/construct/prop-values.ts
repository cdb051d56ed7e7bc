/**
 * What kind of thing each property is. The compiler says so to whoever writes TypeScript; a CDK app in JavaScript, or one that
 * reads its settings from a file, is told here and not by an error from the depths.
 */
import { type Duration, Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { PropsError, refuse } from '../properties/props-error.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';

type Kind = 'text' | 'texts' | 'number' | 'duration' | 'yes or no' | 'object' | 'list' | 'function' | 'other';

const kinds: Readonly<Record<keyof LmtpDeliveryProps, Kind>> = {
  destination: 'text',
  transportMap: 'text',
  transportMapObject: 'object',
  otherTransports: 'object',
  allowedDestinations: 'texts',
  watchedDestinations: 'texts',
  transport: 'text',
  parameters: 'object',
  messageBucket: 'object',
  allowedBuckets: 'list',
  bodyPrefixes: 'texts',
  bucketOwners: 'object',
  bodyRetention: 'duration',
  secrets: 'list',
  functionTimeout: 'duration',
  memorySize: 'number',
  maximumConcurrency: 'number',
  sessionBudget: 'number',
  vpc: 'object',
  vpcSubnets: 'object',
  securityGroup: 'object',
  // true, a word or a list
  vpcEndpoints: 'other',
  prefixLists: 'texts',
  mailPorts: 'list',
  ipv6: 'yes or no',
  encryptionKey: 'object',
  alarmTopic: 'object',
  alarms: 'object',
  operatingManual: 'text',
  prices: 'object',
  logRetention: 'number',
  code: 'function',
};

/** All properties. */
export const propNames: readonly string[] = Object.keys(kinds);

const wanted: Readonly<Record<Kind, string>> = {
  text: 'text',
  texts: 'a list of texts',
  number: 'a number',
  duration: 'a Duration',
  'yes or no': 'true or false',
  object: 'an object',
  list: 'a list',
  function: 'a function',
  other: 'another value',
};

/**
 * Whether every property is known, and of its kind.
 *
 * @throws PropsError
 */
export function checkKinds(props: LmtpDeliveryProps): void {
  for (const [name, value] of Object.entries(props)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new PropsError(`${name} is not known: allowed are ${propNames.join(', ')}`);
    }
    const kind = kinds[name as keyof LmtpDeliveryProps];
    if (value !== undefined && !isOfKind(value, kind)) throw refuse(name, shown(value), wanted[kind]);
  }
  for (const [name, value] of Object.entries(props.parameters ?? {})) {
    if (typeof value !== 'string') throw refuse('parameters', value, `text for ${name}`);
  }
}

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'yes or no':
      return typeof value === 'boolean';
    case 'function':
      return typeof value === 'function';
    case 'list':
      return Array.isArray(value);
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'duration':
      return isObject(value) && 'toSeconds' in value;
    case 'object':
      return isObject(value);
    case 'other':
      return true;
    default:
      return kind satisfies never;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Constructs are large, and go round in circles. */
function shown(value: unknown): unknown {
  if (typeof value === 'function') return 'a function';
  return isObject(value) && !isPlain(value) ? 'an object of some class' : value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A whole number, with which alarms and the dashboard are reckoned at synth. */
export function whole(name: string, value: number, least: number, most: number): number {
  const allowed = `a whole number from ${least} to ${most}`;
  if (Token.isUnresolved(value)) throw refuse(name, 'a number known only when deployed', allowed);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refuse(name, value, allowed);
}

/** A whole number of seconds, with which others are reckoned at synth. */
export function seconds(name: string, duration: Duration, least: number, most: number): Duration {
  const allowed = `a whole number of seconds from ${least} to ${most}`;
  if (duration.isUnresolved()) throw refuse(name, 'a time known only when deployed', allowed);
  const value = duration.toSeconds({ integral: false });
  if (Number.isInteger(value) && value >= least && value <= most) return duration;
  throw refuse(name, `${value} s`, allowed);
}

/** A whole number of days, with which others are reckoned at synth. */
export function days(name: string, duration: Duration, least: number, most: number): Duration {
  const allowed = `a whole number of days from ${least} to ${most}`;
  if (duration.isUnresolved()) throw refuse(name, 'a time known only when deployed', allowed);
  const value = duration.toDays({ integral: false });
  if (Number.isInteger(value) && value >= least && value <= most) return duration;
  throw refuse(name, `${value} days`, allowed);
}

/** A time that CloudWatch keeps logs for. */
export function retention(name: string, value: RetentionDays): RetentionDays {
  if (value in RetentionDays) return value;
  throw refuse(name, value, 'one of RetentionDays');
}
