import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { composeAdmission } from '../../functions/composition/compose-admission.ts';
import { EnvironmentError } from '../../functions/parameters/environment.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { systemClock } from '../../functions/time/clock.ts';
import { startEmulatedClients } from '../support/emulated-clients.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const base = { MESSAGE_BUCKET: 'messages' };

const compose = (environment: Readonly<Record<string, string>>, clients: object = {}) =>
  composeAdmission(
    { ...base, ...environment },
    {
      parameters: parseParameters({ recipient_delimiter: '+' }),
      clients: clients as Parameters<typeof composeAdmission>[1]['clients'],
      clock: systemClock,
      log: { note: () => {} },
    },
  );

test('admission follows the environment', async () => {
  const admission = await compose({
    TRANSPORT_MAP: 'bob@example.com lmtp:one',
    ALLOWED_DESTINATIONS: 'two, inet:three:2424',
    ALLOWED_BUCKETS: 'ses-mail',
  })();
  assert.equal(admission.transportMap.find('bob+lists@example.com'), 'inet:one:24');
  assert.deepEqual([...admission.allowedDestinations], ['inet:two:24', 'inet:three:2424']);
  assert.deepEqual([...admission.allowedBuckets], ['messages', 'ses-mail']);
  assert.equal(admission.messageBucket, 'messages');
  assert.equal(admission.bodyPrefixes, undefined);
});

test('the prefixes of bodies come from the environment', async () => {
  const { bodyPrefixes } = await compose({ BODY_PREFIXES: 'in/ drop/' })();
  assert.deepEqual(bodyPrefixes, { bucket: 'messages', prefixes: ['in/', 'drop/'] });
});

test('a map in a file has precedence over the text of the environment', async () => {
  using folder = makeTemporaryFolder();
  const file = folder.write('transport', 'example.com lmtp:one\n* lmtp:two\n');
  const { transportMap } = await compose({ TRANSPORT_MAP: '* lmtp:three', TRANSPORT_MAP_SOURCE: `texthash:${file}` })();
  assert.equal(transportMap.find('bob@example.com'), 'inet:one:24');
  assert.equal(transportMap.find('bob@example.org'), 'inet:two:24');
});

test('a missing map keeps every request in incoming, with the reason', async () => {
  await assert.rejects(compose({ TRANSPORT_MAP_SOURCE: 'texthash:/nowhere/transport' })(), /ENOENT/);
});

test('mail for another transport goes to the queue of that transport, with our name', async () => {
  await using aws = await startEmulatedClients();
  const { url } = aws.emulators.queues.deferred;
  const environment = { TRANSPORT_MAP: 'x mailman:', OTHER_TRANSPORTS: `mailman=${url}` };
  const { transportMap, otherTransports } = await compose(environment, aws.clients)();
  assert.equal(transportMap.find('bob@x'), 'mailman:');
  await otherTransports?.send('mailman', '{"version":1}');
  const { Messages = [] } = await aws.clients.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, MessageAttributeNames: ['All'] }),
  );
  assert.deepEqual(
    Messages.map(({ Body, MessageAttributes }) => [Body, MessageAttributes?.['handed-on-by']?.StringValue]),
    [['{"version":1}', 'lmtp']],
  );
});

for (const [what, environment, words] of [
  [
    'a malformed source',
    { TRANSPORT_MAP_SOURCE: 'http://example.com/' },
    /TRANSPORT_MAP_SOURCE: "http:\/\/example\.com\/" is not s3:\/\/bucket\/key or texthash:\/path/,
  ],
  ['a source without a key', { TRANSPORT_MAP_SOURCE: 's3://bucket' }, /TRANSPORT_MAP_SOURCE/],
  [
    'a transport without a queue',
    { OTHER_TRANSPORTS: 'mailman' },
    /OTHER_TRANSPORTS: "mailman" is not allowed; expected name=URL/,
  ],
  ['a transport that has our own name', { OTHER_TRANSPORTS: 'lmtp=https://q' }, /OTHER_TRANSPORTS/],
  ['a transport that has the name of an agent', { OTHER_TRANSPORTS: 'error=https://q' }, /OTHER_TRANSPORTS/],
] as const) {
  test(`${what} stops the function at its start`, () => {
    assert.throws(
      () => compose(environment),
      (error) => error instanceof EnvironmentError && words.test(error.message),
    );
  });
}
