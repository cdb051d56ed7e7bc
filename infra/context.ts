/**
 * What a user may set without writing code: context values, from cdk.json or as `-c name=value`, as the properties of a
 * stack. A value on the command line is always text, one in cdk.json may be a number, a list or an object; an empty one
 * counts as absent, so `-c destination=` takes back what cdk.json says.
 */
import { Duration } from 'aws-cdk-lib';
import { PropsError, refuse } from './props-error.ts';

/** Context names and what each means, in the order of the manual. */
export const contextNames = {
  destination: 'where mail goes that the transport map does not name: inet:lmtp.example.com:24',
  transportMap: 'Postfix transport(5) text, entries separated by newline or semicolon',
  transportMapObject: 'an object with such a text, s3://bucket/key, asked before the rest',
  otherTransports: 'other transports that the map names: name=ARN of its incoming queue, separated by blanks',
  allowedDestinations: 'destinations that a request may name itself, separated by blanks',
  transport: 'name of the transport, which is part of the name of the stack',
  parameters: 'Postfix parameters: a JSON object, or name=value separated by newline or semicolon',
  messageBucket: 'name of a bucket of your own for message bodies',
  allowedBuckets: 'names of buckets that a request may name, separated by blanks',
  sesTopics: 'ARNs of the topics that receipt rules of Amazon SES notify, separated by blanks',
  objectPrefix: 'prefix of the message bucket: what is written below it with an envelope in its metadata is mail',
  secrets:
    'names or ARNs of secrets that the lmtp function may read beside those that parameters name, separated by blanks',
  functionTimeout: 'how long the lmtp function may run: 300s, 5m',
  memorySize: 'memory of a function in megabytes',
  maximumConcurrency: 'how many lmtp functions run at once',
} as const;
export type ContextName = keyof typeof contextNames;

/** Context values as plain types; what they name in AWS is looked up by the stack. */
export interface ContextSettings {
  readonly destination: string | undefined;
  readonly transportMap: string | undefined;
  readonly transportMapObject: { readonly bucket: string; readonly key: string } | undefined;
  /** ARNs of queues, by name. */
  readonly otherTransports: Readonly<Record<string, string>>;
  readonly sesTopics: readonly string[];
  readonly objectPrefix: string | undefined;
  readonly allowedDestinations: readonly string[];
  readonly transport: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly messageBucket: string | undefined;
  readonly allowedBuckets: readonly string[];
  readonly secrets: readonly string[];
  readonly functionTimeout: Duration | undefined;
  readonly memorySize: number | undefined;
  readonly maximumConcurrency: number | undefined;
}

type Context = Readonly<Record<string, unknown>>;

/**
 * Reads the settings of a stack from the context of its app.
 *
 * @throws PropsError naming the context value that is wrong, or unknown, and what is allowed
 */
export function readContext(context: Context): ContextSettings {
  refuseUnknown(context);
  return {
    destination: text(context, 'destination'),
    transportMap: text(context, 'transportMap')?.replaceAll(/\s*;\s*/g, '\n'),
    transportMapObject: objectUrl(context, 'transportMapObject'),
    otherTransports: Object.fromEntries(words(context, 'otherTransports').map(queueByName)),
    sesTopics: words(context, 'sesTopics').map((arn) => arnOf('sesTopics', 'sns', arn)),
    objectPrefix: text(context, 'objectPrefix'),
    allowedDestinations: words(context, 'allowedDestinations'),
    transport: text(context, 'transport'),
    parameters: assignments(context, 'parameters'),
    messageBucket: text(context, 'messageBucket'),
    allowedBuckets: words(context, 'allowedBuckets'),
    secrets: words(context, 'secrets'),
    functionTimeout: duration(context, 'functionTimeout'),
    memorySize: number(context, 'memorySize'),
    maximumConcurrency: number(context, 'maximumConcurrency'),
  };
}

/** A misspelt name must not pass in silence. The CDK's own names all have a colon, a slash or a hyphen. */
function refuseUnknown(context: Context): void {
  const unknown = Object.keys(context).find((name) => /^\w+$/.test(name) && !Object.hasOwn(contextNames, name));
  if (unknown === undefined) return;
  throw new PropsError(`context ${unknown} is not known: allowed are ${Object.keys(contextNames).join(', ')}`);
}

function present(context: Context, name: ContextName): unknown {
  const value = context[name];
  return value === '' || value === null ? undefined : value;
}

function text(context: Context, name: ContextName): string | undefined {
  const value = present(context, name);
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, value, 'text');
}

function words(context: Context, name: ContextName): readonly string[] {
  const value = present(context, name) ?? [];
  if (typeof value === 'string') return value.split(/[\s,]+/).filter((word) => word !== '');
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw wrong(name, value, 'a list of texts, or one text with blanks between them,');
}

function number(context: Context, name: ContextName): number | undefined {
  const value = present(context, name);
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  throw wrong(name, value, 'a whole number');
}

function objectUrl(context: Context, name: ContextName): { bucket: string; key: string } | undefined {
  const value = text(context, name);
  if (value === undefined) return undefined;
  const [, bucket, key] = /^s3:\/\/([^/\s]+)\/(\S+)$/.exec(value) ?? [];
  if (bucket === undefined || key === undefined) throw wrong(name, value, 's3://bucket/key');
  return { bucket, key };
}

function queueByName(word: string): [string, string] {
  const [, transport, arn] = /^([^=]+)=(.+)$/.exec(word) ?? [];
  if (transport === undefined || arn === undefined) throw wrong('otherTransports', word, 'name=ARN of a queue');
  return [transport, arnOf('otherTransports', 'sqs', arn)];
}

function arnOf(name: ContextName, service: string, arn: string): string {
  if (new RegExp(`^arn:[^:\\s]+:${service}:[^:\\s]+:[^:\\s]+:[^:\\s]+$`).test(arn)) return arn;
  throw wrong(name, arn, `an ARN of ${service}`);
}

/** A time with Postfix's units; a plain number is seconds. */
function duration(context: Context, name: ContextName): Duration | undefined {
  const value = present(context, name);
  if (value === undefined) return undefined;
  const [, digits, unit] = /^(\d+)([smh]?)$/.exec(String(value)) ?? [];
  if (digits === undefined) throw wrong(name, value, 'a time such as 300, 300s or 5m');
  return Duration.seconds(Number(digits) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1));
}

function assignments(context: Context, name: ContextName): Readonly<Record<string, string>> {
  const value = present(context, name) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return asTexts(name, value as Context);
  if (typeof value !== 'string') throw wrong(name, value, assignmentForms);
  if (value.trimStart().startsWith('{')) return asTexts(name, parseObject(name, value));
  const lines = value.split(/[\n;]/).filter((line) => line.trim() !== '');
  return Object.fromEntries(lines.map((line) => assignment(name, line)));
}

const assignmentForms = 'a JSON object, or name=value separated by newline or semicolon,';

function assignment(name: ContextName, line: string): [string, string] {
  const [, parameter, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  if (parameter === undefined || value === undefined) throw wrong(name, withoutPasswords(line), assignmentForms);
  return [parameter, value];
}

function parseObject(name: ContextName, value: string): Context {
  try {
    return JSON.parse(value) as Context;
  } catch {
    throw wrong(name, withoutPasswords(value), assignmentForms);
  }
}

/** What is malformed may hold passwords all the same. */
function withoutPasswords(text: string): string {
  return text.replace(/(password_maps).*/s, '$1 (hidden)');
}

/** cdk.json may have `20` where main.cf has `20`: both are text to a parameter. */
function asTexts(name: ContextName, values: Context): Readonly<Record<string, string>> {
  const entries = Object.entries(values).map(([parameter, value]): [string, string] => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw wrong(name, value, `text for ${parameter}`);
    }
    return [parameter, String(value)];
  });
  return Object.fromEntries(entries);
}

function wrong(name: ContextName, value: unknown, allowed: string): PropsError {
  return refuse(`context ${name}`, value, allowed);
}
