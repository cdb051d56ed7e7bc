/** `lambda-lmtp log` of a stack: the delivery log from CloudWatch, in the form of maillog. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LogEvents, startLogEvents, type Wanted } from '../../infra/local/log-events.ts';
import { startHttpStub } from '../support/http-stub.ts';
import { type CommandResult, runCommand, startCommand } from '../support/lambda-lmtp.ts';
import { waitUntil } from '../support/wait-until.ts';

const minute = 60_000;
const start = Date.parse('2026-11-02T08:00:00.250Z');

/** A line of the delivery log. */
function line(id: string, more: object = {}): string {
  return JSON.stringify({
    id,
    recipient: 'bob@example.com',
    orig: null,
    relay: 'h[10.0.1.7]:24',
    delay: 0.34,
    delays: [0.1, 0, 0.02, 0.22],
    dsn: '2.0.0',
    status: 'sent',
    text: '250 2.0.0 Saved',
    ...more,
  });
}

const tail =
  'to=<bob@example.com>, relay=h[10.0.1.7]:24, delay=0.34, delays=0.1/0/0.02/0.22, dsn=2.0.0, status=sent (250 2.0.0 Saved)';

let logs: LogEvents;
let asked: Wanted[];
/** Error types that the next requests are refused with. */
let refusals: string[];

before(async () => {
  logs = await startLogEvents({
    groups: ['/qmgr', '/lmtp'],
    pageSize: 2,
    onRequest: (wanted) => {
      asked.push(wanted);
      return refusals.shift();
    },
  });
  const stream = '2026/11/02/[$LATEST]00ff11223344556677889900aabbc0de';
  logs.add('/lmtp', stream, line('one'), start);
  logs.add('/lmtp', stream, '{"level":"INFO","message":"not a delivery"}', start + 1);
  logs.add('/lmtp', stream, '{"_aws":{},"Sent":1,"transport":"lmtp"}', start + 2);
  logs.add('/lmtp', stream, 'START RequestId: 1', start + 3);
  logs.add('/lmtp', stream, 'END RequestId: 1', start + 4);
  logs.add('/lmtp', '2026/11/02/[$LATEST]aa', line('three', { recipient: 'Carol@example.com' }), start + 2 * minute);
  logs.add(
    '/qmgr',
    'q',
    line('two', { relay: null, status: 'bounced', dsn: '5.1.3', text: 'no address' }),
    start + minute,
  );
});
after(() => logs?.close());

async function run(...args: readonly string[]): Promise<CommandResult> {
  asked = [];
  return await runCommand(['log', ...args], { env: environment() });
}

function environment(): Record<string, string> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint,
    DELIVERY_LOG_GROUPS: 'qmgr=/qmgr lmtp=/lmtp',
  };
}

const day = ['--since', '2026-11-02T00:00:00Z'];

describe('the log of a stack in CloudWatch', () => {
  before(() => {
    refusals = [];
  });

  test('is printed in the form of maillog, in the order of time, without other lines', async () => {
    const { code, stdout, stderr } = await run(...day);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(stdout.split('\n'), [
      `Nov  2 08:00:00 local postfix/lmtp[255]: one: ${tail}`,
      'Nov  2 08:01:00 local postfix/qmgr[1]: two: to=<bob@example.com>, relay=none, delay=0.34, delays=0.1/0/0.02/0.22, dsn=5.1.3, status=bounced (no address)',
      `Nov  2 08:02:00 local postfix/lmtp[1]: three: ${tail.replace('bob', 'Carol')}`,
      '',
    ]);
  });

  test('is read page by page to its end, also over empty pages', async () => {
    await run(...day);
    const pages = asked.filter(({ logGroupName }) => logGroupName === '/lmtp').map(({ nextToken }) => nextToken);
    assert.deepEqual(pages, [undefined, '2', '4']);
    assert.ok(asked.every(({ startTime, endTime }) => startTime === Date.parse('2026-11-02') && endTime === undefined));
  });

  test('can be limited to a span of time, both ends included', async () => {
    const { stdout } = await run('--since', '2026-11-02T08:01:00.250Z', '--until', '2026-11-02T08:02:00.249Z');
    assert.match(stdout, /^Nov {2}2 08:01:00 local postfix\/qmgr\[1\]: two: [^\n]*\n$/);
  });

  test('covers the last hour by default', async () => {
    const before = Date.now();
    const { stdout } = await run('--since', '1h');
    assert.equal(stdout, '');
    const [{ startTime = 0 } = {}] = asked;
    assert.ok(startTime >= before - 60 * minute && startTime <= Date.now() - 60 * minute);
  });

  test('can be filtered; CloudWatch itself searches for a message', async () => {
    const { stdout } = await run(...day, '--id', 'three');
    assert.match(stdout, /^[^\n]*: three: [^\n]*\n$/);
    assert.match(asked[0]?.filterPattern ?? '', /^\{ \(\$\.id = "three"\) && /);
    assert.match((await run(...day, '--recipient', 'carol@EXAMPLE.com')).stdout, /^[^\n]*: three: [^\n]*\n$/);
    assert.match((await run(...day, '--status', 'bounced')).stdout, /^[^\n]*: two: [^\n]*\n$/);
    assert.equal((await run(...day, '--id', 'x" || ($.id = "one')).stdout, '');
  });

  test('can have times of RFC 3339, as in newer syslogds', async () => {
    const { stdout } = await run(...day, '--time', 'rfc3339', '--id', 'one');
    assert.equal(stdout, `2026-11-02T08:00:00.250+00:00 local postfix/lmtp[255]: one: ${tail}\n`);
  });

  test('is read in spite of throttling', async () => {
    refusals = ['ThrottlingException', 'ThrottlingException'];
    const { code, stdout } = await run(...day);
    assert.deepEqual([code, stdout.split('\n').length], [0, 4]);
  });

  test('is not read if access is denied or it is missing', async () => {
    refusals = ['AccessDeniedException', 'AccessDeniedException'];
    const denied = await run(...day);
    assert.equal(denied.code, 69);
    assert.match(
      denied.stderr,
      /^error: the log cannot be read: AccessDeniedException: logs:FilterLogEvents on the log group "\/\w+" is denied: grant logs:FilterLogEvents, as .* AWS: not now\n$/,
    );
    refusals = [];
    const gone = await runCommand(['log', ...day], { env: { ...environment(), DELIVERY_LOG_GROUPS: 'lmtp=/gone' } });
    assert.equal(gone.code, 69);
    assert.match(
      gone.stderr,
      /^error: the log cannot be read: ResourceNotFoundException: .* the log group "\/gone" does not exist .* AWS: The specified log group/,
    );
  });
});

test('with --follow shows each line once, as it arrives, including late ones', async () => {
  asked = [];
  refusals = [];
  const { child, ended, stdout } = startCommand(['log', '--follow', '--since', '10m'], { env: environment() });
  const seen = () => [...stdout().matchAll(/: (\w+): to=/g)].map(([, id]) => id);
  logs.add('/lmtp', 's', line('first'));
  await waitUntil('the first line', () => seen().includes('first'));
  logs.add('/qmgr', 's', line('late'), Date.now() - 30_000);
  logs.add('/lmtp', 's', line('second'));
  await waitUntil('the line after it', () => seen().includes('second') && seen().includes('late'));
  const rounds = asked.length;
  await waitUntil('another look', () => asked.length >= rounds + 4);
  child.kill('SIGTERM');
  await ended;
  assert.deepEqual(seen().toSorted(), ['first', 'late', 'second']);
});

describe('a deployed stack', () => {
  /** CloudFormation with one output, or none. */
  async function ofStack(output: string, ...args: readonly string[]): Promise<CommandResult> {
    await using formation = await startHttpStub((_, response) => {
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>' +
            `<StackName>Mail</StackName><Outputs>${output}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
        );
    });
    asked = [];
    refusals = [];
    const env = { ...environment(), AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url };
    return await runCommand(['log', '--stack', 'Mail', ...args], { env });
  }

  test('names its logs in an output, and appears in place of the host', async () => {
    const output = '<member><OutputKey>DeliveryLogGroups</OutputKey><OutputValue>lmtp=/lmtp</OutputValue></member>';
    const { code, stdout } = await ofStack(output, ...day, '--until', '2026-11-03T00:00:00Z');
    assert.deepEqual([code, stdout.split('\n').length], [0, 3]);
    assert.match(stdout, /^Nov {2}2 08:00:00 Mail postfix\/lmtp/);
  });

  test('without that output is not one of ours', async () => {
    const { code, stderr } = await ofStack('');
    assert.deepEqual([code, stderr], [64, 'error: --stack: the stack "Mail" has no output DeliveryLogGroups\n']);
  });
});

describe('a usage error', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['--since yesterday', /--since <time>' argument 'yesterday' is invalid\. Expected a length of time such as 90s/],
    ['--until 25h61', /--until <time>' argument '25h61' is invalid/],
    ['--follow --until 1h', /--follow' cannot be used with option '--until <time>'/],
    ['--time local', /Allowed choices are syslog, rfc3339/],
    ['maillog --since 1h', /^error: a file cannot be combined with --stack, --transport, --since, --until or --follow/],
  ];
  for (const [words, text] of wrong) {
    test(words, async () => {
      const { code, stderr } = await run(...words.split(' '));
      assert.equal(code, 64);
      assert.match(stderr, text);
    });
  }
});
