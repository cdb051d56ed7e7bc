/** Readers of context values that name AWS resources. They find typing errors before CloudFormation does. */

import { type EndpointName, endpointNames } from '../network/vpc-endpoints.ts';
import { isSecretName } from '../permissions/secrets.ts';
import type { AlarmSettings } from '../watching/alarms/thresholds.ts';
import { duration, object, plain, type Reader, text, words, wrong } from './context-readers.ts';

/** Reads the URL of an object in S3. */
export function objectUrl(name: string, value: unknown): { bucket: string; key: string } | undefined {
  const url = text(name, value);
  if (url === undefined) return undefined;
  const [, bucket, key] = /^s3:\/\/([^/\s]+)\/(\S+)$/.exec(url) ?? [];
  if (bucket === undefined || key === undefined || !bucketName.test(bucket)) throw wrong(name, url, 's3://bucket/key');
  return { bucket, key };
}

/** Labels joined by dots, but not an IP address. */
const bucketName = /^(?=.{3,63}$)(?!\d+(?:\.\d+){3}$)[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/;

export function bucket(name: string, value: unknown): string | undefined {
  const given = text(name, value);
  if (given === undefined || bucketName.test(given)) return given;
  throw wrong(name, given, 'the name of a bucket (lower-case letters, digits, dots and hyphens)');
}

export function buckets(name: string, value: unknown): readonly string[] {
  const bad = words(name, value).find((word) => !bucketName.test(word));
  if (bad !== undefined) throw wrong(name, bad, 'the name of a bucket (lower-case letters, digits, dots and hyphens)');
  return words(name, value);
}

/** The part of an ARN after region and account. FIFO queues and topics are not allowed: none of the named ones is FIFO. */
const resourceOf = {
  sns: /^[\w-]{1,256}$/,
  sqs: /^[\w-]{1,80}$/,
  kms: /^key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
} as const;

const shapes = { sns: 'NAME', sqs: 'NAME', kms: 'key/ID' } as const;

type Service = keyof typeof resourceOf;

/** Returns a reader for an ARN of an AWS service. */
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

/** Reads entries `name=ARN of a queue`. */
export function queuesByName(name: string, value: unknown): Readonly<Record<string, string>> {
  const pairs = words(name, value).map((word): [string, string] => {
    const [, transport, queue] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (transport === undefined || queue === undefined) throw wrong(name, word, 'name=ARN of a queue');
    return [transport, arnOf(name, 'sqs', queue)];
  });
  const twice = pairs.find(([transport], index) => pairs.slice(0, index).some(([earlier]) => earlier === transport));
  if (twice !== undefined) throw wrong(name, twice[0], 'each name once, as name=ARN of a queue');
  return Object.fromEntries(pairs);
}

/** Returns a reader for ids of EC2: `vpc-0123456789abcdef0`. */
export function resourceId(kind: string): Reader<string | undefined> {
  return (name, value) => {
    const given = text(name, value);
    if (given === undefined || new RegExp(`^${kind}-[0-9a-f]{8,17}$`).test(given)) return given;
    throw wrong(name, given, `an id such as ${kind}-0123456789abcdef0`);
  };
}

export function resourceIds(kind: string): Reader<readonly string[] | undefined> {
  const one = resourceId(kind);
  return (name, value) => (value === undefined ? undefined : words(name, value).map((word) => one(name, word) ?? ''));
}

/** A subnet, and the route table for its gateway endpoints. */
export interface NamedSubnet {
  readonly subnetId: string;
  readonly routeTableId?: string;
}

/** Reads entries `subnet-ID` or `subnet-ID=rtb-ID`. */
export function subnets(name: string, value: unknown): readonly NamedSubnet[] | undefined {
  if (value === undefined) return undefined;
  return words(name, value).map((word) => {
    const match = /^(subnet-[0-9a-f]{8,17})(?:=(rtb-[0-9a-f]{8,17}))?$/.exec(word);
    const [, subnetId, routeTableId] = match ?? [];
    if (subnetId === undefined) throw wrong(name, word, 'subnet-ID, or subnet-ID=rtb-ID with its route table');
    return routeTableId === undefined ? { subnetId } : { subnetId, routeTableId };
  });
}

/** Reads `yes`, `no`, `existing`, or names of services. */
export function endpoints(name: string, given: unknown): boolean | 'existing' | readonly EndpointName[] | undefined {
  const value = plain(given);
  if (value === undefined || typeof value === 'boolean' || value === 'existing') return value;
  if (value === 'yes' || value === 'true') return true;
  if (value === 'no' || value === 'false') return false;
  const isName = (word: string): word is EndpointName => (endpointNames as readonly string[]).includes(word);
  const all = words(name, value);
  if (all.every(isName)) return all;
  throw wrong(name, value, `yes, no, existing or some of ${endpointNames.join(', ')}`);
}

/** Reads entries `bucket=account`. */
export function accountsByBucket(name: string, given: unknown): Readonly<Record<string, string>> | undefined {
  const value = plain(given);
  if (value === undefined) return undefined;
  const isObject = typeof value === 'object' && !Array.isArray(value);
  const pairs = isObject ? Object.entries(value as object) : words(name, value).map((word) => word.split('='));
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const [bucket, account, ...rest] = pair;
      if (typeof account === 'string' && rest.length === 0 && bucketName.test(bucket) && /^\d{12}$/.test(account)) {
        return [bucket, account];
      }
      throw wrong(name, pair.join('='), 'bucket=account, with an account of twelve digits');
    }),
  );
}

/** Reads thresholds of alarms by name, with times as text: `{ "lateMail": { "threshold": 4, "over": "30m" } }`. */
export function alarms(name: string, value: unknown): AlarmSettings | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(object(name, value)).map(([alarm, setting]) => {
    if (typeof setting !== 'object' || setting === null || !('over' in setting)) return [alarm, setting];
    return [alarm, { ...setting, over: duration(`${name}.${alarm}.over`, setting.over ?? undefined) }];
  });
  return Object.fromEntries(entries) as AlarmSettings;
}

/** Reads names of secrets of this account, or ARNs of secrets of any account. */
export function secretNames(name: string, value: unknown): readonly string[] {
  const all = words(name, value);
  const bad = all.find((word) => !isSecretName(word));
  if (bad !== undefined) throw wrong(name, bad, 'a name or an ARN of a secret');
  return all;
}
