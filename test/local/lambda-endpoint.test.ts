/** Functions of the local stack, called by the real SDK client. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { InvokeCommand, LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import type { LocalEndpoint } from '../../infra/local/calls/local-endpoint.ts';
import { startLambdaEndpoint } from '../../infra/local/lambda-endpoint.ts';

let lambda: LocalEndpoint;
let client: LambdaClient;
before(async () => {
  lambda = await startLambdaEndpoint({
    echo: { invoke: async (event) => ({ kind: 'returned', value: { event } }) },
    broken: { invoke: async () => ({ kind: 'failed', errorType: 'Oops', errorMessage: 'no', trace: 'a\nb' }) },
  });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new LambdaClient({ region: 'us-east-1', credentials, endpoint: lambda.endpoint });
});
after(async () => {
  client?.destroy();
  await lambda?.close();
});

async function invoke(FunctionName: string) {
  const { FunctionError, Payload } = await client.send(new InvokeCommand({ FunctionName, Payload: '{"a":1}' }));
  return { FunctionError, answer: JSON.parse(Payload?.transformToString() ?? '') as unknown };
}

test('a function replies, by its name or its ARN', async () => {
  const wanted = { FunctionError: undefined, answer: { event: { a: 1 } } };
  assert.deepEqual(await invoke('echo'), wanted);
  assert.deepEqual(await invoke('arn:aws:lambda:us-east-1:000000000000:function:echo'), wanted);
});

test('its error is reported as Lambda reports it', async () => {
  const { FunctionError, answer } = await invoke('broken');
  assert.equal(FunctionError, 'Unhandled');
  assert.deepEqual(answer, { errorType: 'Oops', errorMessage: 'no', trace: ['a', 'b'] });
});

test('an unknown function is not found', async () => {
  await assert.rejects(invoke('unknown'), ResourceNotFoundException);
});
