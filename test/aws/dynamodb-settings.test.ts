import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbSettings } from '../../functions/aws/dynamodb-settings.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { versionOf } from '../support/settings-versions.ts';

let aws: EmulatedClients;
let settings: DynamoDbSettings;

before(async () => {
  aws = await startEmulatedClients();
  settings = new DynamoDbSettings(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

test('the settings of a table are its versions, latest first, and each is written once', async () => {
  assert.equal(await settings.latest(), undefined);
  const versions = [1, 2, 9, 10].map((version) => versionOf(version, { max_use: String(version) }, version * 1000));
  for (const version of versions) assert.equal(await settings.add(version), true);
  assert.equal(await settings.add(versionOf(10, { max_use: '7' })), false);
  assert.deepEqual(await settings.latest(), versions.at(-1));
  assert.deepEqual(await Array.fromAsync(settings.history()), versions.toReversed());
});

test('a value keeps the one that returns when it ends', async () => {
  const [before] = Object.values(versionOf(1, { max_use: '2' }).values);
  assert.ok(before);
  const version = versionOf(11, { max_use: '3' }, 2000);
  const values = { max_use: { ...before, value: '3', until: 2000, before } };
  await settings.add({ ...version, values });
  assert.deepEqual((await settings.latest())?.values, values);
});
