/**
 * What AWS answers when a call fails, by service and kind, and the words that operators read: with the services' own
 * answers, over a socket, by the client of each service.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ErrorKind } from '../../functions/aws/error-kinds.ts';
import { errorKind } from '../../functions/aws/explained-errors.ts';
import { makeClient } from '../../functions/aws/make-client.ts';
import { headObject } from '../../functions/aws/s3-reading.ts';
import type { AwsSettings } from '../../functions/aws/settings.ts';
import { errorWords } from '../../functions/log/error-words.ts';
import { type AwsAnswer, jsonError, s3Error } from '../support/aws-answers.ts';
import { type Call, calls, object, s3 } from '../support/aws-calls.ts';
import { accessKey, kmsKey, refusal, type Service, services, token } from '../support/aws-error-stories.ts';
import { startHttpStub } from '../support/http-stub.ts';

/** Settings that lead to a stub. */
const settingsOf =
  (endpoint: string): AwsSettings =>
  () => ({
    region: 'eu-central-1',
    endpoint,
    credentials: { accessKeyId: accessKey, secretAccessKey: 'local' },
    limits: { attempts: 1, requestTimeout: 300, socketTimeout: 300 },
  });

async function thrown(call: Call, settings: AwsSettings): Promise<Error> {
  const error = await call(settings).then(
    () => assert.fail('the call succeeded'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof Error);
  // What a log prints of an error: its message, its stack, and its other properties.
  const printed = [error.message, error.stack, ...Object.values(error).map((value) => JSON.stringify(value))].join(
    '\n',
  );
  assert.ok(!printed.includes(token), printed);
  assert.ok(!printed.includes(accessKey), printed);
  assert.doesNotMatch(printed, /UnknownError/);
  return error;
}

const answering =
  ({ status, headers, body }: AwsAnswer): RequestListener =>
  ({ method }, response) => {
    response.writeHead(status, headers);
    response.end(method === 'HEAD' ? undefined : body);
  };

async function thrownAt(call: Call, answer: RequestListener): Promise<Error> {
  await using stub = await startHttpStub(answer);
  return await thrown(call, settingsOf(stub.url));
}

const temporary: readonly ErrorKind[] = ['throttled', 'failed', 'unreachable', 'unreadable'];

for (const [name, { call, answer, stories }] of Object.entries<Service>(services)) {
  const [action = '', resource = ''] = [call.slice(0, call.indexOf(' ')), call.slice(call.indexOf(' ') + 1)];
  describe(`${name} answers`, () => {
    for (const [kind, remedy, [status, code, message, more]] of stories) {
      test(`${status} ${code} (${message.slice(0, 40)}): ${kind}`, async () => {
        const error = await thrownAt(calls[call], answering(answer(status, code, message, more)));
        assert.equal(errorKind(error), kind, error.message);
        const words = errorWords(error);
        assert.match(words, remedy);
        assert.ok(words.includes(action), words);
        assert.ok(words.includes(resource), words);
        const isShown = !message.includes(token) || message.includes('\n');
        if (isShown) assert.ok(words.includes(message.split('\n')[0]?.trim().slice(0, 200) ?? ''), words);
        assert.doesNotMatch(words, /[{}\n]|undefined| {2}/);
      });
    }

    test('with nothing, and closes the connection: unreachable', async () => {
      const error = await thrownAt(calls[call], ({ socket }) => socket.destroy());
      assert.equal(errorKind(error), 'unreachable');
      assert.match(error.message, new RegExp(`^${name} gave no whole answer to ${action}`));
      assert.match(error.message, /The cause was /);
    });

    test('never: unreachable, after the time limit of the client', async () => {
      const error = await thrownAt(calls[call], () => {});
      assert.equal(errorKind(error), 'unreachable');
      assert.match(errorWords(error), new RegExp(`^TimeoutError: ${name} gave no whole answer to ${action}`));
    });

    test('and stops in the middle of its answer: unreachable, after the time limit of the client', async () => {
      // An error, because the body of an object is the reader's to read.
      const error = await thrownAt(calls[call], (_, response) => {
        response.writeHead(400, { 'content-length': 1000 });
        response.write('<Err');
      });
      assert.equal(errorKind(error), 'unreachable', errorWords(error));
    });

    test('as a proxy does, with a page: unreadable or failed, which are temporary', async () => {
      const page = {
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>Bad Gateway<hr></body>',
      };
      const error = await thrownAt(calls[call], answering(page));
      const kind = errorKind(error);
      assert.ok(kind !== undefined && temporary.includes(kind), `${kind}: ${errorWords(error)}`);
    });
  });
}

describe('each call names its action and its resource where it is denied:', () => {
  test('and every call of the functions and commands is among them', () => {
    const project = resolve(import.meta.dirname, '../..');
    const commandsIn = (pattern: string) =>
      globSync(pattern, { cwd: project }).flatMap((file) =>
        [...readFileSync(resolve(project, file), 'utf8').matchAll(/new (\w+Command)\(/g)].map(([, name = '']) => name),
      );
    const tried = commandsIn('test/support/aws-calls.ts');
    const made = commandsIn('functions/{aws,handlers,composition,command}/*.ts');
    assert.ok(made.length > 40, `${made.length} calls`);
    assert.deepEqual(
      [...new Set(made)].filter((name) => !tried.includes(name)),
      [],
    );
  });

  for (const [named, call] of Object.entries<Call>(calls)) {
    test(named, async () => {
      const answer = Object.values(services).find(({ call }) => call.split(':')[0] === named.split(':')[0])?.answer;
      const error = await thrownAt(call, answering((answer ?? jsonError)(403, 'AccessDenied', 'no')));
      const [action, ...resource] = named.split(' ');
      const on = resource.join(' ') === '' ? '' : ` on ${resource.join(' ')}`;
      assert.ok(error.message.startsWith(`${action}${on} is denied: `), error.message);
    });
  }
});

describe('HEAD has no body that names the error; the words come from GET, or from the status:', () => {
  const head: Call = (aws) => headObject(s3(aws), { bucket: 'mail', key: 'in/x.eml' });
  const nameless = (status: number): RequestListener => answering({ status, body: '' });

  test('the key may not be used', async () => {
    const answer = s3Error(403, 'AccessDenied', refusal('kms:Decrypt', kmsKey));
    const error = await thrownAt(head, answering(answer));
    assert.equal(errorKind(error), 'key-denied');
    assert.match(error.message, /grant kms:Decrypt on arn:aws:kms/);
  });

  for (const [status, kind, name] of [
    [301, 'region', 'PermanentRedirect'],
    [400, 'refused', 'BadRequest'],
    [403, 'denied', 'AccessDenied'],
    [404, 'missing', 'NotFound'],
    [405, 'refused', 'MethodNotAllowed'],
    [429, 'throttled', 'TooManyRequestsException'],
    [500, 'failed', 'InternalError'],
    [503, 'failed', 'ServiceUnavailable'],
    [418, 'refused', 'HttpStatus418'],
  ] as const) {
    test(`${status}, of which GET says no more: ${name}`, async () => {
      const error = await thrownAt(head, nameless(status));
      assert.equal(errorKind(error), kind);
      assert.match(errorWords(error), new RegExp(`^${name}: .*s3://mail/in/x\\.eml`));
    });
  }
});

test('HEAD says in a header in which region a bucket is', async () => {
  const head: Call = (aws) => headObject(s3(aws), { bucket: 'mail', key: 'in/x.eml' });
  const headers = { 'x-amz-bucket-region': 'eu-west-1' };
  const error = await thrownAt(head, answering({ status: 301, headers, body: '' }));
  assert.match(
    error.message,
    /is in another region than eu-central-1: set AWS_REGION .*\. The bucket is in the region eu-west-1$/,
  );
});

describe('without an answer of AWS:', () => {
  const call = calls['s3:GetObject s3://mail/in/x.eml'];

  test('a closed port', async () => {
    const { url, ...stub } = await startHttpStub(() => {});
    await stub[Symbol.asyncDispose]();
    const error = await thrown(call, settingsOf(url));
    assert.equal(errorKind(error), 'unreachable');
    assert.match(error.message, /ECONNREFUSED/);
  });

  test('no credentials', async () => {
    const { credentials: _, ...rest } = settingsOf('http://127.0.0.1:9')('S3');
    const more = {
      credentials: () =>
        Promise.reject(
          Object.assign(new Error('Could not load credentials from any providers'), {
            name: 'CredentialsProviderError',
          }),
        ),
    };
    const client = makeClient(S3Client, 'S3', { aws: () => rest, more });
    const error = await thrown(() => client.send(new GetObjectCommand(object)), settingsOf(''));
    assert.equal(errorKind(error), 'no-credentials');
    assert.match(
      error.message,
      /^s3:GetObject on s3:\/\/mail\/in\/x\.eml was not called, because no AWS credentials were found: set AWS_PROFILE/,
    );
  });

  test('a session of IAM Identity Center that has expired', async () => {
    const { credentials: _, ...rest } = settingsOf('http://127.0.0.1:9')('S3');
    const words =
      'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login.';
    const more = {
      credentials: () => Promise.reject(Object.assign(new Error(words), { name: 'CredentialsProviderError' })),
    };
    const client = makeClient(S3Client, 'S3', { aws: () => rest, more });
    assert.equal(errorKind(await thrown(() => client.send(new GetObjectCommand(object)), settingsOf(''))), 'expired');
  });

  test('no region', async () => {
    const { region: _, ...rest } = settingsOf('http://127.0.0.1:9')('SQS');
    const more = { region: () => Promise.reject(new Error('Region is missing')) };
    const client = makeClient(SQSClient, 'SQS', { aws: () => rest, more });
    const error = await thrown(() => client.send(new GetQueueUrlCommand({ QueueName: 'incoming' })), settingsOf(''));
    assert.equal(errorKind(error), 'no-region');
    assert.match(error.message, /set AWS_REGION/);
  });
});

test('a connection that the system of this machine refuses is temporary, whatever its code; a file that it refuses is no error of AWS', () => {
  for (const code of ['EADDRNOTAVAIL', 'EMFILE', 'EPERM', 'ECONNREFUSED']) {
    const refused = Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });
    assert.equal(errorKind(refused), 'unreachable', code);
  }
  assert.equal(errorKind(Object.assign(new Error('open EMFILE'), { code: 'EMFILE', syscall: 'open' })), undefined);
});

describe('what is no error of AWS is not put in words:', () => {
  test('an unmet condition', async () => {
    const answer = s3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    const error = await thrownAt(calls['s3:PutObject s3://mail/in/x.eml'], answering(answer));
    assert.equal(errorKind(error), undefined);
    assert.match(error.message, /^At least one/);
  });

  test('a bug', () => {
    for (const error of [new TypeError('undefined is not a function'), 'words', undefined, null]) {
      assert.equal(errorKind(error), undefined);
    }
  });
});
