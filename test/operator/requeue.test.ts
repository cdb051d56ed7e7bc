/**
 * A corrupt delivery or request is corrected: checked before anything is changed, with its id and its time of
 * arrival.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Draft, findDrafts, requeueDraft } from '../../functions/operator/requeue.ts';
import type { RequestError } from '../../functions/request/request-error.ts';
import { makeRecipients, makeVerdict } from '../support/delivery-item.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const order = { by: 'local/ann', why: 'restored from the backup' };
const arrival = Date.UTC(2026, 10, 20, 7);

/** A corrupt delivery whose body is restored, or not. */
async function withDelivery(hasBody = true): Promise<CapturingOperatorServices> {
  const services = operatorServices();
  const recipients = [{ address: 'ann@x', n: 0, last: makeVerdict('sent') }, ...makeRecipients('bob@x', 'carol@x')].map(
    (recipient, n) => ({ ...recipient, n }),
  );
  const message = { bucket: 'messages', key: 'in/a.eml', etag: '"old"', size: 40 };
  await putItems(services, {
    ...{ id: 'a', state: 'corrupt', reason: 'message.key: gone', arrival, attempt: 2, message, recipients },
    ...{ authentication: { spf: 'PASS' }, body: '8BITMIME' },
  });
  await services.corruptRequests.file({ id: 'a.0000', reason: 'message.key: gone', body: 'x', isDelivery: true });
  if (hasBody) services.bodies.put('in/a.eml', 'Subject: again\r\n\r\n');
  return services;
}

async function draftOf(services: CapturingOperatorServices, name: string): Promise<Draft> {
  const drafts = await findDrafts(name, services);
  assert.ok(!('kind' in drafts), JSON.stringify(drafts));
  const [draft, ...others] = drafts;
  assert.ok(draft !== undefined && others.length === 0);
  return draft;
}

/** The text of a draft with some fields changed; undefined removes one. */
function edited({ text }: Draft, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...JSON.parse(text), ...fields });
}

describe('a corrupt delivery', () => {
  for (const name of ['a', 'a/0000', 'a.0000']) {
    test(`requeued by ${name} continues with the body that is there now`, async () => {
      const services = await withDelivery();
      const draft = await draftOf(services, name);
      assert.equal(draft.reason, 'message.key: gone');
      const change = await requeueDraft(draft, draft.text, { order, services });
      assert.deepEqual([change.kind, change.id, change.delivery], ['changed', 'a', '0000']);
      const item = await services.ledger.read({ id: 'a', delivery: '0000' });
      assert.ok(item !== undefined);
      assert.deepEqual(
        [item.state, item.arrival, item.attempt, item.reason, item.due],
        ['queued', arrival, 2, undefined, services.clock.wall],
      );
      assert.notEqual(item.message.etag, '"old"');
      assert.deepEqual(
        item.recipients.map(({ last }) => last?.status),
        ['sent', undefined, undefined],
      );
      assert.partialDeepStrictEqual(item.history, [order]);
      assert.deepEqual(services.woken, [['a/0000 2', 0]]);
      assert.equal((await services.corruptRequests.read('a.0000'))?.isClosed, true);
    });
  }

  test('can get another body, sender, destination and spelling of its recipients', async () => {
    const services = await withDelivery();
    services.bodies.put('restored/a.eml', 'Subject: x\r\n\r\n');
    const draft = await draftOf(services, 'a');
    const text = edited(draft, {
      message: { bucket: 'messages', key: 'restored/a.eml' },
      sender: 'alice2@example.org',
      destination: 'Other.example:2400',
      recipients: ['bob2@x', { address: 'carol@x', original: 'c@x' }],
    });
    assert.match((await requeueDraft(draft, text, { order, services })).text, /^requeued with other /);
    const item = await services.ledger.read({ id: 'a', delivery: '0000' });
    assert.partialDeepStrictEqual(item, {
      sender: 'alice2@example.org',
      destination: 'inet:other.example:2400',
      message: { key: 'restored/a.eml' },
    });
    assert.deepEqual(
      item?.recipients.map(({ address, n, original }) => [address, n, original]),
      [
        ['ann@x', 0, undefined],
        ['bob2@x', 1, undefined],
        ['carol@x', 2, 'c@x'],
      ],
    );
  });

  const refused: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, RegExp]>> = {
    'another id': [{ id: 'b' }, /^id: cannot be changed in a delivery that was accepted/],
    'another arrival': [{ arrival: '2026-11-22T08:00:00Z' }, /^arrival: cannot be changed/],
    'other checks': [{ authentication: { spf: 'FAIL' } }, /^authentication: cannot be changed/],
    'another type of body': [{ body: '7BIT' }, /^body: cannot be changed/],
    'fewer recipients': [
      { recipients: ['bob@x'] },
      /^recipients: has 1 recipients; the delivery has 2 unfinished ones/,
    ],
    'an impossible address': [{ recipients: ['bob@x', 'a\r@x'] }, /^recipients\[1\]: "a\\r@x" holds the control/],
    'an unknown field': [{ mesage: {} }, /^mesage: is not a field/],
    'a missing body': [{ message: { bucket: 'messages', key: 'no' } }, /^message\.key: there is no object "no"/],
    'a file of this machine': [{ message: { file: 'a.eml' } }, /^message\.bucket: is missing/],
    'an invalid destination': [{ destination: 'inet:a:b:c' }, /^destination: "inet:a:b:c": expected host/],
  };
  for (const [name, [fields, pattern]] of Object.entries(refused)) {
    test(`with ${name} is refused, and nothing is changed`, async () => {
      const services = await withDelivery();
      const draft = await draftOf(services, 'a');
      await assert.rejects(requeueDraft(draft, edited(draft, fields), { order, services }), (error: RequestError) => {
        assert.equal(error.name, 'RequestError');
        assert.match(error.message, pattern);
        return true;
      });
      assert.equal((await services.ledger.read({ id: 'a', delivery: '0000' }))?.state, 'corrupt');
      assert.equal((await services.corruptRequests.read('a.0000'))?.isClosed, undefined);
    });
  }

  test('whose body is still missing is refused for that reason', async () => {
    const services = await withDelivery(false);
    const draft = await draftOf(services, 'a');
    await assert.rejects(
      requeueDraft(draft, draft.text, { order, services }),
      /message\.key: there is no object "in\/a\.eml"/,
    );
  });

  test('that the transport map parked keeps its retry: destination', async () => {
    const services = operatorServices();
    services.bodies.put('in/p.eml', 'x');
    const message = { bucket: 'messages', key: 'in/p.eml', etag: '"e"', size: 1 };
    await putItems(services, { id: 'p', state: 'corrupt', destination: 'retry:4.0.0 moving house', message });
    const draft = await draftOf(services, 'p');
    await requeueDraft(draft, draft.text, { order, services });
    assert.partialDeepStrictEqual(await services.ledger.read({ id: 'p', delivery: '0000' }), {
      state: 'queued',
      destination: 'retry:4.0.0 moving house',
    });
  });

  test('that another operator has changed meanwhile is left alone', async () => {
    const services = await withDelivery();
    const draft = await draftOf(services, 'a');
    await requeueDraft(draft, draft.text, { order, services });
    assert.deepEqual(await requeueDraft(draft, draft.text, { order, services }), {
      kind: 'refused',
      id: 'a',
      delivery: '0000',
      text: 'it has changed meanwhile',
    });
  });

  test('in a dry run is checked, and not changed', async () => {
    const services = await withDelivery();
    const draft = await draftOf(services, 'a');
    const change = await requeueDraft(draft, draft.text, { order: { ...order, whatIf: true }, services });
    assert.equal(change.kind, 'changed');
    assert.equal((await services.ledger.read({ id: 'a', delivery: '0000' }))?.state, 'corrupt');
    assert.equal((await services.corruptRequests.read('a.0000'))?.isClosed, undefined);
  });
});

describe('a corrupt request', () => {
  const good = {
    version: 1,
    sender: 'alice@example.org',
    recipients: ['bob@x'],
    message: { bucket: 'messages', key: 'k' },
  };

  async function withRequest(body: string): Promise<CapturingOperatorServices> {
    const services = operatorServices();
    await services.corruptRequests.file({ id: 'sqs-1', reason: 'sender: is missing', body, sent: arrival });
    return services;
  }

  test('is submitted to the incoming queue, with the id and the arrival that it would have had', async () => {
    const services = await withRequest(JSON.stringify(good));
    const draft = await draftOf(services, 'sqs-1');
    const change = await requeueDraft(draft, draft.text, { order, services });
    assert.deepEqual(change, {
      kind: 'changed',
      id: 'sqs-1',
      text: 'requeued; it will be accepted within seconds, as sqs-1',
    });
    assert.deepEqual(
      services.corruptRequests.submitted.map((body) => JSON.parse(body)),
      [{ ...good, id: 'sqs-1', arrival: '2026-11-20T07:00:00.000Z' }],
    );
    assert.deepEqual(await findDrafts('sqs-1', services), {
      kind: 'refused',
      why: 'it was requeued or removed already',
    });
  });

  test('keeps the id and the arrival that it has', async () => {
    const own = { ...good, id: 'own', arrival: '2026-11-19T07:00:00Z' };
    const services = await withRequest(JSON.stringify(own));
    const draft = await draftOf(services, 'sqs-1');
    await requeueDraft(draft, draft.text, { order, services });
    assert.deepEqual(
      services.corruptRequests.submitted.map((body) => JSON.parse(body)),
      [own],
    );
  });

  test('that is still wrong is refused with the field, and nothing is sent', async () => {
    const services = await withRequest('{"version":1}');
    const draft = await draftOf(services, 'sqs-1');
    for (const [text, pattern] of [
      [draft.text, /^sender: is missing/],
      ['no JSON', /^request: is not JSON/],
      [
        JSON.stringify({ ...good, arrival: '2029-01-01T00:00:00Z' }),
        /^arrival: .* is more than five minutes in the future/,
      ],
      [JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' }), /^request: contains no mail: /],
    ] as const) {
      await assert.rejects(requeueDraft(draft, text, { order, services }), (error: RequestError) => {
        assert.match(error.message, pattern);
        return error.name === 'RequestError';
      });
    }
    assert.deepEqual(services.corruptRequests.submitted, []);
    assert.equal((await services.corruptRequests.read('sqs-1'))?.isClosed, undefined);
  });

  test('whose copy is missing can be replaced', async () => {
    const services = await withRequest('{}');
    services.corruptRequests.loseBody('sqs-1');
    const draft = await draftOf(services, 'sqs-1');
    assert.equal(draft.text, '');
    await assert.rejects(requeueDraft(draft, draft.text, { order, services }), /^RequestError: request: /);
    assert.equal(
      (await requeueDraft(draft, JSON.stringify(good), { order, services })).text,
      'requeued, edited; it will be accepted within seconds, as sqs-1',
    );
  });
});

test('a delivery that is not corrupt is not requeued', async () => {
  const services = operatorServices();
  await putItems(services, { id: 'a', state: 'deferred' });
  assert.deepEqual(await findDrafts('a', services), { kind: 'refused', why: 'it is deferred, not corrupt' });
  assert.deepEqual(await findDrafts('b', services), { kind: 'unknown' });
});
