/**
 * What the SDK throws when the table refuses a call, and how the queue classifies it: over HTTP, with the
 * responses of DynamoDB.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { dynamoDbTrouble } from '../../functions/aws/dynamodb-trouble.ts';
import { startHttpStub } from '../support/http-stub.ts';

/** What a call throws at an endpoint that gives this response. */
async function thrown(answer: RequestListener): Promise<unknown> {
  await using stub = await startHttpStub(answer);
  return await thrownAt(stub.url);
}

async function thrownAt(endpoint: string): Promise<unknown> {
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ requestTimeout: 500, throwOnRequestTimeout: true }),
  });
  try {
    await client.send(new PutItemCommand({ TableName: 't', Item: {} }));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    client.destroy();
  }
}

function says(status: number, code: string): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'no' }));
  };
}

const meanings = [
  [400, 'ProvisionedThroughputExceededException', 'throttled'],
  [400, 'ThrottlingException', 'throttled'],
  [400, 'RequestLimitExceeded', 'throttled'],
  [500, 'InternalServerError', 'failed'],
  [503, 'ServiceUnavailable', 'failed'],
  [501, 'Unheard', 'failed'],
  [400, 'AccessDeniedException', 'denied'],
  [400, 'UnrecognizedClientException', 'denied'],
  [400, 'ValidationException', undefined],
  [400, 'ResourceNotFoundException', undefined],
  [400, 'ConditionalCheckFailedException', undefined],
  [400, 'ItemCollectionSizeLimitExceededException', undefined],
] as const;

describe('the table says', () => {
  for (const [status, code, kind] of meanings) {
    test(`${status} ${code}: ${kind ?? 'the same call would fail again'}`, async () => {
      assert.equal(dynamoDbTrouble(await thrown(says(status, code))), kind);
    });
  }
});

describe('without a response, the call may have been carried out:', () => {
  test('the connection is closed', async () => {
    assert.equal(dynamoDbTrouble(await thrown(({ socket }) => socket.destroy())), 'lost');
  });

  test('the table is silent', async () => {
    assert.equal(dynamoDbTrouble(await thrown(() => {})), 'lost');
  });

  test('the port is closed', async () => {
    const { url, ...stub } = await startHttpStub(() => {});
    await stub[Symbol.asyncDispose]();
    assert.equal(dynamoDbTrouble(await thrownAt(url)), 'lost');
  });
});

test('a bug is not classified as trouble of the table', () => {
  for (const error of [new TypeError('undefined is not a function'), 'words', undefined]) {
    assert.equal(dynamoDbTrouble(error), undefined);
  }
});
