import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fallbacks } from '../../../functions/queue/destinations/fallbacks.ts';
import { captureServices } from '../../support/capturing-services.ts';
import { MemoryDestinations } from '../../support/memory-destinations.ts';

const day = 86_400_000;
const destination = 'inet:lmtp.internal:24';

test('a destination that cannot count gets one recipient at a time for a day, in every container, and status shows why', async () => {
  const services = captureServices();
  const kept = new MemoryDestinations();
  const [here, elsewhere] = [new Fallbacks(kept), new Fallbacks(kept)];
  assert.equal(await here.isOneByOne(destination, services), false);
  await here.begin(destination, '2 final replies for 5 recipients', services);
  assert.equal(await here.isOneByOne(destination, services), true);
  assert.equal(await elsewhere.isOneByOne(destination, services), true);
  assert.equal(await elsewhere.isOneByOne('inet:other.internal:24', services), false);
  assert.match((await kept.read(destination)).caution?.why ?? '', /2 final replies for 5 recipients/);
  assert.deepEqual(services.notes, ['warn: destination gets one recipient at a time']);
  services.clock.advance(day + 1);
  assert.equal(await here.isOneByOne(destination, services), false);
});

test('another container reads it within a minute', async () => {
  const services = captureServices();
  const kept = new MemoryDestinations();
  const fallbacks = new Fallbacks(kept);
  assert.equal(await fallbacks.isOneByOne(destination, services), false);
  await new Fallbacks(kept).begin(destination, 'x', services);
  services.clock.advance(60_000);
  assert.equal(await fallbacks.isOneByOne(destination, services), true);
});

test('short_reply_fallback_time=0 switches the fallback off', async () => {
  const services = captureServices({ short_reply_fallback_time: '0' });
  const fallbacks = new Fallbacks(new MemoryDestinations());
  await fallbacks.begin(destination, 'x', services);
  assert.equal(await fallbacks.isOneByOne(destination, services), false);
});

test('an unreachable table costs a warning, and no mail', async () => {
  const services = captureServices();
  const broken = new MemoryDestinations();
  broken.read = async () => {
    throw new Error('the table is busy');
  };
  const fallbacks = new Fallbacks(broken);
  assert.equal(await fallbacks.isOneByOne(destination, services), false);
  await fallbacks.begin(destination, 'x', services);
  assert.equal(await fallbacks.isOneByOne(destination, services), true);
  assert.deepEqual(services.notes, [
    'warn: cautions not read',
    'warn: destination gets one recipient at a time',
    'warn: caution not written; only this container knows',
  ]);
});
