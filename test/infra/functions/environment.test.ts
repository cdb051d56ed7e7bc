/** The environment of the functions of the default stack, literally: every change of it appears here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appStack, asText, resourcesOf, resourcesOfType } from '../synthesize.ts';

const functions = resourcesOfType(resourcesOf(appStack()), 'AWS::Lambda::Function');

/** Variables of a function; logical ids without their hashes. */
function variablesOf(name: string): Record<string, string> {
  const [found] = Object.entries(functions).filter(([id]) => id.startsWith(`DeliveryFunctions${name}`));
  assert.ok(found !== undefined, name);
  const { Variables } = found[1].Properties['Environment'] as { Variables: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(Variables).map(([variable, value]) => [
      variable,
      typeof value === 'string' ? value : asText(value).replace(/[0-9A-F]{8}$/, ''),
    ]),
  );
}

const told = {
  ACTIVE_DEAD_LETTER_QUEUE_URL: 'DeliveryQueuesActiveDeadLetters',
  ACTIVE_QUEUE_URL: 'DeliveryQueuesActive',
  BOUNCE_QUEUE_URL: 'DeliveryQueuesBounce',
  BOUNCE_TOPIC_ARN: 'DeliveryTopicsBounce',
  CORRUPT_QUEUE_URL: 'DeliveryQueuesCorrupt',
  DEFERRED_QUEUE_URL: 'DeliveryQueuesDeferred',
  INCOMING_QUEUE_URL: 'DeliveryQueuesIncoming',
  MESSAGE_BUCKET: 'DeliveryStoresMessageBucket',
  MESSAGE_BUCKET_OWNER: 'AWS::AccountId',
  // With its hash: another namespace would be another history of every graph and alarm.
  METRICS_NAMESPACE: 'LambdaLmtp/LambdaLmtpDeliveryB8CE5BF2',
  NOTICE_TOPIC_ARN: 'DeliveryTopicsNotice',
  QUEUE_TABLE: 'DeliveryStoresQueueTable',
  TRANSPORT: 'lmtp',
  TRANSPORT_MAP: '* lmtp:inet:lmtp.internal:24',
  WATCHED_DESTINATIONS: 'inet:lmtp.internal:24',
};

test('every function has the same common variables', () => {
  for (const name of ['Qmgr', 'Lmtp', 'Sweep', 'Bounce', 'Check']) assert.deepEqual(variablesOf(name), told, name);
});

test('those of the dashboard also know each other', () => {
  assert.deepEqual(variablesOf('Showq'), { ...told, POSTSUPER_FUNCTION: 'DeliveryFunctionsPostsuper' });
  assert.deepEqual(variablesOf('Postsuper'), { ...told, CHECK_FUNCTION: 'DeliveryFunctionsCheck' });
});
