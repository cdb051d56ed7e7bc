/** The password for a server is in Secrets Manager, and is changed there while mail flows. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { type LmtpSmtpServer, startLmtpSmtpServer } from '../support/lmtp-smtp-server.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, patience, submitMail } from '../support/story.ts';
import { testSecrets } from '../support/test-secrets.ts';

const SecretId = 'mail/sasl';
let server: LmtpSmtpServer;
let stack: LocalStack;
/** The password that the server accepts. */
let password: string = testSecrets.password;
/** Passwords that it received. */
const shown: (string | null | undefined)[] = [];

before(async () => {
  server = await startLmtpSmtpServer({
    server: {
      authOptional: false,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      authMethods: ['PLAIN'],
      onAuth: (auth, _session, callback) => {
        shown.push(auth.password);
        if (auth.username === 'relay' && auth.password === password) callback(null, { user: 'relay' });
        else callback(new Error('Authentication failed'));
      },
    },
  });
  stack = await startLocalStack({
    destination: server.destination,
    parameters: {
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: `secretsmanager:${SecretId}`,
      lmtp_sasl_security_options: 'noanonymous',
      minimal_backoff_time: '2s',
      maximal_backoff_time: '2s',
      lmtp_cache_connection: 'no',
    },
    maximumConcurrency: { lmtp: 1 },
  });
});
after(async () => {
  await stack?.close();
  await server?.[Symbol.asyncDispose]();
});

const contentWith = (secret: string) => JSON.stringify({ '127.0.0.1': `relay:${secret}` });

const isSent =
  (wanted: string) =>
  ({ id, status }: DeliveryLine) =>
    id === wanted && status === 'sent';

test('while the secret is missing, mail waits and is not sent without authentication', async () => {
  await submitMail(stack, { id: 'early', recipients: ['bob@x'] });
  const [line] = await awaitLines(stack, 'early', 1);
  assert.partialDeepStrictEqual(line, { status: 'deferred', dsn: '4.3.0', relay: null });
  assert.match(
    line?.text ?? '',
    /^local data error while talking to 127\.0\.0\.1\[127\.0\.0\.1\]: .*mail\/sasl.*ResourceNotFound/,
  );
  assert.deepEqual(server.messages, []);
  const alarming = stack.log.items.filter(({ line }) => line.includes('"secret cannot be read"'));
  assert.ok(alarming.length >= 1, 'an alarm matches these words');
});

test('after the secret is created, the mail is sent', async () => {
  const SecretString = contentWith(testSecrets.password);
  await stack.clients.secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString }));
  // A secret that could not be read is not read again for some seconds.
  await stack.deliveries.waitUntil(() => stack.deliveries.items.some(isSent('early')), patience.within);
  assert.equal(server.messages.length, 1);
});

test('a password that was changed at both ends is used at once, although the old one was cached', async () => {
  password = testSecrets.changedPassword;
  const SecretString = contentWith(testSecrets.changedPassword);
  await stack.clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  await submitMail(stack, { id: 'changed', recipients: ['bob@x'] });
  const [line] = await awaitLines(stack, 'changed', 1);
  assert.equal(line?.status, 'sent');
  // The old one was refused; that did not count, because there was a newer one by then.
  assert.deepEqual(shown.slice(-2), [testSecrets.password, testSecrets.changedPassword]);
});

test('an unfinished rotation changes nothing: the pending version is not used', async () => {
  const SecretString = contentWith(testSecrets.wrongPassword);
  const { VersionId } = await stack.clients.secrets.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages: ['AWSPENDING'] }),
  );
  await submitMail(stack, { id: 'pending', recipients: ['bob@x'] });
  const [line] = await awaitLines(stack, 'pending', 1);
  assert.equal(line?.status, 'sent');
  assert.ok(!shown.includes(testSecrets.wrongPassword));
  await stack.clients.secrets.send(
    new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: VersionId }),
  );
});
