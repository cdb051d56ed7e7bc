/**
 * The AWS clients of a container, made once. Every call has a time limit: the SDK's own default is to wait for ever.
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

/** The clients that the functions use. */
export interface AwsClients {
  readonly table: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

/** How long a function waits for the table, a queue or a topic; S3 gets its own times, per stall. Times in milliseconds. */
export interface AwsPatience {
  /** Calls in all, the first included. */
  readonly attempts: number;
  /** For one call. */
  readonly requestTimeout: number;
  readonly connectionTimeout: number;
}

/** Where nothing waits: as often as the SDK tries by itself. */
const patient: AwsPatience = { attempts: 3, requestTimeout: 10_000, connectionTimeout: 3_000 };

/**
 * Where a delivery waits, perhaps with its session open. What is asked for before content fails fast, and is asked for again by
 * another invocation; what must be written after it is repeated by the queue (queue/writes/table-writes.ts). So the SDK repeats once only: a
 * connection that was kept while the container was frozen is often dead.
 */
export const brisk: AwsPatience = { attempts: 2, requestTimeout: 5_000, connectionTimeout: 2_000 };

const connectionTimeout = 3_000;

/**
 * Milliseconds for a call to Secrets Manager, and how many calls are made: a delivery stands still meanwhile, with its session
 * open, and where a secret was read before, that one serves.
 */
const secretTimeout = 5_000;
const secretAttempts = 2;

/** Makes the clients from the environment's region, credentials and endpoints. */
export function makeClients({ attempts: maxAttempts, ...times }: AwsPatience = patient): AwsClients {
  const requestHandler = () => new NodeHttpHandler({ ...times, throwOnRequestTimeout: true });
  const dynamo = new DynamoDBClient({ maxAttempts, requestHandler: requestHandler() });
  const s3 = makeS3Client();
  expectOwners(s3, bucketOwners(process.env));
  return {
    table: makeTableClient(dynamo),
    s3,
    sns: new SNSClient({ maxAttempts, requestHandler: requestHandler() }),
    sqs: new SQSClient({ maxAttempts, requestHandler: requestHandler(), useQueueUrlAsEndpoint: !isDualStack() }),
  };
}

/** Makes the client of message bodies, from the same environment. */
export function makeS3Client(): S3Client {
  return new S3Client({ requestHandler: new NodeHttpHandler({ connectionTimeout, socketTimeout: 30_000 }) });
}

/**
 * Makes the client of a table. A number that JavaScript cannot hold exactly is read as the next that it can: by itself the client
 * would fail for all items that come together.
 */
export function makeTableClient(dynamo: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(dynamo, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: (digits) => Number(digits) },
  });
}

/** The URL of a queue names a host that has IPv4 addresses only. */
function isDualStack(): boolean {
  return process.env['AWS_USE_DUALSTACK_ENDPOINT'] === 'true';
}

/**
 * Makes the client of the one function that reads secrets, from the same environment.
 *
 * @param requestTimeout milliseconds for one call
 */
export function makeSecretsManagerClient(requestTimeout = secretTimeout): SecretsManagerClient {
  return new SecretsManagerClient({
    maxAttempts: secretAttempts,
    requestHandler: new NodeHttpHandler({ connectionTimeout, requestTimeout, throwOnRequestTimeout: true }),
  });
}

/** Makes the client of the one function that sends mail through Amazon SES, from the same environment. */
export function makeSesClient(): SESClient {
  return new SESClient({
    // A whole message travels in one call.
    requestHandler: new NodeHttpHandler({ connectionTimeout, requestTimeout: 20_000, throwOnRequestTimeout: true }),
  });
}
