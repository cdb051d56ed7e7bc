/**
 * The AWS clients of a container, made once; and single clients.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { bucketOwners, expectOwners } from './bucket-owners.ts';
import { makeClient } from './make-client.ts';
import { type AwsLimits, type AwsSettings, settingsOfProcess } from './settings.ts';

/** The clients that the functions use. */
export interface AwsClients {
  readonly table: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

/** Limits for the table, queues and topics; S3 has its own, for stalls. */
export type AwsPatience = Partial<AwsLimits>;

/**
 * For calls during a delivery, perhaps with an open session. A call before content fails fast, and another invocation
 * repeats it; the queue repeats writes after content (queue/writes/table-writes.ts). The SDK repeats only once, because
 * a connection kept while the container was frozen is often dead.
 */
export const brisk: AwsPatience = {
  attempts: 2,
  requestTimeout: 5_000,
  socketTimeout: 5_000,
  connectionTimeout: 2_000,
};

/** The environment and the settings that clients are made with. */
export interface AwsSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly aws: AwsSettings;
}

const ofProcess: AwsSurroundings = { env: process.env, aws: settingsOfProcess };

/** Returns the clients, with region, credentials and endpoints of the process unless others are given. */
export function makeClients(limits: AwsPatience = {}, surroundings: AwsSurroundings = ofProcess): AwsClients {
  const { env, aws } = surroundings;
  const s3 = makeS3Client(aws);
  expectOwners(s3, bucketOwners(env));
  return {
    table: makeTableClient(makeClient(DynamoDBClient, 'DYNAMODB', { aws, limits })),
    s3,
    sns: makeClient(SNSClient, 'SNS', { aws, limits }),
    sqs: makeSqsClient(limits, surroundings),
  };
}

/** Returns the client of message bodies. */
export function makeS3Client(aws: AwsSettings = settingsOfProcess): S3Client {
  return makeClient(S3Client, 'S3', { aws });
}

/** Returns the client of queues. */
export function makeSqsClient(limits: AwsPatience = {}, { env, aws }: AwsSurroundings = ofProcess): SQSClient {
  return makeClient(SQSClient, 'SQS', { aws, limits, more: { useQueueUrlAsEndpoint: !isDualStack(env) } });
}

/**
 * Returns the client of a table. A number that JavaScript cannot represent exactly is rounded; by default one such
 * number would make the client fail for all items of a response.
 */
export function makeTableClient(dynamo: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(dynamo, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: (digits) => Number(digits) },
  });
}

/** The URL of a queue names a host with only IPv4 addresses. */
function isDualStack(env: AwsSurroundings['env']): boolean {
  return env['AWS_USE_DUALSTACK_ENDPOINT'] === 'true';
}

/** Returns the client of the function that reads secrets. */
export function makeSecretsManagerClient(aws: AwsSettings = settingsOfProcess): SecretsManagerClient {
  return makeClient(SecretsManagerClient, 'SECRETS_MANAGER', { aws });
}

/** Returns the client of the function that sends mail through Amazon SES. */
export function makeSesClient(aws: AwsSettings = settingsOfProcess): SESClient {
  return makeClient(SESClient, 'SES', { aws });
}
