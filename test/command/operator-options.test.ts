/** What the operator's commands refuse, and how they end if AWS fails. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { startHttpStub } from '../support/http-stub.ts';
import { type CommandResult, runCommand } from '../support/lambda-lmtp.ts';
import { nowhere } from '../support/nowhere.ts';

async function run(args: readonly string[], env: Readonly<Record<string, string>> = nowhere): Promise<CommandResult> {
  return await runCommand(args, { env });
}

describe('a usage error names the option, the value and what is allowed', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      'queue --state deferrred',
      /--state <state>' argument 'deferrred' is invalid\. "deferrred" is not a state; allowed are queued, active,/,
    ],
    ['queue --state done', /"done" is not a state/],
    ['queue --older 3y', /--older <time>' argument '3y' is invalid\. Expected a number and s, m, h, d or w/],
    ['queue --limit -1', /--limit <n>' argument '-1' is invalid\. Expected a whole number/],
    ['queue --destination inet:host:port', /^error: --destination: "inet:host:port": "port" is not a port/],
    ['shape --by age', /--by <what>' argument 'age' is invalid\. Allowed choices are destination, sender/],
    ['explain', /missing required argument 'id-or-destination'/],
    ['hold m1', /^error: --reason is missing/],
    ['hold --reason x', /^error: nothing is selected: give ids, --destination, or options that select messages/],
    ['hold m1 --reason x --sender a@x', /^error: ids cannot be combined with options that select messages/],
    ['hold m1 --reason x --hold a/b', /--hold <name>' argument 'a\/b' is invalid\. Expected 1 to 40 letters, digits/],
    [
      'hold m1 --reason x --for 1h --until 2026-11-22T08:00:00Z',
      /--for <time>' cannot be used with option '--until <moment>'/,
    ],
    [
      'hold m1 --reason x --until tomorrow',
      /--until <moment>' argument 'tomorrow' is invalid\. Expected an RFC 3339 time/,
    ],
    [
      'hold m1 --reason x --until 2027-02-30T00:00Z',
      /--until <moment>' argument '2027-02-30T00:00Z' is invalid\. .* does not exist: the day must be 1 to 28/,
    ],
    ['hold m1 --reason x --until 2020-01-01T00:00:00Z', /^error: --until: this time is in the past/],
    ['release', /^error: nothing is selected: give ids, --destination/],
    ['release m1 --ramp soon', /--ramp <time>' argument 'soon' is invalid/],
    ['flush', /^error: nothing is selected: give ids, --all, --destination/],
    ['flush --all m1', /^error: --all cannot be combined with ids/],
    ['delete --yes', /^error: nothing is selected/],
    ['delete m1 --bounce', /^error: --reason is missing: the bounce contains it/],
    ['delete m1 --as bounced', /--as <status>' argument 'bounced' is invalid\. Allowed choices are sent/],
    ['delete m1 --as sent --bounce --reason x', /--as <status>' cannot be used with option '--bounce'/],
    ['requeue', /^error: nothing is selected: give ids \(queue --state corrupt lists them\)/],
    ['requeue m1 --with f --edit', /^error: --with cannot be combined with --edit, --set or --unset/],
    ['requeue m1 m2 --with f', /^error: --with allows only one id/],
    ['status --late never', /--late <time>' argument 'never' is invalid/],
    ['log no-such-file', /^error: file: "no-such-file" cannot be read: no such file or directory/],
  ];
  for (const [line, pattern] of wrong) {
    test(line, async () => {
      const { code, stdout, stderr } = await run(line.split(' '));
      assert.deepEqual([code, stdout], [64, '']);
      assert.match(stderr, pattern);
    });
  }

  test('a reason is one line of limited length', async () => {
    for (const reason of ['', ' ', 'x'.repeat(301), 'a\nb']) {
      const { code, stderr } = await run(['hold', 'm1', '--reason', reason]);
      assert.equal(code, 64);
      assert.match(stderr, /--reason <text>' argument .* is invalid\. Expected one line of 1 to 300 characters/s);
    }
  });
});

describe('if AWS fails because', () => {
  /** Gives every request this reply. */
  const refusing =
    (status: number, type: string, message: string): RequestListener =>
    (_, response) => {
      const __type = `com.amazonaws.dynamodb.v20120810#${type}`;
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
        .end(JSON.stringify({ __type, message }));
    };

  test('its port is closed: 75, and the reason', async () => {
    const { code, stdout, stderr } = await run(['queue']);
    assert.deepEqual([code, stdout], [75, '']);
    assert.match(stderr, /^error: a request to the stack failed: .*ECONNREFUSED/);
  });

  test('access is denied: 69, in the words of AWS', async () => {
    await using stub = await startHttpStub(refusing(400, 'AccessDeniedException', 'ann may not\u001b[2J'));
    const { code, stderr } = await run(['status'], { ...nowhere, AWS_ENDPOINT_URL: stub.url });
    assert.equal(code, 69);
    assert.match(
      stderr,
      /^error: a request to the stack failed: AccessDeniedException: dynamodb:\w+ on the table "\w+" is denied: grant .* AWS: ann may not\\u001b\[2J\n$/,
    );
  });

  test('it is throttled: 75', async () => {
    await using stub = await startHttpStub(refusing(400, 'ProvisionedThroughputExceededException', 'slow down'));
    const { code, stderr } = await run(['shape'], { ...nowhere, AWS_ENDPOINT_URL: stub.url });
    assert.equal(code, 75);
    assert.match(stderr, /slow down/);
  });

  test('the caller is unknown to AWS, nothing is changed', async () => {
    const { QUEUE_TABLE: _, ...unnamed } = nowhere;
    await using stub = await startHttpStub(cloudFormation(outputsOf({})));
    const env = { ...unnamed, AWS_ENDPOINT_URL_CLOUDFORMATION: stub.url, AWS_ENDPOINT_URL: 'http://192.0.2.1:9' };
    await using sts = await startHttpStub((_request, response) => {
      response.writeHead(403, { 'content-type': 'text/xml' });
      response.end('<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>');
    });
    const { code, stderr } = await run(['flush', '--all', '--stack', 'Mail'], {
      ...env,
      AWS_ENDPOINT_URL_STS: sts.url,
    });
    assert.equal(code, 69);
    assert.match(
      stderr,
      /^error: AWS did not return a caller identity; nothing was changed, because every change is recorded with its author: ExpiredToken\w*: sts:GetCallerIdentity is refused, because the AWS credentials have expired: log in again, .* AWS: expired\n$/,
    );
  });
});

/** The outputs of a stack. */
function outputsOf(
  changes: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return {
    QueueTableName: 'theirs',
    MessageBucketName: 'messages',
    IncomingQueueUrl: nowhere.INCOMING_QUEUE_URL,
    ActiveQueueUrl: nowhere.ACTIVE_QUEUE_URL,
    DeferredQueueUrl: nowhere.DEFERRED_QUEUE_URL,
    CorruptQueueUrl: nowhere.CORRUPT_QUEUE_URL,
    BounceQueueUrl: nowhere.CORRUPT_QUEUE_URL,
    BounceTopicArn: nowhere.BOUNCE_TOPIC_ARN,
    OperatorSettings: '{"transport":"mailman","lmtp_tcp_port":"2400"}',
    ...changes,
  };
}

/** CloudFormation with one stack. */
function cloudFormation(outputs: Readonly<Record<string, string | undefined>>): RequestListener {
  const members = Object.entries(outputs)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `<member><OutputKey>${name}</OutputKey><OutputValue>${value?.replaceAll('"', '&quot;')}</OutputValue></member>`,
    );
  const stack = `<member><StackName>Mail</StackName><Outputs>${members.join('')}</Outputs></member>`;
  const result = `<DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult>`;
  return (_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/xml' })
      .end(
        `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">${result}</DescribeStacksResponse>`,
      );
  };
}

describe('a deployed stack', () => {
  /** A table that gives no answer but records its name and the operations. */
  async function asking(outputs: Readonly<Record<string, string | undefined>>, ...args: readonly string[]) {
    const asked: string[] = [];
    await using formation = await startHttpStub(cloudFormation(outputs));
    await using table = await startHttpStub((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        asked.push(body);
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{"Items":[],"Count":0}');
      });
    });
    const env = {
      ...nowhere,
      QUEUE_TABLE: '',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url,
      AWS_ENDPOINT_URL_DYNAMODB: table.url,
    };
    return { ...(await run(args, env)), asked };
  }

  test('is found by its name, and its outputs name its resources', async () => {
    const { code, stdout, asked } = await asking(outputsOf({}), 'queue', '--stack', 'Mail', '--destination', 'imap1');
    assert.deepEqual([code, stdout], [0, 'No messages match.\n']);
    assert.ok(asked.length > 0);
    for (const body of asked) assert.equal((JSON.parse(body) as { TableName: string }).TableName, 'theirs');
    // Its parameters say how destinations are written.
    assert.match(asked.join('\n'), /inet:imap1:2400 /);
  });

  test('without settings has the defaults', async () => {
    const { code, asked } = await asking(outputsOf({ OperatorSettings: undefined }), 'queue', '--destination', 'imap1');
    assert.equal(code, 0);
    assert.match(asked.join('\n'), /inet:imap1:24 /);
  });

  test('of a release whose functions read no live settings is told so, before anything is written', async () => {
    const old = await asking(outputsOf({}), 'set', 'max_idle=5s', '--stack', 'Mail', '--what-if');
    assert.deepEqual([old.code, old.asked], [64, []]);
    assert.match(
      old.stderr,
      /^error: the functions of this stack are of a release that reads no live settings: deploy/,
    );
    const settings = '{"transport":"lmtp","max_idle":"9s","liveSettings":"yes"}';
    const now = await asking(outputsOf({ OperatorSettings: settings }), 'set', 'max_idle=5s', '--what-if');
    assert.deepEqual([now.code, now.stdout.split('\n')[0]], [0, 'max_idle: 9s → 5s']);
  });

  test('that is not one of ours is refused by its missing output', async () => {
    const { code, stderr } = await asking(outputsOf({ QueueTableName: undefined }), 'queue', '--stack', 'Mail');
    assert.equal(code, 64);
    assert.match(stderr, /^error: --stack: the stack "Mail" has no output QueueTableName\n$/);
  });

  /** A stack of two transports: the second has its name before each output. */
  const two = {
    ...outputsOf({ OperatorSettings: '{"transport":"lmtp"}' }),
    ...Object.fromEntries(
      Object.entries(outputsOf({ QueueTableName: 'lists' })).map(([name, value]) => [`Mailman${name}`, value]),
    ),
  };

  test('of several transports is that of the first, or of the requested one', async () => {
    for (const [options, table, port] of [
      [[], 'theirs', 24],
      [['--transport', 'lmtp'], 'theirs', 24],
      [['--transport', 'mailman'], 'lists', 2400],
    ] as const) {
      const { code, asked } = await asking(two, 'queue', '--stack', 'Mail', ...options, '--destination', 'imap1');
      assert.equal(code, 0);
      for (const body of asked) assert.equal((JSON.parse(body) as { TableName: string }).TableName, table);
      assert.match(asked.join('\n'), new RegExp(`inet:imap1:${port} `));
    }
  });

  test('without the transport is refused, and the error lists its transports', async () => {
    const { code, stderr, asked } = await asking(two, 'queue', '--stack', 'Mail', '--transport', 'lists');
    assert.deepEqual([code, asked.length], [64, 0]);
    assert.equal(stderr, 'error: --transport: the stack "Mail" has no transport "lists"; it has lmtp, mailman\n');
  });

  test('that the environment names has one transport', async () => {
    const { code, stderr } = await run(['queue', '--transport', 'mailman']);
    assert.equal(code, 64);
    assert.match(stderr, /^error: --transport: the environment names the stack of "lmtp"/);
  });

  test('receives mail through the requested transport', async () => {
    await using formation = await startHttpStub(cloudFormation(two));
    const env = { ...nowhere, AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url };
    const mail = ['submit', '--sender', 'a@example.org', '--recipient', 'b@example.com', 'package.json'];
    const other = await run([...mail, '--transport', 'lists'], env);
    assert.match(other.stderr, /^error: --transport: the stack "LambdaLmtp" has no transport "lists"/);
    const bucket = await run([...mail, '--transport', 'mailman', '--bucket', 'b'], env);
    assert.match(bucket.stderr, /^error: --transport cannot be combined with --bucket or --queue-url/);
  });

  test('that cannot be looked up: 75', async () => {
    const { code, stderr } = await run(['queue', '--stack', 'Mail']);
    assert.equal(code, 75);
    assert.match(stderr, /^error: the stack "Mail" cannot be looked up: .*ECONNREFUSED/);
  });

  test('with incomplete variables is refused by the missing one', async () => {
    const { code, stderr } = await run(['queue'], { ...nowhere, DEFERRED_QUEUE_URL: '' });
    assert.equal(code, 64);
    assert.match(stderr, /^error: environment variable DEFERRED_QUEUE_URL is not set/);
  });
});
