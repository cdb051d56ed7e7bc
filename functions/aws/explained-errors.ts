/**
 * Puts the errors of AWS clients in words: each names the action, the resource and what to do (error-table.ts).
 *
 * An error keeps its class, so that adapters still recognise it. Its message becomes the sentence, and the words of AWS
 * follow. Other parts of it are removed: S3 and DynamoDB return the signed request with the session token, and a
 * response that cannot be parsed may be a secret.
 */

import type { MiddlewareStack } from '@smithy/types';
import { type AwsCall, callOf } from './calls.ts';
import { type ErrorFacts, type ErrorKind, factsOf, kindOf } from './error-kinds.ts';
import { meanings, sentenceOf, serviceNames } from './error-table.ts';
import type { AwsService } from './settings.ts';

/** The kinds of errors whose words have been replaced. */
const explained = new WeakMap<object, ErrorKind>();

/** Returns what an error of AWS or of the network means; undefined: an unmet condition, or no error of AWS. */
export function errorKind(error: unknown): ErrorKind | undefined {
  return (typeof error === 'object' && error !== null && explained.get(error)) || kindOf(error);
}

/** Whether the same call may succeed later without a change by an operator. */
export function isTemporary(kind: ErrorKind): boolean {
  return meanings[kind].isTemporary;
}

/** Whether an error is one of AWS or of the network, and the same call may succeed later. */
export function isTemporaryError(error: unknown): boolean {
  const kind = errorKind(error);
  return kind !== undefined && isTemporary(kind);
}

/** A client, as far as its errors are concerned. */
export interface Explainable<Input extends object, Output extends object> {
  readonly config: { region(): Promise<string> };
  readonly middlewareStack: MiddlewareStack<Input, Output>;
}

/** Puts the errors of a client in words. They are complete: the SDK has repeated what it repeats. */
export function explainErrors<Input extends object, Output extends object>(
  client: Explainable<Input, Output>,
  service: AwsService,
): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (call) => {
        try {
          return await next(call);
        } catch (error) {
          const region = await client.config.region().catch(() => undefined);
          throw explain(error, callOf(service, commandName.replace(/Command$/, ''), call.input), region);
        }
      },
    { step: 'initialize', priority: 'high', name: 'explainErrors', override: true },
  );
}

/** Returns the error of a call in words; an unmet condition, and an error that is none of AWS, unchanged. */
export function explain(error: unknown, call: AwsCall, region?: string): unknown {
  if (!(error instanceof Error) || explained.has(error)) return error;
  const kind = kindOf(error);
  if (kind === undefined) return error;
  const facts = factsOf(error);
  const sentence = sentenceOf(kind, call.service, {
    action: call.action,
    resource: call.resource,
    service: serviceNames[call.service],
    region: region ?? '',
    ...keyOf(facts, call),
  });
  const words = [wordsOfAws(kind, facts, error), kind === 'region' ? placeOfBucket(error) : '']
    .filter((part) => part !== '')
    .join('. ');
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  removeExtras(error);
  // What it quotes is not known to be an error at all.
  if (kind === 'unreadable') delete error.cause;
  error.name = plainName(kind, facts);
  error.message = words === '' ? sentence : `${sentence}. ${words}`;
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  explained.set(error, kind);
  return error;
}

/** Returns a name that says more than `Error`. */
function plainName(kind: ErrorKind, { name, code }: ErrorFacts): string {
  if (kind === 'unreadable') return 'UnreadableAnswer';
  return name === 'Error' && code !== '' ? code : name;
}

/** Calls that encrypt; all others decrypt. */
const encrypting = /:(?:PutObject|SendMessage|Publish)$/;

/** The KMS key and the action on it, from the words of AWS where they name them. */
function keyOf(
  { message }: ErrorFacts,
  { action, resource }: AwsCall,
): { readonly key: string; readonly keyAction: string } {
  const [key = `the KMS key of ${resource}`] = /\barn:aws[\w-]*:kms:[\w-]*:\d*:[\w/:-]+/.exec(message) ?? [];
  const both = encrypting.test(action) ? 'kms:GenerateDataKey and kms:Decrypt' : 'kms:Decrypt';
  const [keyAction = both] = /\bkms:[A-Za-z]+/.exec(message) ?? [];
  return { key, keyAction };
}

/** Most characters of AWS's own words. */
const longest = 500;

/**
 * The words of AWS, in one line; empty if they add nothing, or may contain what belongs in no log. A wrong signature is
 * answered with the signed request behind an empty line.
 */
function wordsOfAws(kind: ErrorKind, { name, message, status, code }: ErrorFacts, error: Error): string {
  const ofStatus = status === undefined ? '' : `The HTTP status was ${status}`;
  // The first quotes what was received, the second the header with the credentials.
  if (kind === 'unreadable' || /^IncompleteSignature/.test(name)) return ofStatus;
  const [first = ''] = message.split(/[\r\n]/, 1);
  const plain = first
    .replace(/^@smithy\/node-http-handler - (?:\[\w+\] )?/, '')
    .replaceAll(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '(access key)')
    .replaceAll(/\s+/g, ' ')
    .slice(0, longest)
    .trim();
  const isEmpty = plain === '' || plain === error.name || plain === name || /^(?:UnknownError|Unknown)$/.test(plain);
  if (kind === 'unreachable') return `The cause was ${isEmpty ? code || name : plain}`;
  return isEmpty ? ofStatus : `AWS: ${plain}`;
}

/** Where S3 says that a bucket is: in a header, also of the answer to HEAD. */
function placeOfBucket(error: Error): string {
  const response: unknown = '$response' in error ? error.$response : undefined;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return '';
  const headers: unknown = response.headers;
  if (typeof headers !== 'object' || headers === null || !('x-amz-bucket-region' in headers)) return '';
  return `The bucket is in the region ${headers['x-amz-bucket-region']}`;
}

/** Properties that stay: the SDK, adapters and handlers read them. */
const kept: ReadonlySet<string> = new Set([
  'name',
  'message',
  'stack',
  'cause',
  'code',
  'errno',
  'syscall',
  '$fault',
  '$metadata',
  '$retryable',
  '$service',
]);

/** What else the SDK or AWS put into an error goes. */
function removeExtras(error: Error): void {
  for (const name of Object.getOwnPropertyNames(error)) if (!kept.has(name)) Reflect.deleteProperty(error, name);
}
