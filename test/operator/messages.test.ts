/** Operator commands on messages: which messages they select, what they change, and what is recorded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { flushMessages, holdMessages, releaseMessages, removeMessages } from '../../functions/operator/messages.ts';
import type { Change, Changing } from '../../functions/operator/operator.ts';
import type { Selection } from '../../functions/operator/selection.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { State } from '../../functions/queue/items/states.ts';
import { makeRecipients, makeVerdict } from '../support/delivery-item.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const ann = { by: 'arn:aws:iam::1:user/ann', why: 'INC-1' };

function changing(services: CapturingOperatorServices, whatIf = false): Changing {
  return { order: { ...ann, ...(whatIf ? { whatIf } : {}) }, services };
}

function ids(...named: readonly string[]): Selection {
  return { kind: 'ids', ids: named };
}

async function outcomes(changes: AsyncIterable<Change>): Promise<readonly string[]> {
  const all = await Array.fromAsync(changes);
  return all.map(
    ({ kind, id, delivery, text }) => `${id}${delivery === undefined ? '' : `/${delivery}`} ${kind}: ${text}`,
  );
}

async function read({ ledger }: CapturingOperatorServices, id: string, delivery = '0000'): Promise<DeliveryItem> {
  const item = await ledger.read({ id, delivery });
  assert.ok(item !== undefined, id);
  return item;
}

describe('hold', () => {
  test('takes waiting and active deliveries out of the queue, with author and reason', async () => {
    const services = operatorServices();
    await putItems(
      services,
      { id: 'a', state: 'queued' },
      { id: 'b', state: 'deferred' },
      { id: 'c', state: 'active' },
    );
    await services.destinations.occupy('inet:[127.0.0.1]:24', 1, 5);
    const until = services.clock.wall + 3_600_000;
    assert.deepEqual(await outcomes(holdMessages(ids('a', 'b', 'c'), { hold: 'inc', until }, changing(services))), [
      'a/0000 changed: held (inc); it will not be tried until 2026-11-22T09:00:00Z, or until it is released',
      'b/0000 changed: held (inc); it will not be tried until 2026-11-22T09:00:00Z, or until it is released',
      'c/0000 changed: held (inc); it will not be tried until 2026-11-22T09:00:00Z, or until it is released',
    ]);
    for (const id of ['a', 'b', 'c']) {
      const item = await read(services, id);
      const hold = { id: 'inc', reason: 'INC-1', by: ann.by, since: services.clock.wall, until };
      assert.deepEqual([item.state, item.generation, item.holds, item.due], ['held', 2, [hold], until]);
      assert.deepEqual(item.history, [{ at: services.clock.wall, by: ann.by, what: 'held (inc)', why: 'INC-1' }]);
    }
    // The one in active has given its place back.
    assert.equal((await services.destinations.read('inet:[127.0.0.1]:24')).active, 0);
  });

  test('can be one of several on a message; each is released by its name, and the last release lets the message go', async () => {
    const services = operatorServices();
    await putItems(services, { id: 'a', state: 'deferred' });
    await outcomes(holdMessages(ids('a'), { hold: 'one' }, changing(services)));
    await outcomes(holdMessages(ids('a'), { hold: 'two' }, changing(services)));
    const release = (hold?: string) =>
      outcomes(releaseMessages(ids('a'), { ramp: 0, ...(hold === undefined ? {} : { hold }) }, changing(services)));
    assert.deepEqual(await release('three'), ['a/0000 refused: it has no hold "three"']);
    assert.deepEqual(await release('one'), [
      'a/0000 changed: released (one), but it is still held (two) by arn:aws:iam::1:user/ann: INC-1',
    ]);
    assert.equal((await read(services, 'a')).state, 'held');
    assert.deepEqual(await release('two'), ['a/0000 changed: released (two); it will be tried now']);
    const item = await read(services, 'a');
    assert.deepEqual([item.state, item.holds, item.due], ['queued', undefined, services.clock.wall]);
    // It is woken at once, and not before.
    assert.deepEqual(services.woken, [['a/0000 3', 0]]);
    assert.equal(item.history?.length, 4);
  });

  test('on a delivery in progress takes effect at its end', async () => {
    const services = operatorServices();
    const claim = { token: 't', until: services.clock.wall + 60_000 };
    await putItems(services, { id: 'a', state: 'delivering', claim });
    assert.deepEqual(await outcomes(holdMessages(ids('a'), { hold: 'x' }, changing(services))), [
      'a/0000 changed: will be held (x) when its present attempt ends, unless that delivers it',
    ]);
    const item = await read(services, 'a');
    assert.deepEqual([item.state, item.claim, item.holds?.length], ['delivering', claim, 1]);
  });

  test('in a dry run changes nothing, and says what would change', async () => {
    const services = operatorServices();
    const [item] = await putItems(services, { id: 'a', state: 'deferred' });
    assert.deepEqual(await outcomes(holdMessages(ids('a'), { hold: 'x' }, changing(services, true))), [
      'a/0000 changed: would be held (x); it would not be tried until it is released',
    ]);
    assert.deepEqual(await read(services, 'a'), item);
    assert.deepEqual([services.woken, services.published], [[], []]);
  });

  for (const state of ['done', 'corrupt'] as const) {
    test(`of a message that is ${state} is refused`, async () => {
      const services = operatorServices();
      await putItems(services, { id: 'a', state });
      assert.deepEqual(await outcomes(holdMessages(ids('a'), { hold: 'x' }, changing(services))), [
        `a/0000 refused: it is ${state}`,
      ]);
    });
  }
});

describe('the selection', () => {
  test('by an id is all its deliveries, by ID/0001 that one alone; an unknown id is reported', async () => {
    const services = operatorServices();
    await putItems(
      services,
      { id: 'a', delivery: '0000', deliveries: 2, state: 'deferred' },
      { id: 'a', delivery: '0001', deliveries: 2, state: 'deferred' },
    );
    const flush = (...names: readonly string[]) => outcomes(flushMessages(ids(...names), 0, changing(services, true)));
    const words = 'changed: would be tried now';
    assert.deepEqual(await flush('a'), [`a/0000 ${words}`, `a/0001 ${words}`]);
    assert.deepEqual(await flush('a/0001'), [`a/0001 ${words}`]);
    const nothing = 'unknown: no message has this id, or it was finished more than 30 days ago';
    assert.deepEqual(await flush('b', 'a/0002'), [`b ${nothing}`, `a/0002 ${nothing}`]);
  });

  test('by a filter is only what matches it, over all pages', async () => {
    const services = operatorServices();
    await putItems(
      services,
      ...Array.from({ length: 250 }, (_, n) => ({
        id: `m${n}`,
        state: 'deferred' as const,
        sender: n % 2 === 0 ? 'spam@example.net' : 'alice@example.org',
      })),
    );
    const selection: Selection = { kind: 'filter', filter: { sender: '@example.net' } };
    const changes = await Array.fromAsync(holdMessages(selection, { hold: 'spam' }, changing(services)));
    assert.equal(changes.length, 125);
    const held = services.ledger.items.filter(({ state }) => state === 'held');
    assert.equal(held.length, 125);
    assert.ok(held.every(({ sender }) => sender === 'spam@example.net'));
  });

  test('is checked again before each change: a message that no longer matches is skipped', async () => {
    const services = operatorServices();
    await putItems(services, { id: 'a', state: 'deferred' }, { id: 'b', state: 'deferred' });
    // The index is a little behind: both still appear deferred, but a is active.
    const page = await services.queries.list({});
    const stale = { ...services, queries: { ...services.queries, list: async () => page } };
    await services.ledger.move('activate', await read(services, 'a'), {});
    const selection: Selection = { kind: 'filter', filter: { states: ['deferred'] } };
    const changes = removeMessages(selection, { as: 'removed' }, { order: ann, services: stale });
    assert.deepEqual(await outcomes(changes), [
      'a/0000 passed over: it has changed meanwhile',
      'b/0000 changed: removed; it will not be tried again, and the sender will not be notified',
    ]);
    assert.equal((await read(services, 'a')).state, 'active');
  });
});

describe('flush', () => {
  test('makes waiting messages due now, and wakes them', async () => {
    const services = operatorServices();
    const due = services.clock.wall + 3_000_000;
    await putItems(services, { id: 'a', state: 'deferred', due, generation: 7 });
    await outcomes(flushMessages(ids('a'), 0, changing(services)));
    const item = await read(services, 'a');
    assert.deepEqual([item.state, item.due, item.generation], ['deferred', services.clock.wall, 7]);
    assert.deepEqual(services.woken, [['a/0000 7', 0]]);
  });

  test('with a ramp spreads them, and leaves those beyond the longest SQS delay to the sweep', async () => {
    const services = operatorServices({}, 0.5);
    const due = services.clock.wall + 9_000_000;
    await putItems(services, { id: 'a', state: 'deferred', due }, { id: 'b', state: 'deferred', due });
    await outcomes(flushMessages(ids('a'), 300_000, changing(services)));
    await outcomes(flushMessages(ids('b'), 3_600_000, changing(services)));
    assert.equal((await read(services, 'a')).due, services.clock.wall + 150_000);
    assert.equal((await read(services, 'b')).due, services.clock.wall + 1_800_000);
    assert.deepEqual(services.woken, [['a/0000 1', 150_000]]);
  });

  const why = {
    active: 'it is active: it is about to be tried already',
    delivering: 'it is being delivered now',
    held: 'it is held',
    corrupt: 'it is corrupt: nothing will be tried until it is repaired',
    done: 'it is done: nothing is left to be tried',
  } as const;
  const kinds = {
    active: 'passed over',
    delivering: 'passed over',
    held: 'refused',
    corrupt: 'refused',
    done: 'refused',
  };
  for (const state of ['active', 'delivering', 'held', 'corrupt', 'done'] as const) {
    test(`skips a message that is ${state}, says so, and refuses only where no attempt will follow`, async () => {
      const services = operatorServices();
      const [item] = await putItems(services, { id: 'a', state });
      assert.deepEqual(await outcomes(flushMessages(ids('a'), 0, changing(services))), [
        `a/0000 ${kinds[state]}: ${why[state]}`,
      ]);
      assert.deepEqual(await read(services, 'a'), item);
    });
  }
});

describe('delete', () => {
  const live: readonly State[] = ['queued', 'deferred', 'active', 'held', 'corrupt'];
  for (const state of live) {
    test(`removes a message that is ${state}, without a report`, async () => {
      const services = operatorServices();
      await putItems(services, { id: 'a', state, generation: 4 });
      assert.deepEqual(await outcomes(removeMessages(ids('a'), { as: 'removed' }, changing(services))), [
        'a/0000 changed: removed; it will not be tried again, and the sender will not be notified',
      ]);
      const item = await read(services, 'a');
      assert.deepEqual([item.state, item.generation, item.due, item.pending], ['done', 5, undefined, {}]);
      assert.partialDeepStrictEqual(item.recipients, [
        { last: { status: 'removed', by: ann.by, text: 'message removed by the postmaster: INC-1' } },
      ]);
      assert.deepEqual(services.published, []);
    });
  }

  test('with a bounce notifies the sender, with the reason, once', async () => {
    const services = operatorServices({ myhostname: 'mx.example.org' });
    const recipients = [...makeRecipients('bob@x', 'carol@x'), { address: 'dan@x', n: 2, last: makeVerdict('sent') }];
    await putItems(services, { id: 'a', state: 'deferred', recipients });
    await outcomes(removeMessages(ids('a'), { as: 'bounced' }, changing(services)));
    assert.equal(services.published.length, 1);
    const [event] = services.published;
    assert.ok(event?.notificationType === 'Bounce');
    assert.deepEqual(
      event.bounce.bouncedRecipients.map(({ emailAddress, status, diagnosticCode }) => [
        emailAddress,
        status,
        diagnosticCode,
      ]),
      ['bob@x', 'carol@x'].map((address) => [address, '5.3.0', 'X-Postfix; message removed by the postmaster: INC-1']),
    );
    assert.equal(event.bounce.reportingMTA, 'dns; mx.example.org');
    const item = await read(services, 'a');
    assert.deepEqual([item.state, item.pending], ['done', {}]);
    assert.deepEqual(
      item.recipients.map(({ last }) => last?.status),
      ['bounced', 'bounced', 'sent'],
    );
  });

  test('leaves a bounce that cannot be published to the sweep', async () => {
    const services = operatorServices();
    const mute = { ...services, events: { publish: () => Promise.reject(new Error('denied')) } };
    await putItems(services, { id: 'a', state: 'held' });
    await outcomes(removeMessages(ids('a'), { as: 'bounced' }, { order: ann, services: mute }));
    const item = await read(services, 'a');
    assert.equal(Object.keys(item.pending).length, 1);
    assert.equal(item.due, services.clock.wall + 60_000);
    assert.deepEqual(services.notes, ['info: changed by hand', 'warn: left to the sweep']);
  });

  test('of some recipients leaves the others in the queue; each bounce is an event of its own', async () => {
    const services = operatorServices();
    const due = services.clock.wall + 500_000;
    await putItems(services, {
      id: 'a',
      state: 'deferred',
      due,
      recipients: makeRecipients('bob@x', 'carol@x', 'dan@y'),
    });
    const remove = (recipient: string) =>
      outcomes(removeMessages(ids('a'), { as: 'bounced', recipient }, changing(services)));
    assert.deepEqual(await remove('bob@x'), [
      'a/0000 changed: removed and bounced: bob@x; the other recipients stay, and the sender will receive a bounce',
    ]);
    const item = await read(services, 'a');
    assert.deepEqual([item.state, item.due, item.unpublished], ['deferred', due, undefined]);
    assert.deepEqual(
      item.recipients.map(({ last }) => last?.status),
      ['bounced', undefined, undefined],
    );
    assert.deepEqual(await remove('bob@x'), ['a/0000 refused: no unfinished recipient has this address']);
    services.clock.advance(1);
    assert.deepEqual(await remove('CAROL@*'), [
      'a/0000 changed: removed and bounced: carol@x; the other recipients stay, and the sender will receive a bounce',
    ]);
    assert.deepEqual(await remove('@y'), [
      'a/0000 changed: removed and bounced; it will not be tried again, and the sender will receive a bounce',
    ]);
    assert.equal((await read(services, 'a')).state, 'done');
    assert.equal(new Set(services.published.map(({ lmtp }) => lmtp.eventId)).size, 3);
  });

  for (const state of ['active', 'delivering', 'corrupt'] as const) {
    test(`of some recipients is refused while the message is ${state}`, async () => {
      const services = operatorServices();
      const [item] = await putItems(services, { id: 'a', state, recipients: makeRecipients('bob@x', 'carol@x') });
      const [outcome = ''] = await outcomes(
        removeMessages(ids('a'), { as: 'removed', recipient: 'bob@x' }, changing(services)),
      );
      assert.match(outcome, new RegExp(`^a/0000 refused: it is ${state} and has other recipients`));
      assert.deepEqual(await read(services, 'a'), item);
    });
  }

  test('as sent records the recipients in doubt as delivered, and no others', async () => {
    const services = operatorServices();
    const doubted = { ...makeVerdict('deferred'), inDoubt: true } as const;
    const recipients = [
      { address: 'bob@x', n: 0, last: doubted },
      { address: 'carol@x', n: 1, last: makeVerdict('deferred') },
      { address: 'dan@x', n: 2, last: doubted },
    ];
    await putItems(services, { id: 'a', state: 'deferred', recipients });
    const settle = (recipient?: string) =>
      outcomes(
        removeMessages(ids('a'), { as: 'sent', ...(recipient === undefined ? {} : { recipient }) }, changing(services)),
      );
    assert.deepEqual(await settle('carol@x'), ['a/0000 refused: no recipient is in doubt']);
    assert.deepEqual(await settle('bob@x'), [
      'a/0000 changed: recorded as delivered: bob@x; it will not be sent there again',
    ]);
    assert.deepEqual(await settle(), ['a/0000 changed: recorded as delivered: dan@x; it will not be sent there again']);
    const item = await read(services, 'a');
    assert.equal(item.state, 'deferred');
    assert.deepEqual(
      item.recipients.map(({ last }) => last?.status),
      ['sent', 'deferred', 'sent'],
    );
    assert.deepEqual(services.published, []);
  });

  test('of a delivery in progress takes effect at its end', async () => {
    const services = operatorServices();
    await putItems(services, { id: 'a', state: 'delivering', claim: { token: 't', until: 0 } });
    assert.deepEqual(await outcomes(removeMessages(ids('a'), { as: 'bounced' }, changing(services))), [
      'a/0000 changed: will be removed and bounced when its present attempt ends, unless that delivers it; the sender will receive a bounce',
    ]);
    const item = await read(services, 'a');
    assert.deepEqual(item.removal, { ...ann, at: services.clock.wall, bounces: true });
    assert.equal(item.state, 'delivering');
  });

  test('of a corrupt delivery also closes its entry in the corrupt queue', async () => {
    const services = operatorServices();
    await putItems(services, { id: 'a', state: 'corrupt', reason: 'message.key: gone' });
    await services.corruptRequests.file({ id: 'a.0000', reason: 'message.key: gone', body: '{}', isDelivery: true });
    await outcomes(removeMessages(ids('a'), { as: 'removed' }, changing(services)));
    assert.partialDeepStrictEqual(await services.corruptRequests.read('a.0000'), {
      isClosed: true,
      history: [{ what: 'removed', ...ann }],
    });
  });

  test('of a corrupt request notifies no sender, because none is known', async () => {
    const services = operatorServices();
    await services.corruptRequests.file({ id: 'sqs-1', reason: 'version: 2 is not allowed', body: '{}' });
    const remove = (as: 'removed' | 'bounced', whatIf = false) =>
      outcomes(removeMessages(ids('sqs-1'), { as }, changing(services, whatIf)));
    const [refused = ''] = await remove('bounced');
    assert.match(refused, /^sqs-1 refused: it is a corrupt request, with no known envelope/);
    assert.deepEqual(await remove('removed', true), [
      'sqs-1 changed: would be removed; the request would not be accepted, and the sender would not be notified',
    ]);
    assert.equal((await Array.fromAsync(services.corruptRequests.list())).length, 1);
    assert.deepEqual(await remove('removed'), [
      'sqs-1 changed: removed; the request will not be accepted, and the sender will not be notified',
    ]);
    assert.deepEqual(await Array.fromAsync(services.corruptRequests.list()), []);
    assert.deepEqual(await remove('removed'), ['sqs-1 refused: it was requeued or removed already']);
  });
});
