/** Commands end with a sentence and exit status 75 if a service of AWS accepts connections and is silent. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, describe, test } from 'node:test';
import { startHttpStub } from '../support/http-stub.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { nowhere } from '../support/nowhere.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const mail = folder.write('one.eml', 'Subject: one\n\none\n');
const envelope = ['--sender', 'alice@example.org', '--recipient', 'bob@example.com'];

/** Never answers. */
const silent: RequestListener = () => {};

/** Stops in the middle of its answer. */
const stopping: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': 1000, 'content-type': 'application/x-amz-json-1.0' });
  response.write('{"Items": [');
};

/** Takes the body of a message. */
const taking: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { etag: '"e"' }).end());
};

async function run(args: readonly string[], services: Readonly<Record<string, RequestListener>>) {
  await using stubs = new AsyncDisposableStack();
  const endpoints = await Promise.all(
    Object.entries(services).map(async ([service, answer]): Promise<[string, string]> => {
      const stub = stubs.use(await startHttpStub(answer));
      return [`AWS_ENDPOINT_URL_${service}`, stub.url];
    }),
  );
  const queue = Object.fromEntries(endpoints)['AWS_ENDPOINT_URL_SQS'];
  const env = {
    ...nowhere,
    ...Object.fromEntries(endpoints),
    DELIVERY_LOG_GROUPS: 'lmtp=/lmtp',
    ...(queue === undefined ? {} : { INCOMING_QUEUE_URL: `${queue}/123456789012/incoming` }),
  };
  return await runCommand(args, {
    env,
    limits: { attempts: 1, connectionTimeout: 5_000, requestTimeout: 400, socketTimeout: 400 },
  });
}

describe('the command ends with 75 and a sentence:', () => {
  const stories: Readonly<
    Record<string, readonly [readonly string[], Readonly<Record<string, RequestListener>>, RegExp]>
  > = {
    'submit, if CloudFormation is silent': [
      ['submit', ...envelope, '--stack', 'Mail', mail],
      { CLOUDFORMATION: silent },
      /^the stack "Mail" cannot be looked up: TimeoutError: CloudFormation gave no whole answer to cloudformation:DescribeStacks on the stack "Mail": /,
    ],
    'submit, if S3 is silent': [
      ['submit', ...envelope, mail],
      { S3: silent },
      /one\.eml: the body cannot be written to the bucket "\w+": TimeoutError: S3 gave no whole answer to s3:PutObject on s3:\/\/\w+\/in\//,
    ],
    'submit, if SQS is silent': [
      ['submit', ...envelope, mail],
      { S3: taking, SQS: silent },
      /its body stays in s3:\/\/\w+\/in\/\w+\.eml: TimeoutError: SQS gave no whole answer to sqs:SendMessage on the queue "incoming": /,
    ],
    'queue, if CloudFormation is silent': [
      ['queue', '--stack', 'Mail'],
      { CLOUDFORMATION: silent },
      /^error: the stack "Mail" cannot be looked up: TimeoutError: CloudFormation gave no whole answer/,
    ],
    'queue, if DynamoDB is silent': [
      ['queue'],
      { DYNAMODB: silent },
      /^error: a request to the stack failed: TimeoutError: DynamoDB gave no whole answer to dynamodb:Query on the table "\w+": /,
    ],
    'queue, if DynamoDB stops in the middle of its answer': [
      ['queue'],
      { DYNAMODB: stopping },
      /^error: a request to the stack failed: TimeoutError: DynamoDB gave no whole answer to dynamodb:Query on the table "\w+": /,
    ],
    'log, if CloudWatch Logs is silent': [
      ['log', '--since', '1h'],
      { CLOUDWATCH_LOGS: silent },
      /^error: the log cannot be read: TimeoutError: CloudWatch Logs gave no whole answer to logs:FilterLogEvents on the log group "\/lmtp": /,
    ],
    'check --function, if Lambda is silent': [
      ['check', 'inet:127.0.0.1:9', '--function', 'Mail-check'],
      { LAMBDA: silent },
      /^error: --function: Mail-check could not be invoked: TimeoutError: Lambda gave no whole answer to lambda:InvokeFunction on the function "Mail-check": /,
    ],
  };
  for (const [name, [args, services, words]] of Object.entries(stories)) {
    test(name, async () => {
      const { code, stdout, stderr } = await run(args, services);
      assert.equal(code, 75, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, words);
    });
  }
});

test('an URL of a queue that is none is named before anything is sent', async () => {
  const { code, stderr } = await run(['submit', ...envelope, '--bucket', 'mail', '--queue-url', 'incoming', mail], {});
  assert.equal(code, 64);
  assert.match(stderr, /^error: --queue-url: "incoming" is not allowed: expected a URL, such as https:\/\/sqs\./);
});
