/**
 * What a user may set without writing code: context values, from cdk.json or as `-c name=value`, as the properties of a
 * stack. A value on the command line is always text, one in cdk.json may be a number, a list or an object; an empty one
 * counts as absent, so `-c destination=` takes back what cdk.json says.
 */

import { PropsError } from '../properties/props-error.ts';
import * as read from './context-readers.ts';
import * as resources from './context-resources.ts';

/** One context value. */
interface Row {
  /** What it means, and what it looks like on the command line; for the manual and for errors. */
  readonly about: string;
  readonly read: read.Reader<unknown>;
  /** Of the stack, or of its first transport: what stands at top level is not meant for every one of several transports. */
  readonly isOfFirst?: true;
}

/** The context values, in the order of the manual. Each is the property of the same name. */
export const contextTable = {
  destination: {
    about: 'where mail goes that the transport map does not name: `inet:lmtp.example.com:24`',
    read: read.text,
  },
  transportMap: {
    about: 'Postfix transport(5) text, entries separated by newline or semicolon: `example.com lmtp:inet:a:24; ...`',
    read: read.lines,
  },
  transportMapObject: {
    about: 'an object with such a text, asked before the rest: `s3://bucket/key`',
    read: resources.objectUrl,
  },
  allowedDestinations: {
    about: 'destinations that a request may name itself, separated by blanks',
    read: read.words,
  },
  watchedDestinations: {
    about:
      'destinations with metrics of their own, at most 20, separated by blanks; else the first that the stack knows',
    // A destination of several servers has commas in it.
    read: (name, value) => (value === undefined ? undefined : read.blankSeparated(name, value)),
  },
  parameters: {
    about: 'Postfix parameters: a JSON object, or `name=value` separated by newline or semicolon',
    read: read.parameters,
  },
  secrets: {
    about:
      'names or ARNs of secrets that lmtp and check may read beside those that parameters name, separated by blanks',
    read: resources.secretNames,
  },
  transport: {
    about: 'name of the transport, `lmtp` if absent; it is part of the name of the stack',
    read: read.text,
  },
  transports: {
    about: 'several transports in one stack, by name, each with values of this table (see below): a JSON object',
    read: (name, value) => (value === undefined ? undefined : read.object(name, value)),
  },
  otherTransports: {
    about: 'transports of other stacks that the map names: `name=ARN of its incoming queue`, separated by blanks',
    read: resources.queuesByName,
  },
  messageBucket: { about: 'name of a bucket of your own for message bodies', read: resources.bucket },
  allowedBuckets: { about: 'names of buckets that a request may name, separated by blanks', read: resources.buckets },
  bodyPrefixes: {
    about:
      'prefixes of the message bucket that bodies lie below, separated by blanks; no other object is read: `in/ ses/`',
    read: (name, value) => (value === undefined ? undefined : read.words(name, value)),
  },
  bucketOwners: {
    about: 'accounts of buckets from elsewhere: `bucket=account`, separated by blanks',
    read: resources.accountsByBucket,
  },
  bodyRetention: {
    about: 'deletes bodies that no delivery needs any more, and keeps deleted bodies for this long: `30d`',
    read: read.duration,
    isOfFirst: true,
  },
  sesTopics: {
    about: 'ARNs of the topics that receipt rules of Amazon SES notify, separated by blanks',
    read: resources.arns('sns'),
    isOfFirst: true,
  },
  objectPrefix: {
    about: 'prefix of the message bucket: what is written below it with an envelope in its metadata is mail: `drop/`',
    read: read.text,
    isOfFirst: true,
  },
  vpc: {
    about: 'id of the VPC that lmtp and check are in: `vpc-0123456789abcdef0`',
    read: resources.resourceId('vpc'),
  },
  subnets: {
    about:
      'ids of its subnets, one for each zone, with their route tables where endpoints are made: `subnet-...=rtb-...`',
    read: resources.subnets,
  },
  securityGroup: {
    about: 'id of a security group of your own; else one is made',
    read: resources.resourceId('sg'),
  },
  vpcEndpoints: {
    about:
      'endpoints of AWS to be made in the VPC: `yes`, `no`, `existing`, or some of `s3 dynamodb sqs sns secretsmanager`',
    read: resources.endpoints,
  },
  prefixLists: {
    about: 'ids of the prefix lists that HTTPS is let out to, separated by blanks',
    read: resources.resourceIds('pl'),
  },
  mailPorts: { about: 'ports of the mail servers, where the destinations do not tell: `24 2400`', read: read.numbers },
  ipv6: { about: 'whether mail servers are reached by IPv6 too: `yes`', read: read.yesOrNo },
  encryptionKey: {
    about: 'ARN of a key of KMS for all that is stored; synth says what its policy must hold',
    read: resources.arn('kms'),
  },
  alarms: {
    about:
      'thresholds of alarms, or `false` for one that is not wanted: `{"lateMail": {"threshold": 4, "over": "30m"}}`',
    read: resources.alarms,
  },
  prices: {
    about: 'prices in dollars that the dashboard reckons with, where yours are others: `{"lambdaTime": 0.0000133334}`',
    read: (name, value) => (value === undefined ? undefined : read.object(name, value)),
  },
  operatingManual: {
    about: 'address or path of your copy of docs/operating.md; alarm texts link to it',
    read: read.text,
  },
  alarmTopic: { about: 'ARN of the topic that alarms go to', read: resources.arn('sns') },
  logRetention: { about: 'how long logs are kept, in days that CloudWatch knows: `90`', read: read.days },
  functionTimeout: { about: 'how long the lmtp function may run: `300s`, `5m`', read: read.duration },
  memorySize: { about: 'memory of a function in megabytes', read: read.number },
  maximumConcurrency: { about: 'how many lmtp functions run at once', read: read.number },
  sessionBudget: { about: 'how many sessions the mail store has for us', read: read.number },
} as const satisfies Readonly<Record<string, Row>>;

export type ContextName = keyof typeof contextTable;

/** Names and meanings. */
export const contextNames = Object.fromEntries(
  Object.entries<Row>(contextTable).map(([name, { about }]) => [name, about]),
) as Readonly<Record<ContextName, string>>;

/** Context values as plain types; what they name in AWS is looked up by the stack. */
export type ContextSettings = { readonly [Name in ContextName]: ReturnType<(typeof contextTable)[Name]['read']> };

/**
 * Reads the settings of a transport.
 *
 * @param path what a value is called in an error: its name, or one of `transports`
 * @throws PropsError naming the context value that is wrong, or unknown, and what is allowed
 */
export function readContext(context: read.Context, path: (name: string) => string = (name) => name): ContextSettings {
  refuseUnknown(context, path);
  const entries = Object.entries<Row>(contextTable).map(([name, row]) => {
    const value = present(context, name);
    // That is how the CDK writes what it knows only when deployed, and nothing of the kind can be in a file.
    if (/[$#]\{Token\[/.test(JSON.stringify(value) ?? ''))
      throw read.wrong(path(name), value, 'a value without Token[');
    return [name, row.read(path(name), value)];
  });
  return Object.fromEntries(entries) as ContextSettings;
}

/** A value that is there. */
export function present(context: read.Context, name: string): unknown {
  const value = Object.hasOwn(context, name) ? context[name] : undefined;
  return value === '' || value === null ? undefined : value;
}

/** A misspelt name must not pass in silence. The CDK's own names all have a colon, a slash or a hyphen. */
function refuseUnknown(context: read.Context, path: (name: string) => string): void {
  const unknown = Object.keys(context).find((name) => /^\w+$/.test(name) && !Object.hasOwn(contextTable, name));
  if (unknown !== undefined) throw notKnown(path(unknown), Object.keys(contextTable));
}

/** The error about a name that is none. */
export function notKnown(name: string, allowed: readonly string[]): PropsError {
  return new PropsError(`context ${name} is not known: allowed are ${allowed.join(', ')}`);
}
