/**
 * What a context value may look like: text as it comes from the command line (`-c name=value`), or a number, a list or an
 * object from cdk.json. Each reader takes the value's name, for the error, and the value, `undefined` where there is none.
 */
import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { AlarmSettings } from './alarms/thresholds.ts';
import { type PropsError, refuse } from './props-error.ts';
import { type EndpointName, endpointNames } from './vpc-endpoints.ts';

/** @throws PropsError naming the value and what is allowed */
export type Reader<T> = (name: string, value: unknown) => T;

/** Values by name. */
export type Context = Readonly<Record<string, unknown>>;

export function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, value, 'text');
}

/** Entries separated by newline, or semicolon where a newline is hard to type. */
export function lines(name: string, value: unknown): string | undefined {
  return text(name, value)?.replaceAll(/\s*;\s*/g, '\n');
}

/** A list without what is there twice; text is taken apart at blanks and commas. */
export function words(name: string, value: unknown = []): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((one) => typeof one === 'string')) {
    throw wrong(name, value, 'a list of texts, or one text with blanks between them,');
  }
  const all = texts.flatMap((one) => one.split(/[\s,]+/)).filter((word) => word !== '');
  return [...new Set(all)];
}

/** A list, as such or with blanks between its texts, which may have commas in them. */
export function blankSeparated(name: string, value: unknown): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.every((one) => typeof one === 'string')) return texts.flatMap((one) => one.trim().split(/\s+/));
  throw wrong(name, value, 'a list of texts, or one text with blanks between them,');
}

export function number(name: string, value: unknown): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw wrong(name, value, 'a whole number');
}

/** A list of whole numbers. */
export function numbers(name: string, value: unknown): readonly number[] | undefined {
  if (value === undefined) return undefined;
  const all: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? words(name, value)
      : [value];
  return all.map((one) => number(name, one) ?? 0);
}

export function yesOrNo(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'yes' || value === 'true') return true;
  if (value === 'no' || value === 'false') return false;
  throw wrong(name, value, 'yes or no');
}

/** A time that CloudWatch keeps logs for. */
export function days(name: string, value: unknown): RetentionDays | undefined {
  const given = number(name, value);
  if (given === undefined || given in RetentionDays) return given;
  const all = Object.values(RetentionDays).filter((one) => typeof one === 'number');
  throw wrong(name, value, `one of ${all.join(', ')} (9999: for ever)`);
}

/** A time with Postfix's units; a plain number is seconds. */
export function duration(name: string, value: unknown): Duration | undefined {
  if (value === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,9})([smhdw]?)$/.exec(String(value)) ?? [];
  if (digits === undefined) throw wrong(name, value, 'a time such as 300, 300s, 5m or 90d');
  return Duration.seconds(Number(digits) * (secondsIn[unit] ?? 1));
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** An object in S3. */
export function objectUrl(name: string, value: unknown): { bucket: string; key: string } | undefined {
  const url = text(name, value);
  if (url === undefined) return undefined;
  const [, bucket, key] = /^s3:\/\/([^/\s]+)\/(\S+)$/.exec(url) ?? [];
  if (bucket === undefined || key === undefined || !bucketName.test(bucket))
    throw wrong(name, value, 's3://bucket/key');
  return { bucket, key };
}

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function bucket(name: string, value: unknown): string | undefined {
  const given = text(name, value);
  if (given === undefined || bucketName.test(given)) return given;
  throw wrong(name, value, 'the name of a bucket (small letters, digits, dots and hyphens)');
}

export function buckets(name: string, value: unknown): readonly string[] {
  const bad = words(name, value).find((word) => !bucketName.test(word));
  if (bad !== undefined) throw wrong(name, bad, 'the name of a bucket (small letters, digits, dots and hyphens)');
  return words(name, value);
}

/** What stands behind region and account in an ARN; no queue or topic of ours is a FIFO one where others meet it. */
const resourceOf = {
  sns: /^[\w-]{1,256}$/,
  sqs: /^[\w-]{1,80}$/,
  kms: /^key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
} as const;

const shapes = { sns: 'NAME', sqs: 'NAME', kms: 'key/ID' } as const;

type Service = keyof typeof resourceOf;

/** An ARN of a service of AWS. */
export function arn(service: Service): Reader<string | undefined> {
  return (name, value) => {
    const given = text(name, value);
    return given === undefined ? undefined : arnOf(name, service, given);
  };
}

export function arns(service: Service): Reader<readonly string[]> {
  return (name, value) => words(name, value).map((word) => arnOf(name, service, word));
}

function arnOf(name: string, service: Service, given: string): string {
  const [, owner, resource = ''] = /^arn:aws[a-z-]*:([a-z]+):[a-z]{2}[a-z0-9-]+:\d{12}:(.+)$/.exec(given) ?? [];
  if (owner === service && resourceOf[service].test(resource)) return given;
  throw wrong(name, given, `an ARN of ${service} (arn:aws:${service}:REGION:ACCOUNT:${shapes[service]})`);
}

/** `name=ARN of a queue` each. */
export function queuesByName(name: string, value: unknown): Readonly<Record<string, string>> {
  const pairs = words(name, value).map((word): [string, string] => {
    const [, transport, queue] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (transport === undefined || queue === undefined) throw wrong(name, word, 'name=ARN of a queue');
    return [transport, arnOf(name, 'sqs', queue)];
  });
  const twice = pairs.find(([transport], index) => pairs.slice(0, index).some(([earlier]) => earlier === transport));
  if (twice !== undefined) throw wrong(name, twice[0], 'each name once, name=ARN of a queue,');
  return Object.fromEntries(pairs);
}

/** Ids of EC2: `vpc-0123456789abcdef0`. */
export function resourceId(kind: string): Reader<string | undefined> {
  return (name, value) => {
    const given = text(name, value);
    if (given === undefined || new RegExp(`^${kind}-[0-9a-f]{8,17}$`).test(given)) return given;
    throw wrong(name, value, `an id such as ${kind}-0123456789abcdef0`);
  };
}

export function resourceIds(kind: string): Reader<readonly string[] | undefined> {
  const one = resourceId(kind);
  return (name, value) => (value === undefined ? undefined : words(name, value).map((word) => one(name, word) ?? ''));
}

/** A subnet, and the route table that its gateway endpoints are written into. */
export interface NamedSubnet {
  readonly subnetId: string;
  readonly routeTableId?: string;
}

/** `subnet-ID` or `subnet-ID=rtb-ID` each. */
export function subnets(name: string, value: unknown): readonly NamedSubnet[] | undefined {
  if (value === undefined) return undefined;
  return words(name, value).map((word) => {
    const match = /^(subnet-[0-9a-f]{8,17})(?:=(rtb-[0-9a-f]{8,17}))?$/.exec(word);
    const [, subnetId, routeTableId] = match ?? [];
    if (subnetId === undefined) throw wrong(name, word, 'subnet-ID, or subnet-ID=rtb-ID with its route table,');
    return routeTableId === undefined ? { subnetId } : { subnetId, routeTableId };
  });
}

/** `yes`, `no`, `existing`, or names. */
export function endpoints(name: string, value: unknown): boolean | 'existing' | readonly EndpointName[] | undefined {
  if (value === undefined || typeof value === 'boolean' || value === 'existing') return value;
  if (value === 'yes' || value === 'true') return true;
  if (value === 'no' || value === 'false') return false;
  const isName = (word: string): word is EndpointName => (endpointNames as readonly string[]).includes(word);
  const all = words(name, value);
  if (all.every(isName)) return all;
  throw wrong(name, value, `yes, no, existing or some of ${endpointNames.join(', ')}`);
}

/** `bucket=account` each. */
export function accountsByBucket(name: string, value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  const isObject = typeof value === 'object' && !Array.isArray(value);
  const pairs = isObject ? Object.entries(value as object) : words(name, value).map((word) => word.split('='));
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const [bucket, account, ...rest] = pair;
      if (typeof account === 'string' && rest.length === 0 && bucketName.test(bucket) && /^\d{12}$/.test(account)) {
        return [bucket, account];
      }
      throw wrong(name, pair.join('='), 'name of a bucket=account of twelve digits');
    }),
  );
}

/** Thresholds of alarms by name, with times as text: `{ "lateMail": { "threshold": 4, "over": "30m" } }`. */
export function alarms(name: string, value: unknown): AlarmSettings | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(object(name, value)).map(([alarm, setting]) => {
    if (typeof setting !== 'object' || setting === null || !('over' in setting)) return [alarm, setting];
    return [alarm, { ...setting, over: duration(`${name}.${alarm}.over`, setting.over ?? undefined) }];
  });
  return Object.fromEntries(entries) as AlarmSettings;
}

/** Names of secrets of this account, or ARNs of any. */
export function secretNames(name: string, value: unknown): readonly string[] {
  const all = words(name, value);
  const bad = all.find((word) => (word.startsWith('arn:') ? !secretArn.test(word) : !/^[\w/+=.@-]{1,512}$/.test(word)));
  if (bad !== undefined) throw wrong(name, bad, 'a name or an ARN of a secret');
  return all;
}

const secretArn = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/;

/**
 * An object, as such or as JSON.
 *
 * @param forms what is allowed, for the error
 */
export function object(name: string, value: unknown, forms = 'a JSON object'): Context {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Context;
  if (typeof value !== 'string') throw wrong(name, value, forms);
  return object(name, parseJson(name, value, forms), forms);
}

function parseJson(name: string, value: string, forms: string): unknown {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object') return parsed;
  } catch {
    // Said below.
  }
  throw wrong(name, withoutPasswords(value), forms);
}

/** Postfix parameters: an object, or `name=value` lines. */
export function parameters(name: string, value: unknown = {}): Readonly<Record<string, string>> {
  const isLines = typeof value === 'string' && !value.trimStart().startsWith('{');
  if (!isLines) return asTexts(name, object(name, value, assignmentForms));
  const given = value.split(/[\n;]/).filter((line) => line.trim() !== '');
  return Object.fromEntries(given.map((line) => assignment(name, line)));
}

const assignmentForms = 'a JSON object, or name=value separated by newline or semicolon,';

function assignment(name: string, line: string): [string, string] {
  const [, parameter, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  if (parameter === undefined || value === undefined) throw wrong(name, withoutPasswords(line), assignmentForms);
  return [parameter, value];
}

/** What is malformed may hold passwords all the same. */
function withoutPasswords(given: string): string {
  return given.replace(/(password_maps).*/s, '$1 (hidden)');
}

/** cdk.json may have `20` where main.cf has `20`: both are text to a parameter. */
function asTexts(name: string, values: Context): Readonly<Record<string, string>> {
  const entries = Object.entries(values).map(([parameter, value]): [string, string] => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw wrong(name, value, `text for ${parameter}`);
    }
    return [parameter, String(value)];
  });
  return Object.fromEntries(entries);
}

/** The error about a context value. */
export function wrong(name: string, value: unknown, allowed: string): PropsError {
  return refuse(`context ${name}`, value, allowed);
}
