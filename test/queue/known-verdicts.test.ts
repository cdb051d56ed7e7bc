/** Results of an attempt whose end could not be written, or whose body failed. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { DeliveryOutcome } from '../../functions/delivery/deliver.ts';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import { requeueMessage } from '../../functions/operator/operator-change.ts';
import { BodyFault } from '../../functions/queue/items/ports.ts';
import { type Deliver, type Lane, work } from '../../functions/queue/work/worker.ts';
import { TableTrouble } from '../../functions/queue/writes/table-trouble.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { makeItem, makeRecipients } from '../support/delivery-item.ts';

const deadline = { left: () => 240_000, whole: 300_000 };
const waits: Verdict = { status: 'deferred', dsn: '4.3.0', text: 'the body failed', setUp: 0, transfer: 0 };
const doubted: Verdict = { ...waits, dsn: '4.4.2', text: 'lost connection after the dot', inDoubt: true };
const sent: Verdict = { ...waits, status: 'sent', dsn: '2.0.0', text: 'saved' };

let services: CapturingServices;
const hour = 3_600_000;

beforeEach(() => {
  services = captureServices({ maximal_queue_lifetime: '1d', delay_warning_time: '8h' });
});

/** Puts deliveries of ten hours of age into active. */
async function putIn(...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const key = `in/${id}.eml`;
    services.bodies.put(key, 'Subject: x\r\n\r\nhello\r\n');
    const message = await services.bodies.pin({ bucket: 'messages', key });
    const recipients = makeRecipients('bob@x', 'carol@x', 'dave@x');
    await services.ledger.admit(
      makeItem({ id, message, recipients, arrival: services.clock.wall - 10 * hour, activated: services.clock.wall }),
    );
  }
}

async function workOn(id: string, deliver: Deliver, lane: Lane = {}) {
  const item = await services.ledger.read({ id, delivery: '0000' });
  const { generation = 1 } = item ?? {};
  return await work({ version: 1, id, delivery: '0000', generation }, services, deliver, deadline, lane);
}

/** Makes an attempt that has begun to send content. */
function answering(outcome: DeliveryOutcome): Deliver {
  return async (_, { gate }) => {
    gate.prepare();
    await gate.admit();
    return outcome;
  };
}

describe('a body that fails on its way to a second host', () => {
  const contentFault = { what: 'body', error: new BodyFault('it was altered') } as const;
  const key = { id: 'm', delivery: '0000' };

  beforeEach(async () => {
    await putIn('m');
    const deliver = answering({ verdicts: [sent, doubted, waits], contentFault });
    assert.equal(await workOn('m', deliver), 'corrupt');
  });

  test('leaves recipients in doubt that the first host did not confirm', async () => {
    const item = await services.ledger.read(key);
    assert.deepEqual(
      item?.recipients.map(({ last, doubt }) => [last?.status, last?.inDoubt, doubt?.attempts]),
      [
        ['sent', undefined, undefined],
        ['deferred', true, 1],
        [undefined, undefined, undefined],
      ],
    );
    assert.deepEqual(
      services.lines.map(({ recipient, status, in_doubt }) => [recipient, status, in_doubt]),
      [
        ['bob@x', 'sent', undefined],
        ['carol@x', 'deferred', true],
      ],
    );
    assert.deepEqual(services.published, [], 'no event announces a retry');
  });

  test('counts as an attempt, so that the next one has lines of its own', async () => {
    assert.partialDeepStrictEqual(await services.ledger.read(key), { state: 'corrupt', attempt: 1, settled: [0] });
    const order = { by: 'ann', why: 'the body is back' };
    assert.equal((await requeueMessage(key, order, services)).kind, 'changed');
    const item = await services.ledger.read(key);
    assert.ok(item !== undefined);
    await services.ledger.move('activate', item, { activated: services.clock.wall });
    assert.equal(await workOn('m', answering({ verdicts: [sent, sent] })), 'settled');
    assert.deepEqual(
      services.lines.slice(2).map(({ recipient, status, attempt }) => [recipient, status, attempt]),
      [
        ['carol@x', 'sent', 2],
        ['dave@x', 'sent', 2],
      ],
    );
  });
});

test('a host that was found dead is not tried for the rest of the batch, even if the table refused the verdicts', async () => {
  await putIn('m1', 'm2');
  const { ledger } = services;
  const move = ledger.move.bind(ledger);
  ledger.move = async (name, ...rest) => {
    if (name === 'deferUnclaimed') throw new TableTrouble('throttled', 'slow down');
    return await move(name, ...rest);
  };
  const blame = { scope: 'site', status: '4.4.1', text: 'connection refused' } as const;
  let attempts = 0;
  const isDead: Deliver = async () => {
    attempts += 1;
    return { verdicts: [waits, waits, waits], blame };
  };
  const lane: Lane = {};
  await assert.rejects(workOn('m1', isDead, lane), TableTrouble);
  ledger.move = move;
  assert.equal(await workOn('m2', isDead, lane), 'settled');
  assert.equal(attempts, 1);
  assert.match(services.lines[0]?.text ?? '', /^delivery temporarily suspended: connection refused/);
});
