/**
 * The context values that set the properties of a stack without code, from cdk.json or as `-c name=value`. A value on the command
 * line is text, of which the CDK keeps the first line only; `-c name=@FILE` has no such limit. A value in cdk.json may also be a
 * number, a list or an object. An empty value counts as absent, so `-c destination=` overrides cdk.json.
 */

import { PropsError } from '../properties/props-error.ts';
import * as read from './context-readers.ts';
import * as resources from './context-resources.ts';

/** One context value. */
interface Row {
  /** Its meaning and form on the command line; for the manual and for errors. */
  readonly about: string;
  readonly read: read.Reader<unknown>;
  /** A value at top level applies only to the first of several transports. */
  readonly isOfFirst?: true;
}

/** The context values, in the order of the manual. Each is the property of the same name. */
export const contextTable = {
  destination: {
    about: 'destination of mail that matches no entry of the transport map: `inet:lmtp.example.com:24`',
    read: read.text,
  },
  transportMap: {
    about:
      'Postfix transport(5) text: entries separated by semicolons, `example.com lmtp:inet:a:24; ...`; a list of them; or a file, `@transport`',
    read: read.lines,
  },
  transportMapObject: {
    about: 'an object with such a text, searched before the rest: `s3://bucket/key`',
    read: resources.objectUrl,
  },
  allowedDestinations: {
    about: 'destinations that a request may name, separated by blanks',
    read: read.words,
  },
  watchedDestinations: {
    about: 'destinations with their own metrics, at most 20, separated by blanks; default: the first known ones',
    // A destination with several servers contains commas.
    read: (name, value) => (value === undefined ? undefined : read.blankSeparated(name, value)),
  },
  parameters: {
    about: 'Postfix parameters: a JSON object, `name=value` separated by semicolons, or a file as main.cf, `@main.cf`',
    read: read.parameters,
  },
  secrets: {
    about: 'names or ARNs of secrets that lmtp and check may read, beside those in parameters, separated by blanks',
    read: resources.secretNames,
  },
  transport: {
    about: 'name of the transport, default `lmtp`; part of the name of the stack',
    read: read.text,
  },
  transports: {
    about: 'several transports in one stack, by name, each with values of this table: a JSON object',
    read: (name, value) => (value === undefined ? undefined : read.object(name, value)),
  },
  otherTransports: {
    about: 'transports of other stacks in the map: `name=ARN of its incoming queue`, separated by blanks',
    read: resources.queuesByName,
  },
  messageBucket: { about: 'name of an existing bucket for message bodies', read: resources.bucket },
  allowedBuckets: { about: 'names of buckets that a request may name, separated by blanks', read: resources.buckets },
  bodyPrefixes: {
    about: 'prefixes of bodies in the message bucket, separated by blanks; no other object is read: `in/ ses/`',
    read: (name, value) => (value === undefined ? undefined : read.words(name, value)),
  },
  bucketOwners: {
    about: 'owners of buckets in other accounts: `bucket=account`, separated by blanks',
    read: resources.accountsByBucket,
  },
  bodyRetention: {
    about: 'deletes bodies that no delivery references any more, and keeps deleted bodies for this long: `30d`',
    read: read.duration,
    isOfFirst: true,
  },
  sesTopics: {
    about: 'ARNs of the topics that receipt rules of Amazon SES notify, separated by blanks',
    read: resources.arns('sns'),
    isOfFirst: true,
  },
  objectPrefix: {
    about:
      'prefix of the message bucket; objects below it with an envelope in their metadata are accepted as mail: `drop/`',
    read: read.text,
    isOfFirst: true,
  },
  vpc: {
    about: 'id of the VPC of lmtp and check: `vpc-0123456789abcdef0`',
    read: resources.resourceId('vpc'),
  },
  subnets: {
    about:
      'ids of its subnets, one for each zone, with their route tables if endpoints are created: `subnet-...=rtb-...`',
    read: resources.subnets,
  },
  securityGroup: {
    about: 'id of an existing security group; default: a new one',
    read: resources.resourceId('sg'),
  },
  vpcEndpoints: {
    about:
      'AWS endpoints to create in the VPC: `yes`, `no`, `existing`, or some of `s3 dynamodb sqs sns secretsmanager`',
    read: resources.endpoints,
  },
  prefixLists: {
    about: 'ids of prefix lists to which HTTPS is allowed, separated by blanks',
    read: resources.resourceIds('pl'),
  },
  mailPorts: { about: 'ports of the mail servers that the destinations do not name: `24 2400`', read: read.numbers },
  ipv6: { about: 'whether to reach mail servers by IPv6 too: `yes`', read: read.yesOrNo },
  encryptionKey: {
    about: 'ARN of a KMS key for all stored data; synth prints the statements that its policy needs',
    read: resources.arn('kms'),
  },
  alarms: {
    about: 'thresholds of alarms, or `false` for no alarm: `{"lateMail": {"threshold": 4, "over": "30m"}}`',
    read: resources.alarms,
  },
  prices: {
    about: 'your prices in dollars for the estimates of the dashboard: `{"lambdaTime": 0.0000133334}`',
    read: (name, value) => (value === undefined ? undefined : read.object(name, value)),
  },
  operatingManual: {
    about: 'URL or path of your copy of docs/operating.md; alarm texts link to it',
    read: read.text,
  },
  alarmTopic: { about: 'ARN of the topic for alarms', read: resources.arn('sns') },
  logRetention: { about: 'retention of logs in days, one that CloudWatch allows: `90`', read: read.days },
  functionTimeout: { about: 'time-out of the lmtp function: `300s`, `5m`', read: read.duration },
  memorySize: { about: 'memory of a function in megabytes', read: read.number },
  maximumConcurrency: { about: 'number of lmtp functions that run at once', read: read.number },
  sessionBudget: { about: 'number of sessions that the mail store allows this stack', read: read.number },
} as const satisfies Readonly<Record<string, Row>>;

export type ContextName = keyof typeof contextTable;

/** Names and meanings of the context values. */
export const contextNames = Object.fromEntries(
  Object.entries<Row>(contextTable).map(([name, { about }]) => [name, about]),
) as Readonly<Record<ContextName, string>>;

/** Context values as plain types. The stack turns the AWS resources that they name into references. */
export type ContextSettings = { readonly [Name in ContextName]: ReturnType<(typeof contextTable)[Name]['read']> };

/**
 * Returns the settings of a transport.
 *
 * @param path returns the name of a value in errors, with its transport if there are several
 * @throws PropsError with the wrong or unknown context value and what is allowed
 */
export function readContext(context: read.Context, path: (name: string) => string = (name) => name): ContextSettings {
  refuseUnknown(context, path);
  const entries = Object.entries<Row>(contextTable).map(([name, row]) => {
    const value = present(context, name);
    // The CDK writes values known only at deployment like this; a context value cannot contain one.
    if (/[$#]\{Token\[/.test(JSON.stringify(value) ?? ''))
      throw read.wrong(path(name), value, 'a value without Token[');
    return [name, row.read(path(name), read.fileOrValue(path(name), value))];
  });
  return Object.fromEntries(entries) as ContextSettings;
}

/** Returns a value; undefined if it is absent, empty or null. */
export function present(context: read.Context, name: string): unknown {
  const value = Object.hasOwn(context, name) ? context[name] : undefined;
  return value === '' || value === null ? undefined : value;
}

/** Refuses misspelt names. The CDK's names all contain a colon, a slash or a hyphen. */
function refuseUnknown(context: read.Context, path: (name: string) => string): void {
  const unknown = Object.keys(context).find((name) => /^\w+$/.test(name) && !Object.hasOwn(contextTable, name));
  if (unknown !== undefined) throw notKnown(path(unknown), Object.keys(contextTable));
}

/** Returns the error about an unknown name. */
export function notKnown(name: string, allowed: readonly string[]): PropsError {
  return new PropsError(`context ${name} is not known: allowed are ${allowed.join(', ')}`);
}
