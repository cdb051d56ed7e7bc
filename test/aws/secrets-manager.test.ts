/** Secrets from Secrets Manager, by the SDK's own client over a socket: read, rotated, denied, unreachable. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { CreateSecretCommand, PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { makeSecretsManagerClient } from '../../functions/aws/clients.ts';
import { SecretsManagerSource } from '../../functions/aws/secrets-manager.ts';
import { openPasswordMaps } from '../../functions/secrets/open-password-maps.ts';
import { failurePause, longestAge, SecretCache } from '../../functions/secrets/secret-cache.ts';
import { SecretFault } from '../../functions/secrets/secrets.ts';
import { type SecretsManager, startSecretsManager } from '../../infra/local/secrets-manager.ts';
import { startHttpStub } from '../support/http-stub.ts';
import { TestClock } from '../support/test-clock.ts';

const content = 'hunter2';

let service: SecretsManager;
let client: SecretsManagerClient;
const asked: string[] = [];

/** Points new clients to an endpoint, as the environment of a function does. */
function useEndpoint(url: string): void {
  process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = url;
}

before(async () => {
  Object.assign(process.env, { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  service = await startSecretsManager({ region: 'eu-central-1', onRequest: (_, id) => asked.push(id) });
  useEndpoint(service.endpoint);
  client = makeSecretsManagerClient();
});
after(async () => {
  client.destroy();
  await service.close();
});

const source = () => new SecretsManagerSource(() => client);

let number = 0;
async function create(value: { SecretString: string } | { SecretBinary: Uint8Array }) {
  const {
    Name = '',
    ARN = '',
    VersionId = '',
  } = await client.send(new CreateSecretCommand({ Name: `lmtp/mail-${++number}`, ...value }));
  return { name: Name, arn: ARN, version: VersionId };
}

async function put(name: string, SecretString: string, stage = 'AWSCURRENT'): Promise<string> {
  const { VersionId = '' } = await client.send(
    new PutSecretValueCommand({ SecretId: name, SecretString, VersionStages: [stage] }),
  );
  return VersionId;
}

/** The message about a secret that cannot be read; it never contains the secret. */
async function faultOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => assert.fail('it was read'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SecretFault, String(error));
  assert.equal(error.cause, undefined, 'no part of the SDK response is passed on');
  assert.ok(!error.message.includes(content), error.message);
  return error.message;
}

describe('a secret that exists', () => {
  test('is returned with its version, by name, by ARN, and by ARN without its last six characters', async () => {
    const { name, arn, version } = await create({ SecretString: content });
    for (const id of [name, arn, arn.slice(0, -7)]) {
      assert.deepEqual(await source().read(id, 'AWSCURRENT'), { text: content, version }, id);
    }
  });

  test('costs no client before the first read', async () => {
    let made = 0;
    const lazy = new SecretsManagerSource(() => {
      made += 1;
      return client;
    });
    assert.equal(made, 0);
    const { name } = await create({ SecretString: content });
    await lazy.read(name, 'AWSCURRENT');
    await lazy.read(name, 'AWSCURRENT');
    assert.equal(made, 1);
  });

  test('is refused, with the reason, if it is binary', async () => {
    const { name } = await create({ SecretBinary: Buffer.from(content) });
    assert.equal(await faultOf(source().read(name, 'AWSCURRENT')), `the secret "${name}" is binary; expected text`);
  });

  test('provides a password to a map that names its ARN', async () => {
    const { arn, version } = await create({ SecretString: '{"mail.test": {"user": "joe", "token": "t"}}' });
    const maps = openPasswordMaps(`secretsmanager:${arn}`);
    const before = asked.length;
    assert.deepEqual(await maps.find(['other.test', 'mail.test'], new SecretCache(source())), {
      credentials: { user: 'joe', secret: 't', kind: 'token' },
      version,
      source: `secretsmanager:${arn}`,
    });
    assert.deepEqual(asked.slice(before), [arn]);
  });
});

describe('a rotation', () => {
  test('is seen at once by a fresh read, and by all others within five minutes', async () => {
    const { name, version: first } = await create({ SecretString: 'one' });
    const clock = new TestClock();
    const cache = new SecretCache(source(), { clock });
    assert.deepEqual(await cache.fetch(name), { text: 'one', version: first });
    const second = await put(name, 'two');
    assert.deepEqual(await cache.fetch(name), { text: 'one', version: first });
    assert.deepEqual(await cache.fetch(name, { fresh: true }), { text: 'two', version: second });
    await put(name, 'three');
    assert.equal((await cache.fetch(name)).text, 'two');
    clock.advance(longestAge);
    assert.equal((await cache.fetch(name)).text, 'three');
  });

  test('can be read while pending beside the current version', async () => {
    const { name, version } = await create({ SecretString: 'old' });
    const cache = new SecretCache(source());
    assert.match(
      await faultOf(cache.fetch(name, { stage: 'AWSPENDING' })),
      /^the secret "lmtp\/mail-\d+" \(AWSPENDING\) cannot be read: ResourceNotFoundException: /,
    );
    const pending = await put(name, 'new', 'AWSPENDING');
    assert.deepEqual(await cache.fetch(name, { stage: 'AWSPENDING' }), { text: 'new', version: pending });
    assert.deepEqual(await cache.fetch(name), { text: 'old', version });
  });
});

describe('an error of AWS is reported in the words of AWS:', () => {
  test('a missing secret', async () => {
    assert.match(
      await faultOf(source().read('nowhere', 'AWSCURRENT')),
      /^the secret "nowhere" cannot be read: ResourceNotFoundException: .* the secret "nowhere" does not exist in the region eu-central-1: .* AWS: Secrets Manager can't find/,
    );
  });

  for (const [type, Message, status] of [
    ['AccessDeniedException', 'User: arn:aws:sts::1:role/lmtp is not authorized', 400],
    ['DecryptionFailure', "Secrets Manager can't decrypt the protected secret text using the provided KMS key.", 400],
    ['InvalidRequestException', 'the secret was marked for deletion.', 400],
    ['InternalServiceError', 'again, please', 500],
    ['ThrottlingException', 'Rate exceeded', 400],
  ] as const) {
    test(type, async () => {
      await using stub = await startHttpStub((_, response) => sendJson(response, status, { __type: type, Message }));
      const fault = await faultOf(readFrom(stub.url));
      assert.ok(fault.startsWith(`the secret "mail" cannot be read: ${type}: `), fault);
      assert.match(fault, /secretsmanager:GetSecretValue on the secret "mail"/);
      assert.ok(fault.endsWith(`AWS: ${Message}`), fault);
    });
  }
});

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

/** Reads a secret from another endpoint, with a client of its own. */
async function readFrom(url: string, requestTimeout?: number): Promise<unknown> {
  useEndpoint(url);
  const limits = requestTimeout === undefined ? {} : { requestTimeout };
  const own = makeSecretsManagerClient(() => ({ limits }));
  try {
    return await new SecretsManagerSource(() => own).read('mail', 'AWSCURRENT');
  } finally {
    own.destroy();
    useEndpoint(service.endpoint);
  }
}

describe('a missing response is reported with its cause:', () => {
  test('errors without a body, after one retry', async () => {
    let requests = 0;
    await using stub = await startHttpStub((_, response) => {
      requests += 1;
      response.writeHead(500).end();
    });
    assert.match(await faultOf(readFrom(stub.url)), /^the secret "mail" cannot be read: \w+/);
    assert.equal(requests, 2);
  });

  test('silence', async () => {
    await using stub = await startHttpStub(() => {});
    assert.match(await faultOf(readFrom(stub.url, 20)), /^the secret "mail" cannot be read: TimeoutError/);
  });

  test('a connection that breaks off', async () => {
    await using stub = await startHttpStub((_, response) => void response.socket?.destroy());
    assert.match(await faultOf(readFrom(stub.url)), /cannot be read: .*(?:ECONNRESET|socket hang up)/);
  });

  test('a closed port', async () => {
    const stub = await startHttpStub(() => {});
    await stub[Symbol.asyncDispose]();
    assert.match(await faultOf(readFrom(stub.url)), /cannot be read: .*ECONNREFUSED/);
  });

  test('a response that is not JSON, of which nothing is shown', async () => {
    await using stub = await startHttpStub((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(`${content} is the password`);
    });
    assert.equal(
      await faultOf(readFrom(stub.url)),
      'the secret "mail" cannot be read: UnreadableAnswer: the answer to secretsmanager:GetSecretValue on the secret "mail" is none of Secrets Manager: a proxy may have answered: check the endpoint (AWS_ENDPOINT_URL), HTTPS_PROXY and the network. The HTTP status was 200',
    );
  });

  test('a response without a version', async () => {
    await using stub = await startHttpStub((_, response) => sendJson(response, 200, { SecretString: content }));
    assert.match(await faultOf(readFrom(stub.url)), /has no version id/);
  });
});

test('the old secret is used while AWS fails, and the new one after AWS recovers', async () => {
  let held = 'one';
  let ill = false;
  let requests = 0;
  await using stub = await startHttpStub((_, response) => {
    requests += 1;
    if (ill) sendJson(response, 500, { __type: 'InternalServiceError', Message: 'ill' });
    else sendJson(response, 200, { Name: 'mail', SecretString: held, VersionId: `version ${held}` });
  });
  useEndpoint(stub.url);
  const own = makeSecretsManagerClient();
  const clock = new TestClock();
  const stale: string[] = [];
  const onStale = (name: string, { message }: SecretFault, age: number) =>
    void stale.push(`${name} ${age}: ${message}`);
  const cache = new SecretCache(new SecretsManagerSource(() => own), { clock, onStale });

  assert.equal((await cache.fetch('mail')).text, 'one');
  held = 'two';
  ill = true;
  clock.advance(longestAge);
  assert.equal((await cache.fetch('mail')).text, 'one');
  assert.equal((await cache.fetch('mail')).text, 'one');
  assert.equal(requests, 1 + 2, 'the client tries twice, and then stops calling AWS');
  assert.equal(stale.length, 1);
  assert.match(
    stale[0] ?? '',
    new RegExp(`^mail ${longestAge}: the secret "mail" cannot be read: InternalServiceError: .* AWS: ill$`),
  );
  ill = false;
  clock.advance(failurePause);
  assert.deepEqual(await cache.fetch('mail'), { text: 'two', version: 'version two' });
  own.destroy();
  useEndpoint(service.endpoint);
});
