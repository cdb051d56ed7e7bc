import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { type SecretsManager, startSecretsManager } from '../../infra/local/secrets-manager.ts';

let endpoint: SecretsManager;
let client: SecretsManagerClient;
const heard: string[] = [];

before(async () => {
  const region = 'us-east-1';
  endpoint = await startSecretsManager({ region, onRequest: (operation, id) => heard.push(`${operation} ${id}`) });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SecretsManagerClient({ region, credentials, endpoint: endpoint.endpoint });
});
after(async () => {
  client.destroy();
  await endpoint.close();
});

let number = 0;
async function create(SecretString: string) {
  const {
    Name = '',
    ARN = '',
    VersionId = '',
  } = await client.send(new CreateSecretCommand({ Name: `lmtp/password-${++number}`, SecretString }));
  return { SecretId: Name, ARN, VersionId };
}

async function put(SecretId: string, SecretString: string, VersionStages?: string[]): Promise<string> {
  const { VersionId = '' } = await client.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages }));
  return VersionId;
}

async function read(SecretId: string, which: { VersionStage?: string; VersionId?: string } = {}) {
  const { SecretString, VersionStages } = await client.send(new GetSecretValueCommand({ SecretId, ...which }));
  return { SecretString, VersionStages: VersionStages?.sort() };
}

async function stages(SecretId: string): Promise<Record<string, string[]>> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  return VersionIdsToStages;
}

test('a secret is found by name, by ARN, and by ARN without its last six characters', async () => {
  const { SecretId, ARN } = await create('sesame');
  assert.match(ARN, /^arn:aws:secretsmanager:us-east-1:000000000000:secret:lmtp\/password-1-\w{6}$/);
  for (const id of [SecretId, ARN, ARN.slice(0, -7)]) {
    assert.deepEqual(await read(id), { SecretString: 'sesame', VersionStages: ['AWSCURRENT'] });
  }
  assert.equal(heard.at(-1), `GetSecretValue ${ARN.slice(0, -7)}`);
});

test('a new value is current and the one before it previous; the one before that has no label', async () => {
  const { SecretId, VersionId: first } = await create('one');
  const second = await put(SecretId, 'two');
  assert.deepEqual(await stages(SecretId), { [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
  const third = await put(SecretId, 'three');
  assert.deepEqual(await stages(SecretId), { [second]: ['AWSPREVIOUS'], [third]: ['AWSCURRENT'] });
  assert.equal((await read(SecretId, { VersionStage: 'AWSPREVIOUS' })).SecretString, 'two');
  assert.equal((await read(SecretId, { VersionId: first })).SecretString, 'one');
});

test('a rotation: pending beside current, then promoted', async () => {
  const { SecretId, VersionId: old } = await create('old');
  const fresh = await put(SecretId, 'new', ['AWSPENDING']);
  assert.equal((await read(SecretId)).SecretString, 'old');
  assert.equal((await read(SecretId, { VersionStage: 'AWSPENDING' })).SecretString, 'new');
  const promote = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: fresh };
  await assert.rejects(client.send(new UpdateSecretVersionStageCommand(promote)), {
    name: 'InvalidParameterException',
  });
  await client.send(new UpdateSecretVersionStageCommand({ ...promote, RemoveFromVersionId: old }));
  assert.deepEqual(await read(SecretId), { SecretString: 'new', VersionStages: ['AWSCURRENT', 'AWSPENDING'] });
  assert.equal((await read(SecretId, { VersionStage: 'AWSPREVIOUS' })).SecretString, 'old');
  const settle = { SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: fresh };
  await client.send(new UpdateSecretVersionStageCommand(settle));
  assert.deepEqual(await stages(SecretId), { [old]: ['AWSPREVIOUS'], [fresh]: ['AWSCURRENT'] });
});

test('the current label cannot be removed without giving it to another version', async () => {
  const { SecretId, VersionId } = await create('one');
  const command = { SecretId, VersionStage: 'AWSCURRENT', RemoveFromVersionId: VersionId };
  await assert.rejects(client.send(new UpdateSecretVersionStageCommand(command)), {
    name: 'InvalidParameterException',
  });
});

test('the same token with the same value is one version, with another value an error', async () => {
  const { SecretId } = await create('one');
  const request = { SecretId, SecretString: 'two', ClientRequestToken: '11111111-2222-3333-4444-555555555555' };
  await client.send(new PutSecretValueCommand(request));
  await client.send(new PutSecretValueCommand(request));
  assert.equal(Object.keys(await stages(SecretId)).length, 2);
  await assert.rejects(client.send(new PutSecretValueCommand({ ...request, SecretString: 'three' })), {
    name: 'ResourceExistsException',
  });
});

test('a binary secret comes back octet for octet', async () => {
  const SecretBinary = Buffer.from([0, 255, 13, 10, 128]);
  const { ARN: SecretId } = await client.send(new CreateSecretCommand({ Name: 'binary', SecretBinary }));
  const value = await client.send(new GetSecretValueCommand({ SecretId }));
  assert.deepEqual(Buffer.from(value.SecretBinary ?? []), SecretBinary);
  assert.equal(value.SecretString, undefined);
});

test('a missing secret is not found, and one that is scheduled for deletion cannot be used', async () => {
  const notFound = { name: 'ResourceNotFoundException' };
  await assert.rejects(read('no-such-secret'), notFound);
  const { SecretId } = await create('one');
  await assert.rejects(read(SecretId, { VersionStage: 'AWSPENDING' }), notFound);
  await assert.rejects(client.send(new CreateSecretCommand({ Name: SecretId })), { name: 'ResourceExistsException' });
  await client.send(new DeleteSecretCommand({ SecretId }));
  await assert.rejects(read(SecretId), { name: 'InvalidRequestException' });
  await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  await assert.rejects(read(SecretId), notFound);
});
