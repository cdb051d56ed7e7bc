/**
 * The type of each property. The compiler checks CDK apps in TypeScript; these checks give a clear error to an app in JavaScript,
 * or to one that reads its settings from a file.
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
 * Checks that every property is known and has its type.
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

/** A value for an error. Constructs are not shown: they are large and contain cycles. */
function shown(value: unknown): unknown {
  if (typeof value === 'function') return 'a function';
  return isObject(value) && !isPlain(value) ? 'an object of some class' : value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns a whole number, which alarms and the dashboard need at synth. */
export function whole(name: string, value: number, least: number, most: number): number {
  const allowed = `a whole number from ${least} to ${most}`;
  if (Token.isUnresolved(value)) throw refuse(name, 'a number known only at deployment', allowed);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refuse(name, value, allowed);
}

/** Returns a whole number of seconds, which other settings need at synth. */
export function seconds(name: string, duration: Duration, least: number, most: number): Duration {
  const allowed = `a whole number of seconds from ${least} to ${most}`;
  if (duration.isUnresolved()) throw refuse(name, 'a time known only at deployment', allowed);
  const value = duration.toSeconds({ integral: false });
  if (Number.isInteger(value) && value >= least && value <= most) return duration;
  throw refuse(name, `${value} s`, allowed);
}

/** Returns a whole number of days, which other settings need at synth. */
export function days(name: string, duration: Duration, least: number, most: number): Duration {
  const allowed = `a whole number of days from ${least} to ${most}`;
  if (duration.isUnresolved()) throw refuse(name, 'a time known only at deployment', allowed);
  const value = duration.toDays({ integral: false });
  if (Number.isInteger(value) && value >= least && value <= most) return duration;
  throw refuse(name, `${value} days`, allowed);
}

/** Returns a retention that CloudWatch Logs allows. */
export function retention(name: string, value: RetentionDays): RetentionDays {
  if (value in RetentionDays) return value;
  throw refuse(name, value, 'one of RetentionDays');
}
