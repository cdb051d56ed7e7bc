import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holdDestination, unholdDestination } from '../../../functions/operator/destination-change.ts';
import { holdMessage } from '../../../functions/operator/operator-change.ts';
import { recordAsSent } from '../../../functions/operator/sent-change.ts';
import type { DeliveryItem, QueuedRecipient } from '../../../functions/queue/items/item.ts';
import { parseWakeUp } from '../../../functions/queue/items/messages.ts';
import { type Lane, work } from '../../../functions/queue/work/worker.ts';
import { bounceOf } from '../../support/bounce-of.ts';
import type { Interference } from '../../support/queue-process.ts';
import { QueueWorld, type QueueWorldOptions } from '../../support/queue-world.ts';
import { type ScriptedServer, type ServerScript, startScriptedServer } from '../../support/scripted-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Scene extends AsyncDisposable {
  readonly world: QueueWorld;
  readonly server: ScriptedServer;
}

/** A world whose mail goes to a scripted server. */
async function setScene(script: ServerScript, options: Partial<QueueWorldOptions> = {}): Promise<Scene> {
  const server = await startScriptedServer(script);
  const world = new QueueWorld({ destination: `inet:127.0.0.1:${server.port}`, ...options });
  const close = async () => {
    await world.close();
    await server.close();
  };
  return { world, server, [Symbol.asyncDispose]: close };
}

/** Processes the messages that are in the queues now, once. */
async function turn(world: QueueWorld): Promise<void> {
  for (const message of world.messages.filter(({ visible }) => visible <= world.clock.wall)) {
    await world.receive(message);
  }
}

/** Admits a request; its delivery is then in active. */
async function admitRequest(world: QueueWorld, ...recipients: readonly string[]): Promise<void> {
  world.submit({ recipients });
  await turn(world);
  assert.deepEqual(
    world.messages.map(({ queue }) => queue),
    ['active'],
  );
}

/** The last reply, by the local part of the address. */
function last(world: QueueWorld): Record<string, QueuedRecipient['last']> {
  return Object.fromEntries([...world.recipients()].map(([address, { last }]) => [address.split('@')[0], last]));
}

function statuses(world: QueueWorld): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(last(world)).map(([name, said]) => [name, said?.status]));
}

/** Runs an action just before the first call of that name. */
function beforeCall(name: string, act: () => Promise<void>): Interference {
  let done = false;
  return async (call, proceed) => {
    if (call.name === name && !done) {
      done = true;
      await act();
    }
    return await proceed();
  };
}

test('a message of active that is behind its delivery opens no connection', async () => {
  await using scene = await setScene({});
  const { world, server } = scene;
  await admitRequest(world, 'bob@x');
  const [stale] = world.messages;
  await turn(world);
  assert.ok(stale !== undefined);
  world.send('active', stale.body);
  world.send('active', stale.body.replace('"generation":1', '"generation":2'));
  world.send('active', stale.body.replace('"0000"', '"0001"'));
  await turn(world);
  assert.deepEqual(world.messages, []);
  assert.equal(server.transcript().length, 1);
  assert.equal(world.notes.filter((note) => note === 'info: stale message in active').length, 3);
});

test('an invocation without time left puts its delivery back: no attempt is counted, and a wake-up is sent', async () => {
  await using scene = await setScene({});
  const { world, server } = scene;
  await admitRequest(world, 'bob@x');
  const hurried = world.undisturbed();
  const [message] = world.messages;
  assert.ok(message !== undefined);
  world.deadline = () => ({ left: () => 29_999, whole: 60_000 });
  await world.handle(message, hurried);
  world.remove(message);
  assert.partialDeepStrictEqual(world.onlyItem(), { state: 'queued', attempt: 0 });
  assert.deepEqual(
    world.messages.map(({ queue }) => queue),
    ['deferred'],
  );
  assert.deepEqual(server.transcript(), []);
  world.deadline = () => ({ left: () => 30_000, whole: 60_000 });
  await world.runToEnd();
  assert.partialDeepStrictEqual(world.lines, [{ status: 'sent', attempt: 1 }]);
});

describe('progress', () => {
  const slowly: ServerScript = {
    final: { default: '250 2.0.0 saved', 'slow@x': { reply: '250 2.0.0 saved at last', delay_ms: 2500 } },
  };

  test('is recorded while the server delays the other replies', async () => {
    await using scene = await setScene(slowly);
    const { world } = scene;
    await admitRequest(world, 'bob@x', 'carol@x', 'slow@x');
    const turned = turn(world);
    await waitUntil('bob is recorded', () => last(world)['bob']?.status === 'sent');
    assert.equal(world.onlyItem().state, 'delivering');
    // Carol's reply could still be that of the next one.
    assert.equal(last(world)['carol'], undefined);
    assert.equal(last(world)['slow'], undefined);
    assert.deepEqual(world.lines, [], 'all logged recipients are settled');
    await turned;
    assert.deepEqual(
      world.lines.map(({ recipient, status, text }) => [recipient, status, text]),
      [
        ['bob@x', 'sent', '250 2.0.0 saved'],
        ['carol@x', 'sent', '250 2.0.0 saved'],
        ['slow@x', 'sent', '250 2.0.0 saved at last'],
      ],
    );
    assert.equal(world.onlyItem().state, 'done');
  });

  test('remains when its worker dies: only the others are in doubt, and only they are retried', async () => {
    await using scene = await setScene(slowly, {
      interfere: async ({ name, process }, act) => {
        const answer = await act();
        if (name === 'ledger.progress') process.die();
        return answer;
      },
    });
    const { world, server } = scene;
    await admitRequest(world, 'bob@x', 'carol@x', 'slow@x');
    await world.runToEnd();
    assert.deepEqual(
      world.lines.map(({ recipient, status, attempt, in_doubt }) => [recipient, status, attempt, in_doubt]),
      [
        ['bob@x', 'sent', 1, undefined],
        ['carol@x', 'deferred', 1, true],
        ['slow@x', 'deferred', 1, true],
        ['carol@x', 'sent', 2, undefined],
        ['slow@x', 'sent', 2, undefined],
      ],
    );
    const offered = server.transcript().map(({ commands }) => commands.filter((command) => command.startsWith('RCPT')));
    assert.deepEqual(offered, [
      ['RCPT TO:<bob@x>', 'RCPT TO:<carol@x>', 'RCPT TO:<slow@x>'],
      ['RCPT TO:<carol@x>', 'RCPT TO:<slow@x>'],
    ]);
  });
});

describe('whether a large message needs BODY=8BITMIME is unknown at its first attempt, and known at the next', () => {
  for (const [what, body, declared, next] of [
    ['US-ASCII', 'Subject: x\r\n\r\nhello\r\n', undefined, '7BIT'],
    ['octets above 127', 'Subject: x\r\n\r\ngr\u00fc\u00dfe\r\n', undefined, '8BITMIME'],
    ['octets above 127, declared as 7BIT', 'Subject: x\r\n\r\ngr\u00fc\u00dfe\r\n', '7BIT', '8BITMIME'],
    ['US-ASCII, declared as 8BITMIME', 'Subject: x\r\n\r\nhello\r\n', '8BITMIME', '8BITMIME'],
  ] as const) {
    test(what, async () => {
      const capabilities = ['8BITMIME'];
      await using scene = await setScene({
        capabilities,
        connections: { 1: { capabilities, final: { 'bob@x': '451 4.3.0 later' } } },
      });
      const { world, server } = scene;
      world.bodies.streams = true;
      world.submit({ recipients: ['bob@x'], ...(declared === undefined ? {} : { body: declared }) }, body);
      await world.runToEnd();
      assert.deepEqual(statuses(world), { bob: 'sent' });
      const mails = server.transcript().flatMap(({ commands }) => commands.filter((line) => line.startsWith('MAIL')));
      assert.deepEqual(
        mails.map((line) => / BODY=(\w+)/.exec(line)?.[1]),
        [declared ?? '8BITMIME', next],
      );
    });
  }
});

describe('a body that cannot be delivered', () => {
  for (const streams of [false, true]) {
    const size = streams ? 'large' : 'small';

    test(`is corrupt with its reason if it is missing, ${size} or not`, async () => {
      await using scene = await setScene({});
      const { world, server } = scene;
      world.bodies.streams = streams;
      await admitRequest(world, 'bob@x', 'carol@x');
      world.bodies.remove('in/request.eml');
      await world.runToEnd();
      checkCorrupt(world, 'message.key: there is no object "in/request.eml"');
      await checkNothingSent(server);
    });

    test(`is corrupt with its reason if it was altered, ${size} or not`, async () => {
      await using scene = await setScene({});
      const { world, server } = scene;
      world.bodies.streams = streams;
      await admitRequest(world, 'bob@x', 'carol@x');
      world.bodies.put('in/request.eml', 'Subject: something else\n');
      await world.runToEnd();
      checkCorrupt(world, 'message.key: object "in/request.eml" was altered');
      await checkNothingSent(server);
    });
  }

  function checkCorrupt(world: QueueWorld, reason: string): void {
    const item = world.onlyItem();
    assert.partialDeepStrictEqual(item, { state: 'corrupt', reason });
    assert.ok(!('due' in item) && !('claim' in item));
    const [notice, ...others] = world.notices;
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(notice, { id: 'request.0000', reason });
    assert.partialDeepStrictEqual(JSON.parse(notice?.body ?? ''), {
      version: 1,
      id: 'request',
      sender: 'alice@example.org',
      recipients: [{ address: 'bob@x' }, { address: 'carol@x' }],
      message: { bucket: 'messages', key: 'in/request.eml' },
    });
    assert.deepEqual([world.lines, world.events], [[], []], 'no recipient bounces for it');
  }

  async function checkNothingSent(server: ScriptedServer): Promise<void> {
    assert.ok(await server.settled(3000));
    assert.ok(server.rawContents.every((content) => content.length === 0));
    const commands = server.transcript().flatMap((connection) => connection.commands);
    assert.ok(!commands.includes('.'), 'no dot was sent');
  }

  test('waits if access is temporarily denied: 4.3.0, no connection, no destination to blame', async () => {
    await using scene = await setScene({});
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    world.bodies.trouble = Object.assign(new Error('access denied'), { name: 'AccessDenied' });
    await turn(world);
    assert.partialDeepStrictEqual(world.lines, [
      {
        status: 'deferred',
        dsn: '4.3.0',
        relay: null,
        text: 'the message body cannot be read: AccessDenied: access denied',
      },
    ]);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'deferred', attempt: 1 });
    assert.deepEqual(server.transcript(), []);
    world.bodies.trouble = undefined;
    await world.runToEnd();
    assert.deepEqual(statuses(world), { bob: 'sent' });
    assert.deepEqual(world.notices, []);
  });

  test('waits if it breaks off during the content: no dot, 4.3.0, and all of it at the next attempt', async () => {
    await using scene = await setScene({});
    const { world, server } = scene;
    world.bodies.streams = true;
    await admitRequest(world, 'bob@x');
    world.bodies.trouble = new Error('connection reset by S3');
    await turn(world);
    assert.partialDeepStrictEqual(world.lines, [{ status: 'deferred', dsn: '4.3.0' }]);
    assert.ok(await server.settled(3000));
    assert.ok(!server.transcript()[0]?.commands.includes('.'));
    world.bodies.trouble = undefined;
    await world.runToEnd();
    assert.deepEqual(statuses(world), { bob: 'sent' });
    assert.equal(String(server.rawContents.at(-1)), 'Subject: x\r\n\r\nhello\r\n');
  });

  test('does not change the verdicts of a host before it was altered, and only the other recipients are corrupt', async () => {
    await using first = await startScriptedServer({
      rcpt: { default: '250 2.1.5 ok', 'later@x': '450 4.2.0 not here', 'unknown@x': '550 5.1.1 no such user' },
      final: { default: { reply: '250 2.0.0 saved', delay_ms: 200 } },
    });
    await using second = await startScriptedServer({});
    const destination = `inet:127.0.0.1:${first.port},inet:127.0.0.1:${second.port}`;
    const world = new QueueWorld({ destination });
    world.bodies.streams = true;
    await admitRequest(world, 'bob@x', 'later@x', 'unknown@x');
    const turned = turn(world);
    await waitUntil('the first host has the message', () => first.transcript()[0]?.commands.includes('.') === true);
    world.bodies.put('in/request.eml', 'altered');
    await turned;
    await world.runToEnd();
    await world.close();
    assert.deepEqual(
      world.lines.map(({ recipient, status, attempt }) => [recipient, status, attempt]),
      [
        ['bob@x', 'sent', 1],
        ['unknown@x', 'bounced', 1],
      ],
    );
    assert.equal(world.onlyItem().state, 'corrupt');
    assert.deepEqual(statuses(world), { bob: 'sent', later: undefined, unknown: 'bounced' });
    assert.deepEqual(
      world.events.flatMap((event) => bounceOf(event).bouncedRecipients).map(({ emailAddress }) => emailAddress),
      ['unknown@x'],
    );
    const { recipients } = JSON.parse(world.notices[0]?.body ?? '') as { recipients: readonly { address: string }[] };
    assert.deepEqual(recipients, [{ address: 'later@x' }]);
  });
});

describe('the claim', () => {
  /** Another worker claims the delivery, as it would with a copy of the message. */
  async function claimElsewhere({ ledger, clock }: QueueWorld): Promise<void> {
    const [item] = ledger.items;
    assert.ok(item !== undefined);
    const claim = { token: 'theirs', until: clock.wall + 60_000 };
    await ledger.move('claim', item, { claim, due: claim.until });
  }

  test('of another worker drops the connection before a single octet of content', async () => {
    const interfere = beforeCall('ledger.claim', () => claimElsewhere(scene.world));
    await using scene: Scene = await setScene({}, { interfere });
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    await turn(world);
    assert.ok(await server.settled(3000));
    const [connection] = server.transcript();
    assert.equal(connection?.commands.at(-1), '<incomplete content>');
    assert.deepEqual(server.rawContents.map(String), ['']);
    assert.deepEqual([world.messages, world.lines], [[], []]);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'delivering', claim: { token: 'theirs' } });
    assert.ok(world.notes.includes('info: claimed elsewhere'));
  });

  test('is made while MAIL and RCPT are in progress, and is not needed if no recipient is accepted', async () => {
    const interfere = beforeCall('ledger.claim', () => claimElsewhere(scene.world));
    await using scene: Scene = await setScene({ rcpt: { default: '550 5.1.1 no such user' } }, { interfere });
    const { world } = scene;
    await admitRequest(world, 'bob@x');
    await turn(world);
    assert.deepEqual(world.lines, [], 'the other worker will write the lines');
    assert.equal(world.onlyItem().state, 'delivering');
  });

  test('that cannot be written leaves the message in active, and nothing was sent', async () => {
    const interfere = beforeCall('ledger.claim', () => Promise.reject(new Error('the table is throttled')));
    await using scene = await setScene({}, { interfere });
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    await turn(world);
    assert.ok(await server.settled(3000));
    assert.deepEqual(server.rawContents.map(String), ['']);
    assert.equal(world.messages.length, 1);
    await world.runToEnd();
    assert.deepEqual(
      world.lines.map(({ status, in_doubt }) => [status, in_doubt]),
      [['sent', undefined]],
    );
  });

  test('that expires stops the content: no dot is sent, and the recipient waits', async () => {
    await using scene: Scene = await setScene(
      {},
      {
        interfere: async ({ name }, act) => {
          const answer = await act();
          if (name === 'ledger.claim') scene.world.clock.advance(3_600_000);
          return answer;
        },
      },
    );
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    await turn(world);
    assert.ok(await server.settled(3000));
    assert.equal(server.transcript()[0]?.commands.at(-1), '<incomplete content>');
    assert.partialDeepStrictEqual(world.lines, [{ status: 'deferred', dsn: '4.4.2' }]);
    assert.ok(!('in_doubt' in (world.lines[0] ?? {})), 'without the dot the message is not delivered');
  });

  test('that expires under a living worker makes its verdicts too late: they change nothing, and are logged', async () => {
    await using scene: Scene = await setScene(
      {},
      {
        interfere: async ({ name, process }, act) => {
          if (name === 'ledger.finish' && process.isUsable) {
            scene.world.clock.advance(3_600_000);
            await scene.world.sweepBy(scene.world.undisturbed());
          }
          return await act();
        },
      },
    );
    const { world } = scene;
    await admitRequest(world, 'bob@x');
    await turn(world);
    assert.partialDeepStrictEqual(world.lines, [{ status: 'deferred', in_doubt: true, attempt: 1 }]);
    assert.ok(world.notes.includes('error: verdicts came too late'));
    const item: DeliveryItem = world.onlyItem();
    assert.deepEqual([item.state, item.recipients[0]?.last?.status], ['deferred', 'deferred']);
  });
});

test('a server that gives too few final replies gets one recipient at a time from the next delivery on', async () => {
  await using scene = await setScene(
    { connections: { '1': { final_count: 1 } } },
    { parameters: { lmtp_data_done_next_timeout: '1s', lmtp_cache_connection: 'no' } },
  );
  const { world, server } = scene;
  await admitRequest(world, 'a@x', 'b@x');
  await turn(world);
  assert.deepEqual(statuses(world), { a: 'sent', b: 'deferred' });
  assert.equal(last(world)['b']?.inDoubt, true);
  // A failure made the window smaller, and all containers read that some seconds later.
  world.clock.advance(5000);
  world.submit({ id: 'second', recipients: ['c@x', 'd@x'] });
  await turn(world);
  await turn(world);
  const said = server.transcript()[1]?.commands.filter((command) => /^(MAIL|RCPT)/.test(command));
  assert.deepEqual(
    said?.map((command) => command.slice(0, 4)),
    ['MAIL', 'RCPT', 'MAIL', 'RCPT'],
  );
});

describe('a destination in trouble', () => {
  const order = { by: 'ann', why: 'a test' };

  /** Admits several requests, and processes them as one lane of one invocation. */
  async function workLane(world: QueueWorld, count: number, others: readonly string[] = []): Promise<void> {
    for (let n = 0; n < count; n += 1) world.submit({ id: `r${n}`, recipients: [`bob${n}@x`, ...others] });
    await turn(world);
    const process = world.undisturbed();
    const lane: Lane = {};
    for (const message of world.messages.filter(({ queue }) => queue === 'active')) {
      await work(parseWakeUp(message.body), process.services, process.deliver, world.deadline(), lane);
      world.remove(message);
    }
  }

  test('that is dead costs one connection in a batch: the others are deferred at once, with its words and no relay', async () => {
    await using server = await startScriptedServer({ greeting: '421 4.3.2 going down' });
    const world = new QueueWorld({ destination: `inet:127.0.0.1:${server.port}` });
    await workLane(world, 4);
    await world.close();
    assert.equal(server.transcript().length, 1);
    const [first, ...others] = world.lines;
    assert.match(first?.text ?? '', /refused to talk to me: 421 4.3.2 going down/);
    assert.deepEqual(
      others.map(({ relay, dsn, status, text }) => [relay, dsn, status, text]),
      Array.from({ length: 3 }, () => [null, '4.3.2', 'deferred', `delivery temporarily suspended: ${first?.text}`]),
    );
    assert.ok(world.ledger.items.every(({ state, attempt }) => state === 'deferred' && attempt === 1));
  });

  test('that answers one recipient and then falls silent is in trouble, not dead: the next of the batch is tried', async () => {
    await using server = await startScriptedServer({ connections: { '1': { final_count: 1 } } });
    const world = new QueueWorld({
      destination: `inet:127.0.0.1:${server.port}`,
      parameters: { lmtp_data_done_next_timeout: '1s', lmtp_initial_destination_concurrency: '20' },
    });
    await workLane(world, 2, ['carol@x']);
    await world.close();
    assert.ok(!world.lines.some(({ text }) => text.startsWith('delivery temporarily suspended')));
    assert.equal(server.transcript().length, 2);
  });

  test('that is held gets nothing: its deliveries in active are held with it', async () => {
    await using scene = await setScene({});
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    const { destination } = world.onlyItem();
    await holdDestination(destination, { ...order, hold: 'h' }, world.undisturbed().services);
    world.clock.advance(5000);
    await turn(world);
    assert.deepEqual([server.transcript(), world.onlyItem().state, world.lines], [[], 'held', []]);
    await unholdDestination(destination, order, world.undisturbed().services);
    await world.runToEnd();
    assert.deepEqual(statuses(world), { bob: 'sent' });
  });

  test('with a smaller window gets the rest some seconds later, and no attempt is counted', async () => {
    await using scene = await setScene({}, { parameters: { lmtp_initial_destination_concurrency: '20' } });
    const { world, server } = scene;
    await admitRequest(world, 'bob@x');
    const { destination, group } = world.onlyItem();
    const slot = Number(group.split('#')[1]);
    assert.ok(slot > 0, 'a slot beyond a window of one');
    const { wall } = world.clock;
    const window = { size: 1, failedCohorts: 0, failure: 0, failures: 0, succeededAt: wall, at: wall };
    const record = await world.ledger.destinations.read(destination);
    await world.ledger.destinations.write({ ...record, window });
    world.clock.advance(5000);
    await turn(world);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'queued', attempt: 0, due: world.clock.wall + 15_000 });
    assert.deepEqual(server.transcript(), []);
    await world.runToEnd();
    assert.partialDeepStrictEqual(world.lines, [{ status: 'sent', attempt: 1 }]);
  });
});

describe('in_doubt_action=hold', () => {
  test('holds what may have been delivered until an operator decides', async () => {
    await using scene = await setScene(
      { connections: { '1': { final_count: 1 } } },
      { parameters: { in_doubt_action: 'hold', lmtp_data_done_next_timeout: '1s' } },
    );
    const { world, server } = scene;
    await admitRequest(world, 'a@x', 'b@x');
    await world.runToEnd();
    const { id, delivery, state, holds } = world.onlyItem();
    assert.deepEqual([state, holds?.map((hold) => hold.id)], ['held', ['in-doubt']]);
    assert.deepEqual(statuses(world), { a: 'sent', b: 'deferred' });
    assert.equal(server.transcript().length, 1);
    const person = { by: 'ann', why: 'it is in the mailbox' };
    await recordAsSent({ id, delivery }, person, world.undisturbed().services);
    assert.deepEqual([world.onlyItem().state, last(world)['b']?.by], ['done', 'ann']);
  });
});

test("a worker's last write respects an operator who was faster by a moment", async () => {
  const interfere = beforeCall('ledger.defer', async () => {
    const order = { by: 'ann', why: 'w', hold: 'h' };
    await holdMessage(scene.world.onlyItem(), order, scene.world.undisturbed().services);
  });
  await using scene: Scene = await setScene({ final: { default: '452 4.2.2 full' } }, { interfere });
  const { world } = scene;
  await admitRequest(world, 'bob@x');
  await turn(world);
  assert.partialDeepStrictEqual(world.onlyItem(), { state: 'held', attempt: 1, holds: [{ id: 'h' }] });
  assert.deepEqual(
    world.lines.map(({ status }) => status),
    ['deferred'],
  );
});
