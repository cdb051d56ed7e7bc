import { type Duration, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { environmentNames } from '../../functions/parameters/environment.ts';
import type { PermittedResources } from '../permissions/permissions.ts';
import type { IncomingQueue } from '../properties/other-transports.ts';
import { PropsError } from '../properties/props-error.ts';
import { ownerOf } from '../queue/bodies.ts';
import type { MailBucket } from '../queue/stores.ts';

/**
 * Octets of the environment for the properties. Lambda allows 4 KB in total; the names of queues, topics, table and bucket, known
 * only at deployment, take up to a quarter.
 */
const mostOctets = 3072;

/** The checked properties in the environment of the functions. */
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
  /** Absent: bodies are not deleted. */
  readonly bodyRetention: Duration | undefined;
  /** Parameters as environment variables. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Returns the environment of the functions.
 *
 * @param scope any construct of the stack
 * @param metricsNamespace CloudWatch namespace of the functions' metrics
 * @throws PropsError if it is larger than Lambda allows, or contains a secret
 */
export function functionEnvironment(
  scope: IConstruct,
  settings: EnvironmentSettings,
  resources: PermittedResources,
  metricsNamespace: string,
): Record<string, string> {
  const { queues, stores, topics, allowedBuckets } = resources;
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
    `transportMap, allowedDestinations, watchedDestinations, bodyPrefixes and parameters: together they have ${octets} octets, ` +
      `but Lambda's environment allows ${mostOctets}; use fewer entries, a transportMapObject, or one stack for each transport`,
  );
}

/**
 * Refuses values that CloudFormation would fetch from Secrets Manager: the environment is visible to all users with read access to
 * the function. Parameters name a secret, and the function fetches it.
 */
function refuseSecrets(scope: IConstruct, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!JSON.stringify(Stack.of(scope).resolve(value)).includes('{{resolve:')) continue;
    throw new PropsError(`parameters: the value of a secret is not allowed in ${name}: set the name of the secret`);
  }
}
