/** `submit`: sends messages from the command line into a stack, with its output and exit codes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { startHttpStub } from '../support/http-stub.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { awaitLines } from '../support/story.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const folder = makeTemporaryFolder();
const one = folder.write('one.eml', 'Subject: one\n\none\n');
const two = folder.write('two.eml', 'Subject: two\n\ntwo\n');
const large = folder.write('large.eml', `Subject: large\n\n${`${'x'.repeat(77)}\n`.repeat(160_000)}`);
const envelope = ['--sender', 'alice@example.org', '--recipient', 'bob@example.com'];

let stack: LocalStack;
let places: Readonly<Record<string, string>>;

before(async () => {
  stack = await startLocalStack({ environment: { ALLOWED_DESTINATIONS: 'inet:127.0.0.1:9' } });
  places = { INCOMING_QUEUE_URL: stack.outputs.IncomingQueueUrl, MESSAGE_BUCKET: stack.outputs.MessageBucketName };
});
after(async () => {
  await stack?.close();
  folder[Symbol.dispose]();
});

/** Runs it with the local stack's services. */
async function submit(args: readonly string[], env: Readonly<Record<string, string>> = places) {
  return await runCommand(['submit', ...args], { env: { ...stack.environment, ...env } });
}

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string>);

test('messages are submitted one by one, and delivered to every recipient', async () => {
  const { code, stdout, stderr } = await submit([
    ...envelope,
    '--recipient',
    'carol@example.com',
    '--json',
    one,
    two,
    large,
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  const submitted = jsonLines(stdout);
  assert.deepEqual(
    submitted.map(({ file }) => file),
    [one, two, large],
  );
  for (const { id = '', messageId, bucket, key } of submitted) {
    assert.match(id, /^[0-9a-f]{12}$/);
    assert.match(messageId ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual([bucket, key], ['messages', `in/${id}.eml`]);
    const lines = await awaitLines(stack, id, 2);
    assert.deepEqual(
      lines.map(({ recipient, status }) => [recipient, status]),
      [
        ['bob@example.com', 'sent'],
        ['carol@example.com', 'sent'],
      ],
    );
  }
});

test('the default output is a line for each message', async () => {
  const { code, stdout } = await submit([...envelope, '--id', 'by-hand', '--prefix', 'drafts/', one]);
  assert.deepEqual([code, stdout], [0, 'one.eml: submitted as by-hand\n']);
  await awaitLines(stack, 'by-hand', 1);
});

test('a message may have its own destination, and options have precedence over the environment', async () => {
  const { outputs } = stack;
  const named = ['--bucket', outputs.MessageBucketName, '--queue-url', outputs.IncomingQueueUrl];
  const args = [...envelope, '--destination', 'inet:127.0.0.1:9', '--id', 'elsewhere', ...named, one];
  assert.equal((await submit(args, { MESSAGE_BUCKET: 'nonsense', INCOMING_QUEUE_URL: 'nonsense' })).code, 0);
  assert.partialDeepStrictEqual(await awaitLines(stack, 'elsewhere', 1), [{ status: 'deferred' }]);
});

test('a file that cannot be read is named, and the others are submitted', async () => {
  const absent = `${folder.path}/absent.eml`;
  const { code, stdout, stderr } = await submit([...envelope, '--json', absent, folder.path, one]);
  assert.equal(code, 65);
  assert.equal(
    stderr,
    `${absent} cannot be read: no such file or directory\n${folder.path} cannot be read: is a directory\n`,
  );
  assert.equal(jsonLines(stdout).length, 1);
});

describe('an error in the envelope is named, and nothing is submitted', () => {
  for (const [args, words] of [
    [['--sender', 'a\u0007b@x', '--recipient', 'bob@x'], /^--sender: .* holds the control character U\+0007\n$/],
    [['--sender', '', '--recipient', '<bob@x>'], /^--recipient: "<bob@x>" must be given without < and >\n$/],
    [[...envelope, '--id', 'a/b'], /^--id: "a\/b" is not allowed; expected letters/],
    [[...envelope, '--destination', 'inet:x:99999'], /^--destination: .*"99999" is not a port/],
  ] as const) {
    test(args.join(' '), async () => {
      const { code, stdout, stderr } = await submit([...args, one]);
      assert.deepEqual([code, stdout], [65, '']);
      assert.match(stderr, words);
    });
  }
});

describe('a usage error', () => {
  for (const [args, env, words] of [
    [envelope, places, /missing required argument 'file'/],
    [['--sender', '', one], places, /required option '--recipient <address>' not specified/],
    [['--recipient', 'a@x', one], places, /required option '--sender <address>' not specified/],
    [[...envelope, '--id', 'x', one, two], places, /--id allows only one message/],
    [[...envelope, one], { MESSAGE_BUCKET: 'messages' }, /missing --queue-url \(or INCOMING_QUEUE_URL\)/],
    [[...envelope, '--queue-url', 'http://q', one], {}, /missing --bucket \(or MESSAGE_BUCKET\)/],
    [[...envelope, '--stack', 'x', '--bucket', 'y', one], places, /--stack cannot be combined with --bucket/],
  ] as const) {
    test(args.map((word) => word.replace(folder.path, '...')).join(' '), async () => {
      const { code, stdout, stderr } = await submit(args, env);
      assert.deepEqual([code, stdout], [64, '']);
      assert.match(stderr, words);
    });
  }
});

describe('if AWS refuses', () => {
  test('the body, that is reported, and no request is sent', async () => {
    const { code, stderr } = await submit(
      [...envelope, '--id', 'lost', one, two].filter((word) => word !== two),
      {
        ...places,
        MESSAGE_BUCKET: 'no-such-bucket',
      },
    );
    assert.equal(code, 69);
    assert.match(
      stderr,
      /^.*one\.eml: the body cannot be written to the bucket "no-such-bucket": NoSuchBucket: s3:PutObject failed, because s3:\/\/no-such-bucket\/in\/lost\.eml does not exist: .+\n$/,
    );
  });

  test('the request, that is reported with the key of its body; the next is not tried', async () => {
    const lost = { ...places, INCOMING_QUEUE_URL: `${stack.outputs.IncomingQueueUrl}-gone` };
    const { code, stdout, stderr } = await submit([...envelope, one, two], lost);
    assert.deepEqual([code, stdout], [69, '']);
    assert.match(
      stderr,
      /^.*one\.eml: the request cannot be sent to .*-gone, and its body stays in s3:\/\/messages\/in\/\w{12}\.eml: \w+: sqs:SendMessage failed, because the queue ".*-gone" does not exist .+\n$/,
    );
  });
});

describe('a deployed stack', () => {
  const outputs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values)
      .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
      .join('');
  const describeStacks = (values: Readonly<Record<string, string>>) =>
    `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
     <member><StackName>x</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${outputs(values)}</Outputs></member>
     </Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  const unknown =
    '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error></ErrorResponse>';

  /** CloudFormation with a scripted reply, and a record of its requests. */
  async function withCloudFormation(status: number, body: string, args: readonly string[]) {
    const asked: string[] = [];
    await using stub = await startHttpStub((request, response) => {
      let form = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        form += text;
      });
      request.on('end', () => {
        asked.push(new URLSearchParams(form).get('StackName') ?? '');
        response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
      });
    });
    const environment = { AWS_ENDPOINT_URL_CLOUDFORMATION: stub.url, AWS_MAX_ATTEMPTS: '1' };
    return { ...(await submit(args, environment)), asked };
  }

  test('is found by its name, or by the default name', async () => {
    const { MessageBucketName, IncomingQueueUrl } = stack.outputs;
    const found = describeStacks({ MessageBucketName, IncomingQueueUrl, DashboardUrl: 'x' });
    for (const [args, name] of [
      [['--stack', 'LambdaLmtp-mailman'], 'LambdaLmtp-mailman'],
      [[], 'LambdaLmtp'],
    ] as const) {
      const { code, stdout, stderr, asked } = await withCloudFormation(200, found, [
        ...envelope,
        ...args,
        '--json',
        one,
      ]);
      assert.deepEqual([code, stderr, asked], [0, '', [name]]);
      await awaitLines(stack, jsonLines(stdout)[0]?.['id'] ?? '', 1);
    }
  });

  for (const [what, status, body, code, words] of [
    ['that does not exist', 400, unknown, 64, /error: --stack: there is no stack "x" in the region us-east-1/],
    [
      'of another owner',
      200,
      describeStacks({ Url: 'x' }),
      64,
      /error: --stack: the stack "x" has no output MessageBucketName/,
    ],
    ['that cannot be looked up', 500, '<ErrorResponse/>', 75, /^the stack "x" cannot be looked up: /],
  ] as const) {
    test(`${what} is named`, async () => {
      const result = await withCloudFormation(status, body, [...envelope, '--stack', 'x', one]);
      assert.deepEqual([result.code, result.stdout], [code, '']);
      assert.match(result.stderr, words);
    });
  }
});
