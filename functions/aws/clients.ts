/**
 * The AWS clients of a container, made once. Each call has a time limit; the SDK has none by default.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { bucketOwners, expectOwners } from './bucket-owners.ts';
import { type AwsSettings, settingsOfProcess } from './settings.ts';

/** The clients that the functions use. */
export interface AwsClients {
  readonly table: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

/** Time limits for the table, queues and topics; S3 has its own, for stalls. Times in milliseconds. */
export interface AwsPatience {
  /** Most tries of a call, the first included. */
  readonly attempts: number;
  /** For one call. */
  readonly requestTimeout: number;
  readonly connectionTimeout: number;
}

/** For calls outside a delivery: as many tries as the SDK's default. */
const patient: AwsPatience = { attempts: 3, requestTimeout: 10_000, connectionTimeout: 3_000 };

/**
 * For calls during a delivery, perhaps with an open session. A call before content fails fast, and another invocation
 * repeats it; the queue repeats writes after content (queue/writes/table-writes.ts). The SDK repeats only once, because
 * a connection kept while the container was frozen is often dead.
 */
export const brisk: AwsPatience = { attempts: 2, requestTimeout: 5_000, connectionTimeout: 2_000 };

const connectionTimeout = 3_000;

/**
 * Milliseconds for a call to Secrets Manager, and its tries. The delivery waits meanwhile with its session open, and a
 * cached secret can replace the answer.
 */
const secretTimeout = 5_000;
const secretAttempts = 2;

/** The environment and the settings that clients are made with. */
export interface AwsSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly aws: AwsSettings;
}

const ofProcess: AwsSurroundings = { env: process.env, aws: settingsOfProcess };

/** Returns the clients, with region, credentials and endpoints of the process unless others are given. */
export function makeClients(
  { attempts: maxAttempts, ...times }: AwsPatience = patient,
  { env, aws }: AwsSurroundings = ofProcess,
): AwsClients {
  const own = () => ({ maxAttempts, requestHandler: new NodeHttpHandler({ ...times, throwOnRequestTimeout: true }) });
  const dynamo = new DynamoDBClient({ ...aws('DYNAMODB'), ...own() });
  const s3 = makeS3Client(aws);
  expectOwners(s3, bucketOwners(env));
  return {
    table: makeTableClient(dynamo),
    s3,
    sns: new SNSClient({ ...aws('SNS'), ...own() }),
    sqs: new SQSClient({ ...aws('SQS'), ...own(), useQueueUrlAsEndpoint: !isDualStack(env) }),
  };
}

/** Returns the client of message bodies. */
export function makeS3Client(aws: AwsSettings = settingsOfProcess): S3Client {
  return new S3Client({
    ...aws('S3'),
    requestHandler: new NodeHttpHandler({ connectionTimeout, socketTimeout: 30_000 }),
  });
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

/**
 * Returns the client of the function that reads secrets.
 *
 * @param requestTimeout milliseconds for one call
 */
export function makeSecretsManagerClient(
  requestTimeout = secretTimeout,
  aws: AwsSettings = settingsOfProcess,
): SecretsManagerClient {
  return new SecretsManagerClient({
    ...aws('SECRETS_MANAGER'),
    maxAttempts: secretAttempts,
    requestHandler: new NodeHttpHandler({ connectionTimeout, requestTimeout, throwOnRequestTimeout: true }),
  });
}

/** Returns the client of the function that sends mail through Amazon SES. */
export function makeSesClient(): SESClient {
  return new SESClient({
    // One call transfers a whole message.
    requestHandler: new NodeHttpHandler({ connectionTimeout, requestTimeout: 20_000, throwOnRequestTimeout: true }),
  });
}
