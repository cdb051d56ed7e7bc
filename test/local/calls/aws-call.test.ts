/** Requests of the real SDK clients, through the proxy, in the terms of IAM. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { readCall } from '../../../infra/local/calls/aws-call.ts';
import { type LocalEndpoint, listenLocally } from '../../../infra/local/calls/local-endpoint.ts';
import type { NeededPermission, RecordedRequest } from '../../../infra/local/calls/recorded-request.ts';
import { startRecordingProxy } from '../../../infra/local/calls/recording-proxy.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'lmtp', secretAccessKey: 'x' };
const seen: RecordedRequest[] = [];
/** The reply of the service behind the proxy, and whether the request reached it. */
let answer = 200;
let reached = 0;
let refusal: string | undefined;
let service: LocalEndpoint;
let proxy: LocalEndpoint;

before(async () => {
  const server = createServer((request, response) => {
    reached += 1;
    request.resume().on('end', () => response.writeHead(answer).end());
  });
  service = await listenLocally(server);
  const decide = (request: RecordedRequest) => {
    seen.push(request);
    return refusal;
  };
  proxy = await startRecordingProxy({ endpoint: service.endpoint, decide });
});
after(() => Promise.all([proxy?.close(), service?.close()]));

/** Makes a request, ignores its outcome, and returns the permissions that it needed. */
async function needed(make: (options: object) => Promise<unknown>): Promise<readonly NeededPermission[]> {
  seen.length = 0;
  await make({ region, credentials, endpoint: proxy.endpoint, maxAttempts: 1, forcePathStyle: true }).catch(() => {});
  const last = seen.at(-1) ?? assert.fail('no request arrived');
  assert.equal(last.caller, 'lmtp');
  return readCall(last, { account: '000000000000', region });
}

const queue = 'http://127.0.0.1/000000000000/active.fifo';
const arn = (name: string) => `arn:aws:${name.replace(':', ':us-east-1:000000000000:')}`;

const requests: Readonly<Record<string, readonly [(options: object) => Promise<unknown>, readonly string[]]>> = {
  'a batch of messages': [
    (options) => new SQSClient(options).send(new SendMessageBatchCommand({ QueueUrl: queue, Entries: [] })),
    [`sqs:SendMessage ${arn('sqs:active.fifo')}`],
  ],
  'the URL of a queue': [
    (options) => new SQSClient(options).send(new GetQueueUrlCommand({ QueueName: 'dead' })),
    [`sqs:GetQueueUrl ${arn('sqs:dead')}`],
  ],
  'a query of an index': [
    (options) => new DynamoDBClient(options).send(new QueryCommand({ TableName: 't', IndexName: 'due' }) as never),
    [`dynamodb:Query ${arn('dynamodb:table/t/index/due')}`],
  ],
  'several items': [
    (options) =>
      new DynamoDBClient(options).send(new BatchGetCommand({ RequestItems: { t: { Keys: [{ id: 'x' }] } } }) as never),
    [`dynamodb:BatchGetItem ${arn('dynamodb:table/t')}`],
  ],
  'a message on a topic': [
    (options) => new SNSClient(options).send(new PublishCommand({ TopicArn: arn('sns:bounce'), Message: 'x' })),
    [`sns:Publish ${arn('sns:bounce')}`],
  ],
  'a missing object, which S3 reveals only with the permission to list': [
    (options) => new S3Client(options).send(new HeadObjectCommand({ Bucket: 'b', Key: 'in/x y' })),
    ['s3:GetObject arn:aws:s3:::b/in/x y', 's3:ListBucket arn:aws:s3:::b'],
  ],
  'a version of an object': [
    (options) => new S3Client(options).send(new GetObjectCommand({ Bucket: 'b', Key: 'k', VersionId: 'v' })),
    ['s3:GetObjectVersion arn:aws:s3:::b/k', 's3:ListBucket arn:aws:s3:::b'],
  ],
  'an object that is written': [
    (options) => new S3Client(options).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })),
    ['s3:PutObject arn:aws:s3:::b/k'],
  ],
  'an object that is deleted if it is this one': [
    (options) => new S3Client(options).send(new DeleteObjectCommand({ Bucket: 'b', Key: 'k', IfMatch: '"e"' })),
    ['s3:DeleteObject arn:aws:s3:::b/k', 's3:GetObject arn:aws:s3:::b/k'],
  ],
  'a list of objects': [
    (options) => new S3Client(options).send(new ListObjectsV2Command({ Bucket: 'b', Prefix: 'in/' })),
    ['s3:ListBucket arn:aws:s3:::b'],
  ],
  'a secret by its name': [
    (options) => new SecretsManagerClient(options).send(new GetSecretValueCommand({ SecretId: 'mail/sasl' })),
    [`secretsmanager:GetSecretValue ${arn('secretsmanager:secret:mail/sasl-AbCdEf')}`],
  ],
  'mail through SES': [
    (options) =>
      new SESClient(options).send(
        new SendRawEmailCommand({ Source: 'b@x.example', RawMessage: { Data: Buffer.of(1) } }),
      ),
    [`ses:SendRawEmail ${arn('ses:identity/b@x.example')}`],
  ],
  'a function': [
    (options) => new LambdaClient(options).send(new InvokeCommand({ FunctionName: 'check' })),
    [`lambda:InvokeFunction ${arn('lambda:function:check')}`],
  ],
  'lines of a log': [
    (options) => new CloudWatchLogsClient(options).send(new FilterLogEventsCommand({ logGroupName: 'g' })),
    [`logs:FilterLogEvents ${arn('logs:log-group:g:*')}`],
  ],
};
for (const [name, [make, expected]] of Object.entries(requests)) {
  test(`${name}: ${expected.map((line) => line.split(' ')[0]).join(' and ')}`, async () => {
    answer = expected.length > 1 && !name.includes('deleted') ? 404 : 200;
    const found = await needed(make);
    assert.deepEqual(
      found.map(({ action, resource }) => `${action} ${resource}`),
      expected,
    );
  });
}

test('an operation that is in no table is an error that names it', async () => {
  await assert.rejects(
    needed((options) => new S3Client(options).send(new GetObjectTaggingCommand({ Bucket: 'b', Key: 'k' }))),
    { name: 'UnknownCallError', message: /^lmtp asked s3 for GET \/b\/k\?tagging/ },
  );
});

test('a denied request does not reach the service, and the client gets the reason as from AWS', async () => {
  refusal = 'lmtp is not authorized';
  const before = reached;
  const options = { region, credentials, endpoint: proxy.endpoint, maxAttempts: 1, forcePathStyle: true };
  const secret = new GetSecretValueCommand({ SecretId: 'x' });
  await assert.rejects(new SecretsManagerClient(options).send(secret), {
    name: 'AccessDeniedException',
    message: refusal,
  });
  const object = new GetObjectCommand({ Bucket: 'b', Key: 'k' });
  await assert.rejects(new S3Client(options).send(object), { name: 'AccessDenied' });
  const publish = new PublishCommand({ TopicArn: 'arn:t', Message: 'x' });
  await assert.rejects(new SNSClient(options).send(publish), { name: 'AuthorizationErrorException' });
  assert.equal(reached, before);
  refusal = undefined;
});
