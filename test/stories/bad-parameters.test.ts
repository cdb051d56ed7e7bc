/** A parameter with an unusable value stops the functions, and the error names it. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundleFunction } from '../../infra/functions/bundle.ts';
import { Container } from '../../infra/local/container.ts';

const outdir = join(tmpdir(), `bad-parameters-${process.pid}`);
let file: string;

before(() => {
  ({ file } = bundleFunction('qmgr', outdir));
});
after(() => rm(outdir, { recursive: true, force: true }));

const environment = {
  AWS_REGION: 'us-east-1',
  ACTIVE_QUEUE_URL: 'http://127.0.0.1:1/active.fifo',
  DEFERRED_QUEUE_URL: 'http://127.0.0.1:1/deferred',
  CORRUPT_QUEUE_URL: 'http://127.0.0.1:1/corrupt',
  BOUNCE_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:bounce',
  NOTICE_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:notice',
  MESSAGE_BUCKET: 'messages',
  QUEUE_TABLE: 'queue',
  TRANSPORT_MAP: '* lmtp:inet:one.test',
};

/** The output of a function that is started in an environment and called. */
async function startIn(variables: Readonly<Record<string, string>>): Promise<string> {
  const container = new Container({
    name: 'qmgr',
    file,
    environment: { ...environment, ...variables },
    timeout: 5000,
  });
  try {
    const result = await container.invoke({ Records: [] });
    return result.kind === 'failed' ? `${result.errorType}: ${result.errorMessage}` : result.kind;
  } finally {
    container.kill();
    await container.ended;
  }
}

test('a function with a correct environment starts', async () => {
  assert.equal(await startIn({ LMTP_MAIL_TIMEOUT: '5m' }), 'returned');
});

const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ LMTP_MAIL_TIMEOUT: 'soon' }, /^ParameterError: lmtp_mail_timeout: "soon" is not a time: .* such as 300s$/],
  [{ LMTP_RCPT_TIMEOUT: '0s' }, /^ParameterError: lmtp_rcpt_timeout: "0s" is out of range: 1s or more is allowed$/],
  [{ LMTP_TCP_PORT: '70000' }, /^ParameterError: lmtp_tcp_port: "70000" is out of range: 1 to 65535 is allowed$/],
  [{ SOFT_BOUNCE: 'true' }, /^ParameterError: soft_bounce: "true" is neither yes nor no$/],
  [{ MINIMAL_BACKOFF_TIME: '2h' }, /^ParameterError: minimal_backoff_time: .* maximal_backoff_time/],
  [{ QUEUE_TABLE: '' }, /^EnvironmentError: environment variable QUEUE_TABLE is not set/],
  [
    { TRANSPORT_MAP: 'example.com smtp:inet:one.test' },
    /^TransportMapError: .*must begin with lmtp: or error: or retry: or discard:$/,
  ],
  [{ ALLOWED_DESTINATIONS: 'inet:one.test:25' }, /^DestinationError: "inet:one\.test:25": .* port 25/],
];

for (const [variables, words] of wrong) {
  test(`a function does not start with ${JSON.stringify(variables)}`, async () => {
    assert.match(await startIn(variables), words);
  });
}
