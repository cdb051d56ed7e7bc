/** Destinations with their own metrics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { LmtpDeliveryProps } from '../../../infra/construct/delivery-props.ts';
import { settingsOf } from '../../../infra/construct/delivery-settings.ts';
import { construct } from '../synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

function watched(props: LmtpDeliveryProps): readonly string[] {
  return settingsOf(props).watchedDestinations;
}

function customers(many: number): string {
  return Array.from({ length: many }, (_, n) => `d${n}.example lmtp:a${n}`).join('\n');
}

test('by default those that the stack knows, as the queue writes them', () => {
  const transportMap =
    'a.example lmtp:Store.Example:24\nb.example lmtp:store.example\nc.example error:5.1.1 no\nd.example other:x';
  const allowedDestinations = ['[10.0.0.7]'];
  assert.deepEqual(
    watched({ destination, transportMap, allowedDestinations, otherTransports: { other: {} as never } }),
    ['inet:store.example:24', 'inet:lmtp.example.com:24', 'inet:[10.0.0.7]:24'],
  );
});

test('named ones, each once, as the queue writes it; several servers of one destination stay together', () => {
  const watchedDestinations = ['LMTP.example.com', 'inet:lmtp.example.com:24', 'a:24, b'];
  assert.deepEqual(watched({ destination, watchedDestinations }), ['inet:lmtp.example.com:24', 'inet:a:24,inet:b:24']);
});

test('none, if the list is empty', () => {
  assert.deepEqual(watched({ destination, watchedDestinations: [] }), []);
});

test('a host that is known only at deployment is watched; a destination with an unknown port is not', () => {
  let delivered: readonly string[] = [];
  const { stack } = construct((own) => {
    const { queueName } = new Queue(own, 'StandsForALoadBalancer');
    const props = { destination: `inet:${queueName}:24`, transportMap: `a.example lmtp:${queueName}` };
    delivered = watched(props).map((one) => one.replace(queueName, 'NAME'));
    return props;
  });
  assert.ok(stack !== undefined);
  assert.deepEqual(delivered, ['inet:NAME:24']);
});

test('of many, the first twenty are watched, and synth says so', () => {
  const { stack, delivery } = construct(() => ({ transportMap: customers(21) }));
  assert.equal(delivery.watchedDestinations.length, 20);
  Annotations.fromStack(stack).hasInfo('/Theirs/Mail', Match.stringLikeRegexp('of 21 destinations the first 20 get'));
});

test('twenty destinations, or a given list, cause no note', () => {
  for (const props of [
    { transportMap: customers(20) },
    { transportMap: customers(21), watchedDestinations: ['inet:a1:24'] },
  ]) {
    const said = Match.stringLikeRegexp('^watchedDestinations:');
    Annotations.fromStack(construct(() => props).stack).hasNoInfo('/Theirs/Mail', said);
  }
});
