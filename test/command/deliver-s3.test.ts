/** `deliver` with messages in S3 that stalls, ends early, or refuses: the mail waits, and the command ends. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { inMemoryLimit } from '../../functions/delivery/message.ts';
import { s3Error } from '../support/aws-answers.ts';
import { startHttpStub } from '../support/http-stub.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { startLmtpSink } from '../support/lmtp-sink.ts';

const small = Buffer.from('Subject: x\r\n\r\nhello\r\n');
const large = Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.alloc(2 * inMemoryLimit, 'mail ')]);

/** Delivers a message that S3 gives out this way; short limits, so that no test waits long for a stall. */
async function deliver(answer: RequestListener) {
  await using s3 = await startHttpStub(answer);
  await using sink = await startLmtpSink({ hash: true });
  const request = {
    version: 1,
    id: 'x1',
    sender: 'alice@example.org',
    recipients: ['bob@example.com', 'carol@example.com'],
    message: { bucket: 'mail', key: 'in/x.eml' },
  };
  const { code, stdout, stderr } = await runCommand(['deliver', '--requests', '-', '--destination', sink.destination], {
    input: `${JSON.stringify(request)}\n`,
    env: {
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
    limits: { attempts: 1, connectionTimeout: 5_000, socketTimeout: 400 },
  });
  return { code, lines: stdout.split('\n').filter((line) => line !== ''), stderr, delivered: sink.contents.length };
}

/** Answers HEAD, and leaves GET to the test. */
const holding =
  (octets: Buffer, get: RequestListener): RequestListener =>
  (request, response) => {
    if (request.method !== 'HEAD') return get(request, response);
    response.writeHead(200, { etag: '"e"', 'content-length': octets.length });
    response.end();
  };

/** Answers the request for the beginning of a large message, and leaves the others to the test. */
const afterBeginning =
  (get: RequestListener): RequestListener =>
  (request, response) => {
    const [, last] = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (last === undefined) return get(request, response);
    response.writeHead(206, { etag: '"e"' });
    response.end(large.subarray(0, Number(last) + 1));
  };

/** Sends some octets of a body, and then nothing more. */
const stopping =
  (octets: Buffer, sent: number): RequestListener =>
  (_, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': octets.length });
    response.write(octets.subarray(0, sent));
  };

/** Sends some octets of a body without Content-Length, and ends as if they were all. */
const cutting =
  (octets: Buffer, sent: number): RequestListener =>
  (_, response) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { etag: '"e"', connection: 'close' });
    response.end(octets.subarray(0, sent));
  };

const refusing = (status: number, code: string): RequestListener => {
  const { headers, body } = s3Error(status, code, 'no');
  return ({ method }, response) => {
    response.writeHead(status, headers);
    response.end(method === 'HEAD' ? undefined : body);
  };
};

const named = 's3:GetObject on s3:\\/\\/mail\\/in\\/x\\.eml';
const unanswered = new RegExp(`the message body cannot be read: TimeoutError: S3 gave no whole answer to ${named}: `);

describe('each recipient is deferred, with a sentence and exit status 75, if S3', () => {
  const stories: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
    'accepts the connection and never answers': [() => {}, unanswered],
    'stops in the middle of a small body': [holding(small, stopping(small, 10)), unanswered],
    'ends a small body early': [
      holding(small, cutting(small, 10)),
      /the message body cannot be read: CutBodyError: object "in\/x\.eml" in bucket "mail" has 21 octets, and 10 were read/,
    ],
    'stops in the middle of a large body': [
      holding(large, afterBeginning(stopping(large, 300_000))),
      new RegExp(
        `the message could not be read to its end while sending message body to [^:]*: S3 gave no whole answer to ${named}: `,
      ),
    ],
    'ends a large body early': [
      holding(large, afterBeginning(cutting(large, 300_000))),
      /the message could not be read to its end while sending message body to [^:]*: object "in\/x\.eml" in bucket "mail" has \d+ octets, and 300000 were read/,
    ],
    'denies access': [
      refusing(403, 'AccessDenied'),
      new RegExp(`AccessDenied: ${named} is denied: grant s3:GetObject`),
    ],
    'asks for fewer requests, of which HEAD shows the status only': [
      refusing(503, 'SlowDown'),
      new RegExp(`ServiceUnavailable: S3 failed at ${named}: it is temporary`),
    ],
    'refuses the credentials': [
      refusing(400, 'ExpiredToken'),
      /because the AWS credentials have expired: log in again/,
    ],
  };
  for (const [name, [answer, words]] of Object.entries(stories)) {
    test(name, async () => {
      const { code, lines, stderr, delivered } = await deliver(answer);
      assert.equal(code, 75, stderr);
      assert.equal(lines.length, 2);
      for (const line of lines) {
        assert.match(line, /^x1: to=<\w+@example\.com>, .* dsn=4\.\d\.\d, status=deferred \(/);
        assert.match(line, words);
      }
      assert.equal(delivered, 0, 'the server received no end of a message');
      assert.equal(stderr, '');
    });
  }
});

test('a whole body is sent, whatever the length that its transport announces', async () => {
  const { code, delivered } = await deliver(holding(large, afterBeginning(cutting(large, large.length))));
  assert.deepEqual([code, delivered], [0, 1]);
});

test('a body that does not exist makes the request malformed: 65', async () => {
  const { code, lines, stderr } = await deliver(refusing(404, 'NoSuchKey'));
  assert.deepEqual([code, lines], [65, []]);
  assert.match(stderr, /^-:1: message\.key: there is no object "in\/x\.eml" in bucket "mail"\n$/);
});
