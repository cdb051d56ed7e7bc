/**
 * The AWS services of a stack, empty, on free loopback ports of this process: SQS, SNS and S3 (fauxqs), DynamoDB (dynalite) and
 * Secrets Manager (secrets-manager.ts).
 *
 * All data is in memory, and each call starts a separate set, so several stacks can run at once.
 */

import type { Server } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { type LocalEndpoint, listenLocally } from './calls/local-endpoint.ts';
import { type RecordingProxyOptions, startRecordingProxy } from './calls/recording-proxy.ts';
import { versionsByName } from './calls/versions-by-name.ts';
import { type QueueContent, startFauxqs } from './fauxqs.ts';
import { type SecretsManagerOptions, startSecretsManager } from './secrets-manager.ts';

/** Region and account of the local services. */
export const localPlace = { region: 'us-east-1', account: '000000000000' } as const;

/** Options of `startServices`. */
export interface ServicesOptions {
  /** Called for each request to Secrets Manager. */
  readonly onSecretRequest?: SecretsManagerOptions['onRequest'];
  /** Called for each request to a service, after its answer. */
  readonly onRequest?: RecordingProxyOptions['onRequest'];
  /** Called for each request before it is passed on; returns why it is denied, if it is. */
  readonly decide?: RecordingProxyOptions['decide'];
  /** Which objects get version ids (older versions are not kept); default: none. Requires `decide` or `onRequest`. */
  readonly isVersioned?: (bucket: string, key: string) => boolean;
}

/** Running services. */
export interface Services {
  /** Environment of an SDK client: endpoints, region and credentials that the services do not check. */
  readonly environment: Readonly<Record<string, string>>;
  /** Endpoint of SQS: the beginning of queue URLs. */
  readonly queueEndpoint: string;
  /** SDK clients. */
  readonly clients: Clients;
  /** Returns the messages of a queue without receiving them; undefined if the queue does not exist. */
  inspectQueue(queueName: string): QueueContent | undefined;
  close(): Promise<void>;
}

export interface Clients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly secrets: SecretsManagerClient;
}

const { region } = localPlace;
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Starts the services. */
export async function startServices(options: ServicesOptions = {}): Promise<Services> {
  const { onSecretRequest, onRequest, decide } = options;
  const [fauxqs, dynamodb, secrets] = await Promise.all([
    startFauxqs(region),
    startDynalite(),
    startSecretsManager({ region, ...(onSecretRequest && { onRequest: onSecretRequest }) }),
  ]);
  const proxies: LocalEndpoint[] = [];
  const face = async (endpoint: string): Promise<string> => {
    if (onRequest === undefined && decide === undefined) return endpoint;
    const addHeaders = versionsByName(options.isVersioned ?? (() => false));
    const proxy = await startRecordingProxy({ endpoint, decide, onRequest, addHeaders });
    proxies.push(proxy);
    return proxy.endpoint;
  };
  const endpoints = {
    queues: await face(fauxqs.endpoint),
    table: await face(dynamodb.endpoint),
    secrets: await face(secrets.endpoint),
  };
  const clients = {
    sqs: new SQSClient({ region, credentials, endpoint: endpoints.queues }),
    sns: new SNSClient({ region, credentials, endpoint: endpoints.queues }),
    s3: new S3Client({ region, credentials, endpoint: endpoints.queues, forcePathStyle: true }),
    dynamodb: new DynamoDBClient({ region, credentials, endpoint: endpoints.table }),
    secrets: new SecretsManagerClient({ region, credentials, endpoint: endpoints.secrets }),
  };
  return {
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_SQS: endpoints.queues,
      AWS_ENDPOINT_URL_SNS: endpoints.queues,
      AWS_ENDPOINT_URL_S3: endpoints.queues,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.table,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secrets,
    },
    queueEndpoint: endpoints.queues,
    clients,
    inspectQueue: (name) => fauxqs.inspectQueue(name),
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([...proxies, fauxqs, dynamodb, secrets].map((one) => one.close()));
    },
  };
}

async function startDynalite(): Promise<LocalEndpoint> {
  const server: Server = dynalite({ createTableMs: 0 });
  return await listenLocally(server);
}
