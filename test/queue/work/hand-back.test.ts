/**
 * Messages of active that were received too often because of the table: they return to qmgr, and not to the
 * dead letters.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatWakeUp } from '../../../functions/queue/items/messages.ts';
import { activeReceives } from '../../../functions/queue/items/policy.ts';
import { handBack } from '../../../functions/queue/work/hand-back.ts';
import { TableTrouble, type TroubleKind } from '../../../functions/queue/writes/table-trouble.ts';
import { captureServices } from '../../support/capturing-services.ts';

const body = formatWakeUp({ id: '4bXq1', delivery: '0000', generation: 3 });
const refused = (kind: TroubleKind) => new TableTrouble(kind, 'not now');

for (const kind of ['throttled', 'failed', 'lost'] as const) {
  test(`a delivery is handed back before its message is a dead letter, where calls to the table are ${kind}`, async () => {
    const services = captureServices();
    assert.equal(await handBack(refused(kind), { body, received: activeReceives - 1 }, services), true);
    assert.deepEqual(services.woken, [['4bXq1/0000 3', 330_000]]);
  });
}

test('it stays in active while further receives are left', async () => {
  const services = captureServices();
  for (let received = 1; received < activeReceives - 1; received += 1) {
    assert.equal(await handBack(refused('throttled'), { body, received }, services), false);
  }
  assert.deepEqual(services.woken, []);
});

test('an error other than of the table, or a missing permission, leads to the dead letters as before', async () => {
  const services = captureServices();
  for (const error of [new TypeError('a bug'), refused('denied')]) {
    assert.equal(await handBack(error, { body, received: activeReceives }, services), false);
  }
  assert.deepEqual(services.woken, []);
});

test('if deferred is unreachable too, the message stays in active', async () => {
  const captured = captureServices();
  const wakeUps = { ...captured.wakeUps, wake: () => Promise.reject(new Error('connection refused')) };
  const services = { ...captured, wakeUps };
  assert.equal(await handBack(refused('throttled'), { body, received: activeReceives - 1 }, services), false);
  assert.deepEqual(services.notes, ['warn: delivery not handed back']);
});
