/**
 * The check by a stack's own function: with its parameters and its secrets, and only for the destinations of
 * its mail.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { CheckReport } from '../../functions/check/report.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { findSecrets } from '../support/secret-search.ts';
import { testSecrets } from '../support/test-secrets.ts';

let server: ScriptedServer;
let stack: LocalStack;
before(async () => {
  server = await startScriptedServer({ capabilities: ['AUTH PLAIN'], auth: ['235 2.7.0 ok'] });
  stack = await startLocalStack({
    destination: `inet:127.0.0.1:${server.port}`,
    sweepInterval: 0,
    parameters: {
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: 'secretsmanager:mail/sasl',
      lmtp_sasl_security_options: 'noanonymous',
      lmtp_connect_timeout: '2s',
    },
  });
  const SecretString = JSON.stringify({ '127.0.0.1': `relay:${testSecrets.password}` });
  await stack.clients.secrets.send(new CreateSecretCommand({ Name: 'mail/sasl', SecretString }));
});
after(async () => {
  await stack?.close();
  await server?.close();
});

async function ask(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const name = stack.outputs.CheckFunctionName;
  const destination = `inet:127.0.0.1:${server.port}`;
  const result = await runCommand(['check', destination, '--function', name, ...args], { env: stack.environment });
  assert.deepEqual(findSecrets(result.stdout + result.stderr), []);
  return result;
}

/** The step AUTH of a report. */
function authOf(stdout: string) {
  const report = JSON.parse(stdout) as CheckReport;
  return report.hops[0]?.servers[0]?.steps.find((step) => step.step === 'AUTH');
}

test('the function sees what its mail would see, with the current version of the secret', async () => {
  const { code, stdout } = await ask('--recipient', 'bob@example.com');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ {2}AUTH {9}PLAIN as relay \(secretsmanager:mail\/sasl, version [-\w]+\)$/m);
  assert.match(stdout, /^ {2}RCPT {9}<bob@example\.com> 250 2\.1\.5/m);
  const [connection] = server.transcript();
  assert.ok(!connection?.commands.includes('DATA'));
});

test('the pending version of a rotation can be tried before it is current', async () => {
  const before = authOf((await ask('--json')).stdout);
  await stack.clients.secrets.send(
    new PutSecretValueCommand({
      SecretId: 'mail/sasl',
      SecretString: JSON.stringify({ '127.0.0.1': `relay:${testSecrets.changedPassword}` }),
      VersionStages: ['AWSPENDING'],
    }),
  );
  const pending = authOf((await ask('--json', '--pending')).stdout);
  assert.equal(pending?.stage, 'AWSPENDING');
  assert.notEqual(pending?.version, before?.version);
  assert.equal(authOf((await ask('--json')).stdout)?.version, before?.version);
  // Once it is current it is used at once, whatever was read before.
  await stack.clients.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: 'mail/sasl',
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: pending?.version,
      RemoveFromVersionId: before?.version,
    }),
  );
  assert.equal(authOf((await ask('--json')).stdout)?.version, pending?.version);
});

test('only the destinations of the stack can be checked', async () => {
  const name = stack.outputs.CheckFunctionName;
  const { code, stderr } = await runCommand(['check', 'inet:127.0.0.1:22', '--function', name], {
    env: stack.environment,
  });
  assert.equal(code, 64);
  assert.match(stderr, /^error: destination: "inet:127\.0\.0\.1:22" is not allowed by this stack; allowed: inet:/);
});

test('any other request is refused, and its field is named', async () => {
  const result = await stack.functions.check.invoke({ destination: 'inet:x:24', recipient: 'a@x' });
  assert.ok(result.kind === 'failed');
  assert.equal(result.errorType, 'RequestError');
  assert.match(result.errorMessage, /^recipient: is not a field/);
});
