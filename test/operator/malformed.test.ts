/** What operators see of items that cannot be read, and what they can do about them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusAsText } from '../../functions/command/status-text.ts';
import { explainMessage } from '../../functions/operator/explain.ts';
import { listQueue } from '../../functions/operator/list.ts';
import { flushMessages, holdMessages, releaseMessages, removeMessages } from '../../functions/operator/messages.ts';
import type { Change, Changing } from '../../functions/operator/operator.ts';
import { findDrafts } from '../../functions/operator/requeue.ts';
import { assess } from '../../functions/operator/status.ts';
import { type FoundItem, ItemFault } from '../../functions/queue/items/unreadable-item.ts';
import { holdMalformed } from '../../functions/queue/writes/malformed.ts';
import { messageAsJson, messageAsText } from '../../functions/texts/explain-text.ts';
import { programName } from '../../functions/texts/next-command.ts';
import { listedAsJson, listedAsText } from '../../functions/texts/queue-text.ts';
import { makeRecipients } from '../support/delivery-item.ts';
import { rawItem } from '../support/malformed-contract.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const ann = { by: 'arn:aws:iam::1:user/ann', why: 'INC-1' };
const fault = 'recipients: "many" is not a list';
const broken = { recipients: 'many' };
const destination = 'inet:mail.test:24';

/**
 * A queue with one malformed delivery (`bad`), one of a release that is too new (`far`), and one that is
 * well-formed (`good`).
 */
async function makeQueue(state: 'held' | 'deferred' = 'held'): Promise<CapturingOperatorServices> {
  const services = operatorServices();
  const { clock, ledger } = services;
  const given = { arrival: clock.wall - 60_000, destination };
  ledger.plant(rawItem({ id: 'bad', state: 'deferred', ...given }, broken));
  ledger.plant(rawItem({ id: 'far', state: 'deferred', ...given }, { ...broken, version: 3 }));
  await putItems(services, { id: 'good', state: 'deferred', due: clock.wall + 60_000, ...given });
  if (state === 'held') {
    const found = await found0(services, 'bad');
    assert.ok(found instanceof ItemFault);
    await holdMalformed(found, { ...services, scheduler: services.scheduler });
  }
  return services;
}

async function found0({ ledger }: CapturingOperatorServices, id: string): Promise<FoundItem> {
  const [found] = await ledger.readAll(id);
  assert.ok(found !== undefined);
  return found;
}

function changing(services: CapturingOperatorServices): Changing {
  return { order: ann, services };
}

const ids = (...named: readonly string[]) => ({ kind: 'ids', ids: named }) as const;

async function outcomes(changes: AsyncIterable<Change>): Promise<readonly string[]> {
  return (await Array.fromAsync(changes)).map(({ kind, id, text }) => `${id} ${kind}: ${text}`);
}

describe('a malformed delivery', () => {
  test('is in the list, with its fault, and so are the others', async () => {
    const services = await makeQueue();
    const { wall } = services.clock;
    const wish = { filter: {}, limit: 0, isOldestFirst: false };
    for (const isBrief of [false, true]) {
      const listed = await Array.fromAsync(listQueue({ ...wish, isBrief }, services));
      const lines = listed.flatMap((one) => listedAsText(one, wall)).join('\n');
      assert.match(lines, /bad\/0000 +held .*inet:mail\.test:24.*\n.*recipients: "many" is not a list/);
      assert.match(lines, /good/);
      assert.match(lines, /far\/0000 +deferred/);
    }
    const whole = await Array.fromAsync(listQueue({ ...wish, isBrief: false }, services));
    const json = whole.map((one) => JSON.parse(JSON.stringify(listedAsJson(one, wall))));
    assert.deepEqual(json.map(({ id, fault: said }) => [id, said]).sort(), [
      ['bad', fault],
      ['far', 'has version 3; this release reads versions up to 2'],
      ['good', undefined],
    ]);
  });

  test('is explained, with what to do about it', async () => {
    const services = await makeQueue();
    const story = await explainMessage('bad', services);
    assert.ok(story !== undefined);
    const lines = messageAsText(story);
    assert.deepEqual(lines, [
      'bad/0000 from <alice@example.org> to inet:mail.test:24: held; its item is malformed',
      `  ${fault}`,
      'Repair recipients in the queue table, item id=bad, delivery=0000; or delete it.',
      `→ ${programName(process.env)} release bad/0000 --hold malformed`,
      `→ ${programName(process.env)} delete bad/0000`,
    ]);
    assert.partialDeepStrictEqual(messageAsJson(story), { deliveries: [], unread: [{ delivery: '0000', fault }] });
  });

  test('is part of the history of its message, beside the readable deliveries', async () => {
    const services = await makeQueue();
    await putItems(services, { id: 'bad', delivery: '0001', state: 'deferred' });
    const story = await explainMessage('bad', services);
    assert.deepEqual([story?.items.length, story?.unread.length], [1, 1]);
    assert.equal((await explainMessage('bad/0001', services))?.unread.length, 0);
  });

  test('is the first thing that status reports, once it is held', async () => {
    const services = await makeQueue();
    const report = await assess({ lateAfter: 3_600_000 }, services, {
      read: async () => ({ depths: [], unreachable: [] }),
    });
    assert.deepEqual([report.isWell, report.malformed.deliveries, report.malformed.oldest?.id], [false, 1, 'bad']);
    const [first = '', second] = statusAsText(report, 3_600_000);
    assert.match(first, /^Action required\. No mail has been lost\. 3 deliveries in the queue/);
    assert.equal(second, 'Malformed: 1 delivery held: the item in the queue table is malformed');
  });

  test('is changed only by its removal, and does not block others', async () => {
    const services = await makeQueue();
    const refused = `refused: it is malformed: ${fault}; correct the item in the queue table, or delete it`;
    const both = ids('bad', 'good');
    assert.deepEqual(await outcomes(holdMessages(both, { hold: 'h' }, changing(services))), [
      `bad ${refused}`,
      'good changed: held (h); it will not be tried until it is released',
    ]);
    assert.deepEqual(await outcomes(releaseMessages(both, { hold: 'h', ramp: 0 }, changing(services))), [
      `bad ${refused}`,
      'good changed: released (h); it will be tried now',
    ]);
    assert.equal((await outcomes(flushMessages(both, 0, changing(services))))[0], `bad ${refused}`);
    assert.deepEqual(await findDrafts('bad', services), { kind: 'refused', why: refused.replace('refused: ', '') });
    for (const wish of [{ as: 'bounced' }, { as: 'removed', recipient: 'bob@example.com' }] as const) {
      const [answer = ''] = await outcomes(removeMessages(ids('bad'), wish, changing(services)));
      assert.match(answer, /^bad refused: it is malformed: .* it can only be removed as a whole and without a bounce$/);
    }
  });

  test('is removed by its name, with author and reason, and never returns', async () => {
    const services = await makeQueue();
    assert.deepEqual(await outcomes(removeMessages(ids('bad', 'good'), { as: 'removed' }, changing(services))), [
      `bad changed: removed; it was malformed: ${fault}`,
      'good changed: removed; it will not be tried again, and the sender will not be notified',
    ]);
    const found = await found0(services, 'bad');
    assert.ok(found instanceof ItemFault);
    const { state, due, history, expires } = found.raw;
    assert.deepEqual([state, due], ['done', undefined]);
    assert.partialDeepStrictEqual(history, [{ by: ann.by, what: 'removed', why: ann.why }]);
    assert.ok(typeof expires === 'number');
    assert.deepEqual(
      (await services.ledger.list({})).entries.map(({ id }) => id),
      ['far'],
    );
    assert.deepEqual(await outcomes(removeMessages(ids('bad'), { as: 'removed' }, changing(services))), [
      'bad refused: it is done',
    ]);
  });

  test('is not removed by a filter that it seems to match', async () => {
    const services = await makeQueue('deferred');
    const selection = { kind: 'filter', filter: { destination } } as const;
    const answers = await outcomes(removeMessages(selection, { as: 'removed' }, changing(services)));
    assert.deepEqual(answers.toSorted(), [
      `bad refused: it is malformed: ${fault}; it can only be removed by its id: bad/0000`,
      'far refused: only another release can change it: it has version 3; this release reads versions up to 2',
      'good changed: removed; it will not be tried again, and the sender will not be notified',
    ]);
  });

  test('that was corrected in the table is released like any other', async () => {
    const services = await makeQueue();
    const found = await found0(services, 'bad');
    assert.ok(found instanceof ItemFault);
    services.ledger.plant({ ...found.raw, recipients: makeRecipients('bob@example.com') });
    assert.deepEqual(
      await outcomes(releaseMessages(ids('bad/0000'), { hold: 'malformed', ramp: 0 }, changing(services))),
      ['bad changed: released (malformed); it will be tried now'],
    );
    const item = await services.ledger.read({ id: 'bad', delivery: '0000' });
    assert.deepEqual([item?.state, item?.holds], ['queued', undefined]);
    const report = await assess({ lateAfter: 3_600_000 }, services, {
      read: async () => ({ depths: [], unreachable: [] }),
    });
    assert.equal(report.malformed.deliveries, 0);
  });
});

test('a delivery of a release that is too new is shown, and left to that release', async () => {
  const services = await makeQueue();
  const story = await explainMessage('far', services);
  assert.ok(story !== undefined);
  assert.deepEqual(messageAsText(story), [
    'far/0000 from <alice@example.org> to inet:mail.test:24: deferred; only another release can change it',
    '  has version 3; this release reads versions up to 2',
  ]);
  const before = await found0(services, 'far');
  await outcomes(removeMessages(ids('far'), { as: 'removed' }, changing(services)));
  assert.equal(await found0(services, 'far'), before);
});
