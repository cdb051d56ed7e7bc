/** A refused request keeps the id of its producer, and is found by it as by the name of its entry. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainMessage } from '../../functions/operator/explain.ts';
import { listQueue } from '../../functions/operator/list.ts';
import { findDrafts, requeueDraft } from '../../functions/operator/requeue.ts';
import { messageAsText } from '../../functions/texts/explain-text.ts';
import { listedAsBrief, listedAsJson, listedAsText } from '../../functions/texts/queue-text.ts';
import { operatorServices, putItems } from '../support/operator-services.ts';

const order = { by: 'local/ann', why: 'a typing error' };
const sent = Date.UTC(2026, 10, 20, 7);
const body = JSON.stringify({ id: 'order-42', sender: 'alice@example.org' });

async function withRefused() {
  const services = operatorServices();
  const { corruptRequests } = services;
  await corruptRequests.file({ id: 'sqs-1', requestId: 'order-42', reason: 'recipients: is missing', body, sent });
  return services;
}

describe('a refused request is found by the id of its entry and by that of its producer', () => {
  for (const name of ['sqs-1', 'order-42']) {
    test(`by explain ${name}`, async () => {
      const story = await explainMessage(name, await withRefused());
      assert.ok(story !== undefined);
      assert.match(
        messageAsText(story).join('\n'),
        /^sqs-1: the request \(sent with the id order-42\) is corrupt and waits/,
      );
    });

    test(`by queue ${name}`, async () => {
      const services = await withRefused();
      await services.corruptRequests.file({ id: 'sqs-2', reason: 'another', body: '{}' });
      const wish = { ids: [name], filter: {}, limit: 0, isBrief: false, isOldestFirst: false };
      const [listed, ...others] = await Array.fromAsync(listQueue(wish, services));
      assert.ok(listed !== undefined && others.length === 0);
      const now = services.clock.wall;
      assert.match(
        listedAsText(listed, now).join('\n'),
        /^sqs-1 .*\n {4}sent with the id order-42: recipients: is missing$/,
      );
      assert.match(listedAsBrief(listed, now), /^sqs-1 +corrupt .* sent with the id order-42: recipients: is missing$/);
      assert.partialDeepStrictEqual(listedAsJson(listed, now), { id: 'sqs-1', request_id: 'order-42' });
    });

    test(`by requeue ${name}, and is submitted under the id of its producer`, async () => {
      const services = await withRefused();
      const drafts = await findDrafts(name, services);
      assert.ok(!('kind' in drafts));
      const [draft] = drafts;
      assert.ok(draft !== undefined);
      const message = { bucket: 'messages', key: 'in/a.eml' };
      const text = JSON.stringify({ ...JSON.parse(draft.text), version: 1, recipients: ['bob@x'], message });
      const change = await requeueDraft(draft, text, { order, services });
      assert.equal(change.text, 'requeued, edited; it will be accepted within seconds, as order-42');
      assert.equal((await services.corruptRequests.read('sqs-1'))?.isClosed, true);
      const again = await findDrafts(name, services);
      assert.deepEqual(again, { kind: 'refused', why: 'it was requeued or removed already' });
    });
  }

  test('also where a message of that id is in the queue: both are shown', async () => {
    const services = await withRefused();
    await putItems(services, { id: 'order-42', state: 'deferred' });
    const story = await explainMessage('order-42', services);
    assert.deepEqual([story?.items.length, story?.requests.length], [1, 1]);
    const wish = { ids: ['order-42'], filter: {}, limit: 0, isBrief: false, isOldestFirst: false };
    const kinds = (await Array.fromAsync(listQueue(wish, services))).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['delivery', 'request']);
  });
});
