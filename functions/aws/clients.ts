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
import { bucketOwners, tellOwners } from './bucket-owners.ts';

/** The clients that the functions use. */
export interface AwsClients {
  readonly table: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

/** Milliseconds for a call to the table, a queue or a topic; S3 gets its own, per stall. */
const requestTimeout = 10_000;
const connectionTimeout = 3_000;

/**
 * Milliseconds for a call to Secrets Manager, and how many calls are made: a delivery stands still meanwhile, with its session
 * open, and where a secret was read before, that one serves.
 */
const secretTimeout = 5_000;
const secretAttempts = 2;

/** Makes the clients from the environment's region, credentials and endpoints. */
export function makeClients(): AwsClients {
  const requestHandler = () => new NodeHttpHandler({ connectionTimeout, requestTimeout, throwOnRequestTimeout: true });
  const dynamo = new DynamoDBClient({ requestHandler: requestHandler() });
  const s3 = new S3Client({ requestHandler: new NodeHttpHandler({ connectionTimeout, socketTimeout: 30_000 }) });
  tellOwners(s3, bucketOwners(process.env));
  return {
    table: makeTableClient(dynamo),
    s3,
    sns: new SNSClient({ requestHandler: requestHandler() }),
    sqs: new SQSClient({ requestHandler: requestHandler(), useQueueUrlAsEndpoint: !isDualStack() }),
  };
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
