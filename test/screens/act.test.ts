/** Requests of the dashboard to its functions, and their effects. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CheckReport } from '../../functions/check/report.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import { DestinationError } from '../../functions/request/destination.ts';
import { RequestError } from '../../functions/request/request-error.ts';
import { act } from '../../functions/screens/act.ts';
import { draw } from '../../functions/screens/draw.ts';
import { readActRequest, readDrawRequest } from '../../functions/screens/request.ts';
import { makeVerdict } from '../support/delivery-item.ts';
import { actionsOf } from '../support/html.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const name = 'inet:imap-b.example.net:24';
const hour = 3_600_000;

describe('showq is called', () => {
  const asked: Readonly<Record<string, readonly [unknown, object]>> = {
    'for everything by default': [{ widgetContext: {} }, { kind: 'screens', lateAfter: hour }],
    'for one screen': [
      { screen: 'causes', late: '15m' },
      { names: ['causes'], lateAfter: 900_000 },
    ],
    'for its documentation': [{ describe: true }, { kind: 'describe' }],
    'for a list': [
      {
        screen: 'list',
        destination: 'x',
        from: 5,
        to: 10,
        cause: 'c',
        inDoubt: true,
        state: 'held',
        widgetContext: {},
      },
      { wish: { destination: 'x', from: 5, to: 10, cause: 'c', inDoubt: true, state: 'held' } },
    ],
    'for a destination': [
      { screen: 'explain', destination: name },
      { kind: 'explain', what: 'destination', name },
    ],
    'for a message': [
      { screen: 'explain', id: 'm' },
      { kind: 'explain', what: 'message', name: 'm' },
    ],
  };
  for (const [what, [event, wanted]] of Object.entries(asked)) {
    test(what, () => assert.partialDeepStrictEqual(readDrawRequest(event), wanted));
  }
});

describe('showq refuses', () => {
  const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'an unreadable request': ['all', /request: "all" is not an object/],
    'an unknown screen': [{ screen: 'all mail' }, /screen: "all mail" is not allowed; expected all, answer/],
    'an invalid time': [{ late: 'soon' }, /late: "soon" is not allowed; expected a time such as 15m/],
    'an invalid age': [{ screen: 'list', from: 'old' }, /from: "old" is not allowed; expected minutes/],
    'to explain nothing': [{ screen: 'explain' }, /destination: is missing/],
    'to explain two things at once': [
      { screen: 'explain', id: 'm', destination: name },
      /destination: is not allowed together with an id/,
    ],
    'an endless id': [{ screen: 'explain', id: 'x'.repeat(256) }, /id: "x+\.\.\. is not allowed/],
  };
  for (const [what, [event, wanted]] of Object.entries(refused)) {
    test(what, () => assert.throws(() => readDrawRequest(event), { name: 'RequestError', message: wanted }));
  }
});

describe('postsuper refuses', () => {
  const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'an action without a button': [
      { action: 'delete', destination: name },
      /action: "delete" is not allowed; expected flush, hold, release or check: nothing else is done from a dashboard/,
    ],
    'to act on nothing': [{ action: 'flush' }, /destination: is missing; expected the destination to flush/],
    'to flush by a cause': [{ action: 'flush', cause: '452' }, /destination: is missing/],
    'to act on two selections': [{ action: 'hold', destination: name, cause: '452' }, /cause: is not allowed together/],
    'an endless reason': [
      { action: 'hold', destination: name, widgetContext: { forms: { all: { reason: 'x'.repeat(301) } } } },
      /reason: at most 300 characters/,
    ],
    'a function for screens that is no ARN': [
      { action: 'hold', destination: name, screens: 'arn" onclick="' },
      /screens: "arn.* is not allowed; expected the ARN of a function/,
    ],
    'an endless destination': [
      { action: 'hold', destination: 'x'.repeat(2001) },
      /destination: "x+\.\.\. is not allowed/,
    ],
  };
  for (const [what, [event, wanted]] of Object.entries(refused)) {
    test(what, () => assert.throws(() => readActRequest(event), { name: 'RequestError', message: wanted }));
  }
  test('but accepts a reason from its field, as one line', () => {
    const reasonOf = (reason: unknown) =>
      readActRequest({ action: 'hold', destination: name, widgetContext: { forms: { all: { reason } } } }).reason;
    assert.equal(reasonOf('  INC-4711:\n disk\u0007 full '), 'INC-4711: disk full');
    assert.equal(reasonOf(' '), undefined);
    assert.throws(() => reasonOf({}), RequestError);
  });
});

interface Given {
  readonly services: CapturingOperatorServices;
  readonly mayGoOn?: () => boolean;
  readonly pause?: () => Promise<void>;
}

async function press(
  event: Record<string, unknown>,
  { services, mayGoOn = () => true, pause = async () => {} }: Given,
): Promise<string> {
  const check = async (destination: string): Promise<CheckReport> => ({
    ...{ destination, checked: '2026-11-22T00:00:00Z', outcome: 'well' },
    hops: [{ hop: destination, servers: [] }],
  });
  const html = await act(readActRequest(event), { services, check, by: 'dashboard (request 42)', mayGoOn, pause });
  return html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

const widgetContext = { forms: { all: { reason: 'INC-4711' } } };

test('a hold lasts an hour, and names author and reason; a second one replaces it', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  const until = new Date(wall + hour).toISOString().slice(0, 19);
  const said = await press({ action: 'hold', destination: 'IMAP-B.example.net:24', widgetContext }, { services });
  assert.ok(said.includes('1 changed.') && said.includes(`The hold ends by itself ${until}Z`), said);
  await press({ action: 'hold', destination: name }, { services });
  const { holds, history } = await services.destinations.read(name);
  assert.deepEqual(holds, [
    { id: 'dashboard', reason: 'no reason given', by: 'dashboard (request 42)', since: wall, until: wall + hour },
  ]);
  assert.deepEqual(history.map(({ by, what, why }) => [by, what, why])[0], [
    'dashboard (request 42)',
    'held (dashboard)',
    'INC-4711',
  ]);
});

test('a release removes all holds, releases the held mail over five minutes, and says how much', async () => {
  const services = operatorServices({}, 0.5);
  const { wall } = services.clock;
  await services.destinations.write({ ...emptyRecord(name), holds: [{ id: 'a', reason: 'x', by: 'ann', since: 1 }] });
  await putItems(services, { id: 'm', state: 'held', destination: name }, { id: 'other', state: 'held' });
  const said = await press({ action: 'release', destination: name }, { services });
  assert.match(said, /1 changed\. 1 delivery will be tried within five minutes\./);
  assert.deepEqual((await services.destinations.read(name)).holds, []);
  const item = await services.ledger.read({ id: 'm', delivery: '0000' });
  assert.deepEqual([item?.state, item?.due], ['queued', wall + 150_000]);
  assert.equal((await services.ledger.read({ id: 'other', delivery: '0000' }))?.state, 'held');
  const late = async () => void (await putItems(services, { id: 'late', state: 'held', destination: name }));
  await services.destinations.write({
    ...(await services.destinations.read(name)),
    holds: [{ id: 'a', reason: 'x', by: 'ann', since: 1 }],
  });
  assert.match(
    await press({ action: 'release', destination: name }, { services, pause: late }),
    /1 changed\. 1 delivery will be tried/,
    'mail held by a function that has not read the release is released too',
  );
  assert.match(
    await press({ action: 'release', destination: name }, { services }),
    /0 changed, 1 not\..*not changed: it is not held/,
  );
});

test('a flush clears the suspension of a destination, and tries its waiting mail now', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  const suspension = { since: wall, until: wall + hour, why: 'refused', dsn: '4.4.1', failures: 9 } as const;
  await services.destinations.write({ ...emptyRecord(name), suspension });
  await putItems(
    services,
    { id: 'm', state: 'deferred', destination: name, due: wall + hour },
    { id: 'other', state: 'deferred', due: wall + hour },
  );
  const said = await press({ action: 'flush', destination: name, widgetContext }, { services });
  assert.match(
    said,
    /2 changed\. inet:imap-b\.example\.net:24: suspension cleared; the next delivery will be attempted m\/0000: will be tried now/,
  );
  assert.equal((await services.destinations.read(name)).suspension, undefined);
  const item = await services.ledger.read({ id: 'm', delivery: '0000' });
  assert.deepEqual([item?.due, item?.history?.at(-1)?.why], [wall, 'INC-4711']);
  assert.equal((await services.ledger.read({ id: 'other', delivery: '0000' }))?.due, wall + hour);
  assert.match(
    await press({ action: 'flush', destination: 'inet:unknown:24' }, { services }),
    /Nothing was there to be changed\./,
  );
});

test('a flush also tries what an earlier release spread over five minutes', async () => {
  const services = operatorServices({}, 0.5);
  const { wall } = services.clock;
  await services.destinations.write({ ...emptyRecord(name), holds: [{ id: 'a', reason: 'x', by: 'ann', since: 1 }] });
  await putItems(services, { id: 'm', state: 'held', destination: name });
  await press({ action: 'release', destination: name }, { services });
  assert.equal((await services.ledger.read({ id: 'm', delivery: '0000' }))?.due, wall + 150_000);
  await press({ action: 'flush', destination: name }, { services });
  assert.equal((await services.ledger.read({ id: 'm', delivery: '0000' }))?.due, wall);
});

const told = (text: string) => ({ recipients: [{ address: 'b@x', n: 0, last: { ...makeVerdict('deferred'), text } }] });

test('mail with one cause is held for an hour, message by message, and no other mail is', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(
    services,
    { id: 'm1', state: 'deferred', ...told('host a said: 452 4.2.2 <b@x> full') },
    { id: 'm2', state: 'deferred', ...told('host a said: 452 4.2.2 <c@x> full') },
    { id: 'm3', state: 'deferred', ...told('host a said: 452 4.2.2 busy') },
  );
  const said = await press({ action: 'hold', cause: '452 4.2.2 full' }, { services });
  assert.match(said, /2 changed\./);
  for (const [id, state] of [
    ['m1', 'held'],
    ['m2', 'held'],
    ['m3', 'deferred'],
  ] as const) {
    const item = await services.ledger.read({ id, delivery: '0000' });
    assert.equal(item?.state, state);
    if (state === 'held') assert.deepEqual([item.holds?.[0]?.id, item.holds?.[0]?.until], ['dashboard', wall + hour]);
  }
});

test('a check is shown step by step, and changes nothing', async () => {
  const services = operatorServices();
  const said = await press({ action: 'check', destination: name }, { services });
  assert.match(
    said,
    /Check of inet:imap-b\.example\.net:24 inet:imap-b\.example\.net:24 All is well\. Nothing was delivered\./,
  );
  await assert.rejects(press({ action: 'check', destination: 'a:b:c' }, { services }), DestinationError);
});

test('an action that takes too long is ended, and says so', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(
    services,
    ...Array.from({ length: 600 }, (_, index) => ({
      id: `m${index}`,
      state: 'deferred' as const,
      destination: name,
      due: wall + hour,
    })),
  );
  const said = await press({ action: 'flush', destination: name }, { services, mayGoOn: () => false });
  const [, count] =
    /(\d+) changed\. Time ran out before everything was changed: press again for the rest\./.exec(said) ?? [];
  assert.ok(Number(count) > 0 && Number(count) < 600, said);
});

test('the mail behind a number is listed, the oldest first; by cause too; and so are corrupt requests', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(
    services,
    { id: 'young', state: 'deferred', destination: name, ...told('host a said: 452 4.2.2 <b@x> full') },
    {
      id: 'old',
      state: 'deferred',
      destination: name,
      arrival: wall - hour,
      ...told('host a said: 452 4.2.2 <c@x> full'),
    },
    { id: 'busy', state: 'held', destination: name, ...told('host a said: 452 4.2.2 busy') },
    { id: 'other', state: 'deferred' },
    { id: 'gone', state: 'corrupt', reason: 'body' },
  );
  await services.corruptRequests.file({ id: 'r1', reason: 'sender: is missing', body: '{}', sent: 5 });
  const shown = async (event: object) => {
    const request = readDrawRequest({ screen: 'list', ...event });
    assert.ok(request.kind !== 'describe');
    const depths = { read: async () => ({ depths: [], unreachable: [] }) };
    const html = await draw(request, {
      services,
      depths,
      endpoints: { showq: 's', postsuper: 'p' },
      mayGoOn: () => true,
    });
    const ids = [...html.matchAll(/<tr><td class="lmtp-name"><button [^>]*>([^<]*)/g)].map(([, id]) => id ?? '');
    const explained = ids.map((id) => ({ screen: 'explain', id: id.replace(/\/0000$/, '') }));
    assert.deepEqual(
      actionsOf(html).map(({ event }) => event),
      explained,
    );
    return ids;
  };
  assert.deepEqual(await shown({ destination: name }), ['old/0000', 'young/0000', 'busy/0000']);
  assert.deepEqual(await shown({ destination: name, from: 40 }), ['old/0000']);
  assert.deepEqual(await shown({ destination: name, to: 5 }), ['young/0000', 'busy/0000']);
  assert.deepEqual(await shown({ cause: '452 4.2.2 full' }), ['old/0000', 'young/0000']);
  assert.deepEqual(await shown({ state: 'corrupt' }), ['gone/0000', 'r1']);
  assert.deepEqual(await shown({ inDoubt: true }), []);
});

async function drawn(event: object, services: CapturingOperatorServices): Promise<string> {
  const request = readDrawRequest(event);
  assert.ok(request.kind !== 'describe');
  const depths = { read: async () => ({ depths: [], unreachable: [] }) };
  return await draw(request, { services, depths, endpoints: { showq: 's', postsuper: 'p' }, mayGoOn: () => true });
}

test('an id leads to the story of its message, in the words of the command line, and from there to its destination', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(services, {
    id: 'm',
    state: 'deferred',
    destination: name,
    due: wall + hour,
    ...told('said: 452 full'),
  });
  const html = await drawn({ screen: 'explain', id: 'm' }, services);
  assert.match(html, /<h3>The story of m<\/h3><pre>m from &lt;alice@example\.org&gt;, arrived /);
  assert.match(html, /4\.2\.2 said: 452 full\n.*lambda-lmtp flush m<\/pre>/);
  assert.deepEqual(
    actionsOf(html).map(({ event }) => event),
    [{ screen: 'explain', destination: name }],
  );
  const destination = await drawn({ screen: 'explain', destination: name }, services);
  assert.match(destination, /oldest: <button [^>]*>m<\/button>/);
  assert.deepEqual(
    actionsOf(destination).map(({ event }) => event),
    [{ screen: 'explain', id: 'm' }],
  );
});

test('the id of a corrupt request leads to its story too, and one that nothing is known of is told so', async () => {
  const services = operatorServices();
  await services.corruptRequests.file({ id: 'r1', requestId: 'given', reason: 'sender: is missing', body: '{}' });
  const list = await drawn({ screen: 'list', state: 'corrupt' }, services);
  assert.match(list, />sent with the id given: sender: is missing</);
  assert.match(await drawn({ screen: 'explain', id: 'r1' }, services), /sender: is missing\n.*requeue r1 --edit/s);
  assert.match(
    await drawn({ screen: 'explain', id: 'no' }, services),
    /<p>Nothing is known of no: no message has this id/,
  );
});

test('the answer to a button names messages that can be pressed, where the button says by which function', async () => {
  const services = operatorServices();
  await putItems(services, { id: 'm', state: 'deferred', destination: name });
  const flush = async (screens: object) =>
    await act(readActRequest({ action: 'flush', destination: name, ...screens }), {
      ...{ services, by: 'x', mayGoOn: () => true, pause: async () => {} },
      check: () => assert.fail('nothing is checked'),
    });
  assert.deepEqual(actionsOf(await flush({})), []);
  const [action] = actionsOf(await flush({ screens: 'arn:aws:lambda:eu-west-1:1:function:showq' }));
  assert.deepEqual(
    [action?.endpoint, action?.event],
    ['arn:aws:lambda:eu-west-1:1:function:showq', { screen: 'explain', id: 'm' }],
  );
});

test('what is held for a cause, and what is listed for one, is named by its sentence', async () => {
  const services = operatorServices();
  await putItems(
    services,
    { id: 'm1', state: 'deferred', ...told('host a said: 452 4.2.2 <b@x> full') },
    { id: 'm2', state: 'deferred', ...told('host a said: 452 4.2.2 <c@x> full') },
  );
  const cause = '452 4.2.2 full';
  assert.match(
    await drawn({ screen: 'list', cause }, services),
    /<h3>Mail with the reply &quot;452 4\.2\.2 &lt;…@x&gt; full&quot;: 2</,
  );
  assert.match(
    await press({ action: 'hold', cause }, { services }),
    /^Hold mail with the reply &quot;452 4\.2\.2 &lt;…@x&gt; full&quot;/,
  );
});
