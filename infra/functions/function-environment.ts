import { type Duration, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { environmentNames } from '../../functions/parameters/environment.ts';
import type { Surroundings } from '../permissions/permissions.ts';
import type { IncomingQueue } from '../properties/other-transports.ts';
import { PropsError } from '../properties/props-error.ts';
import { ownerOf } from '../queue/bodies.ts';
import type { MailBucket } from '../queue/stores.ts';

/**
 * Octets of the environment that the properties may fill. Lambda allows 4 KB for all of it; the names of queues, topics,
 * table and bucket, known only when the stack is deployed, take up to a quarter.
 */
const mostOctets = 3072;

/** The checked properties that the functions have in their environment. */
export interface EnvironmentSettings {
  readonly transport: string;
  readonly transportMap: string;
  readonly transportMapObject: { readonly bucket: MailBucket; readonly key: string } | undefined;
  readonly otherTransports: Readonly<Record<string, IncomingQueue>>;
  /** Normalised destinations. */
  readonly allowedDestinations: readonly string[];
  /** Normalised destinations. */
  readonly watchedDestinations: readonly string[];
  readonly bodyPrefixes: readonly string[];
  /** Account ids by bucket name. */
  readonly bucketOwners: Readonly<Record<string, string>>;
  /** Absent: bodies stay. */
  readonly bodyRetention: Duration | undefined;
  /** Parameters as environment variables. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The environment of the functions.
 *
 * @param scope any construct of the stack
 * @param metricsNamespace where the functions' metrics are, in CloudWatch
 * @throws PropsError when it would be larger than Lambda allows, or hold a secret
 */
export function functionEnvironment(
  scope: IConstruct,
  settings: EnvironmentSettings,
  surroundings: Surroundings,
  metricsNamespace: string,
): Record<string, string> {
  const { queues, stores, topics, allowedBuckets } = surroundings;
  const chosen = given({
    ...settings.parameters,
    [environmentNames.transport]: settings.transport,
    [environmentNames.transportMap]: settings.transportMap,
    [environmentNames.allowedDestinations]: settings.allowedDestinations.join(' '),
    [environmentNames.watchedDestinations]: settings.watchedDestinations.join(' '),
    [environmentNames.bodyPrefixes]: settings.bodyPrefixes.join(' '),
  });
  const { transportMapObject: mapObject, otherTransports, bodyRetention } = settings;
  const others = Object.entries(otherTransports).map(([name, { queueUrl }]) => `${name}=${queueUrl}`);
  const owners = Object.entries(settings.bucketOwners).map((entry) => entry.join('='));
  checkSize(chosen);
  refuseSecrets(scope, chosen);
  return {
    ...chosen,
    ...given({
      [environmentNames.allowedBuckets]: allowedBuckets.map(({ bucketName }) => bucketName).join(' '),
      [environmentNames.transportMapSource]: mapObject ? `s3://${mapObject.bucket.bucketName}/${mapObject.key}` : '',
      [environmentNames.otherTransports]: others.join(' '),
      [environmentNames.messageBucketOwner]: ownerOf(stores.messageBucket, settings) ?? '',
      [environmentNames.bucketOwners]: owners.join(' '),
      [environmentNames.bodyRetention]: bodyRetention === undefined ? '' : String(bodyRetention.toDays()),
    }),
    [environmentNames.metricsNamespace]: metricsNamespace,
    [environmentNames.incomingQueueUrl]: queues.incoming.queueUrl,
    [environmentNames.bounceQueueUrl]: queues.bounce.queueUrl,
    [environmentNames.activeQueueUrl]: queues.active.queueUrl,
    [environmentNames.activeDeadLetterQueueUrl]: queues.deadLetters.active.queueUrl,
    [environmentNames.deferredQueueUrl]: queues.deferred.queueUrl,
    [environmentNames.corruptQueueUrl]: queues.corrupt.queueUrl,
    [environmentNames.bounceTopicArn]: topics.bounce.topicArn,
    [environmentNames.noticeTopicArn]: topics.notice.topicArn,
    [environmentNames.messageBucket]: stores.messageBucket.bucketName,
    [environmentNames.queueTable]: stores.queueTable.tableName,
  };
}

/** Variables that have a value. */
function given(variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}

function checkSize(variables: Record<string, string>): void {
  const octets = Object.entries(variables).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  if (octets <= mostOctets) return;
  throw new PropsError(
    `transportMap, allowedDestinations, watchedDestinations, bodyPrefixes and parameters: together they take ${octets} octets, ` +
      `and Lambda's environment has room for ${mostOctets}; use fewer entries, a transportMapObject, or one stack for each transport`,
  );
}

/**
 * Whoever may look at a function sees its environment. A value that CloudFormation would fetch from Secrets Manager and
 * write there is refused: parameters name a secret, and the function fetches it.
 */
function refuseSecrets(scope: IConstruct, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!JSON.stringify(Stack.of(scope).resolve(value)).includes('{{resolve:')) continue;
    throw new PropsError(
      `parameters: the value of a secret is not allowed in ${name}: the name of the secret is wanted`,
    );
  }
}
