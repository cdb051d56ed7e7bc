/** From events to mails: collected, once, whatever happens meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectContent } from '../../functions/delivery/message.ts';
import type { ReportableEvent } from '../../functions/queue/items/event.ts';
import { ItemFault } from '../../functions/queue/items/unreadable-item.ts';
import type { KeptEvent } from '../../functions/report/ports.ts';
import { reportEvent } from '../../functions/report/report-event.ts';
import { makeItem, makeVerdict } from '../support/delivery-item.ts';
import { readReport } from '../support/read-report.ts';
import { bounced, type DeliveryFacts, delayed, only, served } from '../support/report-events.ts';
import { longerThanLease, ReportWorld } from '../support/report-world.ts';

/** The recipients that a mail reports. */
async function toldIn(mail: { readonly content: Buffer } | undefined): Promise<readonly string[]> {
  assert.ok(mail);
  const { recipients } = await readReport(mail.content);
  return recipients.map((fields) => fields['final-recipient']?.replace('rfc822; ', '') ?? '').toSorted();
}

/** One of several deliveries of a request. */
const chunk = (number: number, deliveries: number, given: DeliveryFacts = {}): DeliveryFacts => ({
  recipients: [`r${number}@example.com`],
  ...given,
  item: { delivery: String(number).padStart(4, '0'), deliveries, ...given.item },
});

/** Deliveries of a request without events so far. */
const underWay = (deliveries: number) =>
  Array.from({ length: deliveries }, (_, n) =>
    makeItem({ id: '4bXq1', delivery: String(n).padStart(4, '0'), deliveries, state: 'delivering' }),
  );

test('the only delivery of a request is reported at once, over incoming, from the null sender', async () => {
  const world = new ReportWorld();
  world.publish(...bounced());
  await world.receive(world.queue[0] ?? assert.fail());
  assert.deepEqual(world.queue, []);
  const [mail, ...others] = world.mails;
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(mail, { route: 'incoming', envelopeSender: '', recipient: 'alice@example.org' });
  assert.deepEqual(await toldIn(mail), ['bob@example.com']);
});

test('a repeated event, at once or much later, makes no second report', async () => {
  const world = new ReportWorld();
  world.publish(...bounced(), ...bounced());
  await world.runToEnd();
  world.clock.advance(longerThanLease);
  world.publish(...bounced());
  await world.runToEnd();
  assert.equal(world.mails.length, 1);
  assert.equal(world.requests.length, 1);
});

test('two kinds of failure of one delivery are one report', async () => {
  const world = new ReportWorld();
  const kinds = [bounced({ recipients: ['a@x', 'b@x'] }), bounced({ recipients: ['c@x'], said: { dsn: '5.2.2' } })];
  const parts = kinds
    .map(only)
    .map((event, part): ReportableEvent => ({ ...event, lmtp: { ...event.lmtp, part, parts: 2 } }));
  world.publish(...parts);
  await world.receive(world.queue[0] ?? assert.fail());
  assert.equal(world.mails.length, 0, 'the second part has not arrived yet');
  await world.receive(world.queue[1] ?? assert.fail());
  assert.equal(world.mails.length, 1);
  assert.deepEqual(await toldIn(world.mails[0]), ['a@x', 'b@x', 'c@x']);
  await world.runToEnd();
  assert.equal(world.mails.length, 1);
});

describe('a request of several deliveries', () => {
  test('is reported in one mail as soon as all have their events, in whatever order', async () => {
    const world = new ReportWorld();
    world.items.push(...underWay(3));
    world.publish(...[2, 0, 1].flatMap((n) => bounced(chunk(n, 3))));
    const start = world.clock.wall;
    for (const message of [...world.queue]) await world.receive(message);
    assert.equal(world.clock.wall, start);
    assert.equal(world.mails.length, 1);
    assert.deepEqual(await toldIn(world.mails[0]), ['r0@example.com', 'r1@example.com', 'r2@example.com']);
    await world.runToEnd();
    assert.equal(world.mails.length, 1);
  });

  test('is reported at once if the others have nothing to report', async () => {
    const world = new ReportWorld();
    world.items.push(makeItem({ id: '4bXq1', delivery: '0000', deliveries: 3 }));
    const quiet = { id: '4bXq1', deliveries: 3 };
    const sent = [{ n: 0, address: 'x@x', last: makeVerdict('sent') }];
    world.items.push(makeItem({ ...quiet, delivery: '0001', state: 'done', recipients: sent }));
    const waiting = [{ n: 0, address: 'y@x', last: makeVerdict('deferred') }];
    world.items.push(makeItem({ ...quiet, delivery: '0002', state: 'deferred', attempt: 1, recipients: waiting }));
    world.publish(...bounced(chunk(0, 3)));
    await world.receive(world.queue[0] ?? assert.fail());
    assert.equal(world.mails.length, 1);
  });

  for (const [why, state] of [
    ['is still being delivered', { state: 'delivering', attempt: 0 }],
    [
      'has failed, with its event on the way',
      { state: 'done', attempt: 1, recipients: [{ n: 0, address: 'late@x', last: makeVerdict('bounced') }] },
    ],
    [
      'has an event that is not published yet',
      { state: 'done', attempt: 1, pending: { e: only(bounced(chunk(1, 2))) } },
    ],
  ] as const) {
    test(`waits for one that ${why}, up to the limit`, async () => {
      const world = new ReportWorld();
      world.items.push(makeItem({ id: '4bXq1', delivery: '0001', deliveries: 2, ...state }));
      world.publish(...bounced(chunk(0, 2)));
      const start = world.clock.wall;
      await world.runToEnd();
      assert.equal(world.clock.wall - start, world.parameters.bounce_report_wait);
      assert.equal(world.mails.length, 1);
      world.publish(...bounced(chunk(1, 2)));
      await world.runToEnd();
      assert.equal(world.mails.length, 2, 'later events are reported separately');
      assert.deepEqual(await toldIn(world.mails[1]), ['r1@example.com']);
    });
  }

  test('is reported without unreadable ones after the longest wait', async () => {
    const world = new ReportWorld();
    const key = { id: '4bXq1', delivery: '0001' };
    world.items.push(new ItemFault(key, { path: 'sender', text: 'sender: 7 is not a string' }, key));
    world.publish(...bounced(chunk(0, 2)));
    const start = world.clock.wall;
    await world.runToEnd();
    assert.equal(world.clock.wall - start, world.parameters.bounce_report_wait);
    assert.deepEqual(await toldIn(world.mails[0]), ['r0@example.com']);
  });

  test('is reported without an event with a malformed record, whose own message stays', async () => {
    const world = new ReportWorld();
    const [well, broken] = [bounced(chunk(0, 2)), bounced(chunk(1, 2))].map(only);
    assert.ok(well !== undefined && broken !== undefined);
    const read = world.records.read.bind(world.records);
    world.records.read = async (group) => {
      const { events, reports } = await read(group);
      const isWell = ({ event }: KeptEvent) => event.lmtp.eventId !== broken.lmtp.eventId;
      return { events: events.filter(isWell), reports, faults: ['event: is not JSON'] };
    };
    world.publish(well, broken);
    const [first, second] = world.queue;
    assert.ok(first !== undefined && second !== undefined);
    await world.receive(second);
    assert.match(JSON.stringify(world.notes), /the stored event .* cannot be read/);
    await world.receive(first);
    world.clock.advance(world.parameters.bounce_report_wait);
    await world.receive(first);
    assert.deepEqual(await toldIn(world.mails[0]), ['r0@example.com']);
    assert.deepEqual(world.queue, [second]);
  });

  test('is reported delivery by delivery where the wait is 0', async () => {
    const world = new ReportWorld({ bounce_report_wait: '0' });
    world.items.push(makeItem({ id: '4bXq1', delivery: '0001', deliveries: 2 }));
    for (const number of [0, 1]) {
      world.publish(...bounced(chunk(number, 2)));
      await world.runToEnd();
    }
    assert.equal(world.mails.length, 2);
  });

  test('has one delay warning for each pass, beside its failures', async () => {
    const world = new ReportWorld();
    world.items.push(...underWay(3));
    const both = (attempt: number) => [0, 1].flatMap((n) => delayed(chunk(n, 2, { attempt })));
    world.publish(...both(3), ...both(4), ...bounced(chunk(2, 3, { attempt: 3 })));
    await world.runToEnd();
    assert.equal(world.mails.length, 3);
    assert.deepEqual(
      (await Promise.all(world.mails.map(toldIn))).toSorted((a, b) => a.length - b.length),
      [['r2@example.com'], ['r0@example.com', 'r1@example.com'], ['r0@example.com', 'r1@example.com']],
    );
  });
});

test('reports refusals at admission together with failures of the first attempt', async () => {
  const world = new ReportWorld();
  const refused = { n: 0, address: 'bad@x', last: makeVerdict('bounced', 0) };
  const item = makeItem({ id: '4bXq1', recipients: [refused, { n: 1, address: 'bob@x' }] });
  world.items.push(item);
  world.publish(...bounced({ recipients: ['bad@x'], attempt: 0, said: { text: 'bad address' } }));
  await world.receive(world.queue[0] ?? assert.fail());
  assert.deepEqual(world.mails, []);
  world.publish(...bounced({ recipients: ['bob@x'] }));
  await world.receive(world.queue[1] ?? assert.fail());
  assert.deepEqual(await toldIn(world.mails[0]), ['bad@x', 'bob@x']);
  await world.runToEnd();
  assert.equal(world.mails.length, 1);
});

test('reports refusals at admission as soon as the other deliveries are admitted', async () => {
  const world = new ReportWorld();
  const refused = { n: 0, address: 'bad@x', last: makeVerdict('bounced', 0) };
  const sent = { n: 1, address: 'bob@x', last: makeVerdict('sent') };
  world.items.push(makeItem({ id: '4bXq1', state: 'done', attempt: 1, recipients: [refused, sent] }));
  world.publish(...bounced({ recipients: ['bad@x'], attempt: 0, said: { text: 'bad address' } }));
  await world.receive(world.queue[0] ?? assert.fail());
  assert.deepEqual(await toldIn(world.mails[0]), ['bad@x']);
});

test('success is reported with the reply for each recipient', async () => {
  const world = new ReportWorld();
  world.publish(...served({ recipients: ['a@x', 'b@x'] }));
  await world.runToEnd();
  assert.deepEqual(await toldIn(world.mails[0]), ['a@x', 'b@x']);
});

describe('a report is sent', () => {
  const ses = { bounce_report_routes: 'incoming, ses', bounce_report_ses_sender: 'bounce@example.net' };
  const from = (sender: string) => bounced({ item: { sender } });

  test('over incoming for domains that the map names, over SES for others', async () => {
    const world = new ReportWorld(ses);
    world.publish(...from('alice@example.org'));
    await world.runToEnd();
    world.publish(...bounced({ item: { id: 'other', sender: 'zoe@elsewhere.example' } }));
    await world.runToEnd();
    assert.deepEqual(
      world.mails.map(({ route, recipient }) => [route, recipient]),
      [
        ['incoming', 'alice@example.org'],
        ['ses', 'zoe@elsewhere.example'],
      ],
    );
    const { email } = await readReport(world.mails[1]?.content ?? assert.fail());
    assert.equal(email.from?.address, 'bounce@example.net');
  });

  test('over SES in 7 bits, whatever the message contains', async () => {
    const world = new ReportWorld(ses);
    world.body = Buffer.from('Subject: caf\u00e9\r\n\r\nau lait \u00e9\r\n');
    world.publish(...from('zoe@elsewhere.example'));
    await world.runToEnd();
    assert.equal(world.mails[0]?.is8Bit, false);
    const { originalType } = await readReport(world.mails[0]?.content ?? assert.fail());
    assert.equal(originalType, 'text/rfc822-headers');
  });

  test('over incoming too for relay_domains, where the map has a catch-all entry', async () => {
    const world = new ReportWorld({ relay_domains: 'elsewhere.example' });
    world.publish(...from('zoe@sub.elsewhere.example'));
    await world.runToEnd();
    assert.equal(world.mails[0]?.route, 'incoming');
  });

  for (const [values, sender] of [
    [{}, 'zoe@elsewhere.example'],
    [{ bounce_report_routes: 'none' }, 'alice@example.org'],
    [ses, 'zo\u00eb@elsewhere.example'],
  ] as const) {
    test(`not at all: ${JSON.stringify(values)}, to ${sender}; the log says so`, async () => {
      const world = new ReportWorld(values);
      world.publish(...from(sender));
      await world.runToEnd();
      assert.deepEqual(world.mails, []);
      assert.ok(world.notes.some(({ message }) => message === 'no report sent: no route serves the address'));
    });
  }

  test('as a bounce of SES itself if SES makes one, with the copy for the postmaster as our own', async () => {
    const world = new ReportWorld({
      bounce_report_routes: 'ses',
      bounce_report_ses_sender: 'bounce@example.net',
      notify_classes: 'bounce',
    });
    world.sesBouncesItself = true;
    world.publish(...from('zoe@elsewhere.example'));
    await world.runToEnd();
    assert.deepEqual(world.sesBounces, ['4bXq1']);
    assert.deepEqual(
      world.mails.map(({ recipient, envelopeSender }) => [recipient, envelopeSender]),
      [['postmaster@mail.example.org', 'double-bounce@mail.example.org']],
    );
  });
});

describe('reports to postmasters also make a notice:', () => {
  for (const [about, values, events] of [
    ['bounce', { notify_classes: 'bounce' }, bounced()],
    ['2bounce', { notify_classes: '2bounce' }, bounced({ item: { sender: '' } })],
    ['delay', { notify_classes: 'delay' }, delayed({ attempt: 2 })],
  ] as const) {
    test(about, async () => {
      const world = new ReportWorld(values);
      world.publish(...events);
      await world.runToEnd();
      assert.partialDeepStrictEqual(world.raised, [
        { class: about, queueId: '4bXq1', destination: 'inet:[127.0.0.1]:24' },
      ]);
      assert.match(world.raised[0]?.subject ?? '', /^message 4bXq1 .*: 1 recipients, (smtp|X-Postfix); /);
    });
  }
  test('for recipients in doubt, that the mail may have been delivered', async () => {
    const world = new ReportWorld({ notify_classes: 'bounce, delay, 2bounce' });
    const said = { inDoubt: true } as const;
    world.publish(...bounced({ said }), ...delayed({ attempt: 2, said }));
    world.publish(...bounced({ said, item: { id: 'null', sender: '' } }));
    await world.runToEnd();
    assert.equal(world.raised.length, 3);
    for (const { subject } of world.raised) {
      assert.match(subject, /^message \S+ may have been delivered; the server did not confirm it/);
      assert.doesNotMatch(subject, /could not|neither|is late/);
    }
  });
  test('none, if no class of it is enabled', async () => {
    const world = new ReportWorld();
    world.publish(...bounced(), ...delayed());
    await world.runToEnd();
    assert.deepEqual(world.raised, []);
  });
});

describe('mail about mail has an end:', () => {
  const everything = { notify_classes: 'bounce, 2bounce, delay', relay_domains: 'mail.example.org' };

  test('the bounce of a report goes to a postmaster, and the bounce of that is not reported', async () => {
    const world = new ReportWorld(everything);
    world.publish(...bounced({ item: { sender: '' } }));
    await world.runToEnd();
    assert.deepEqual(
      world.mails.map(({ recipient, envelopeSender }) => [recipient, envelopeSender]),
      [['postmaster@mail.example.org', 'double-bounce@mail.example.org']],
    );
    const [{ envelopeSender } = assert.fail()] = world.mails;
    world.publish(...bounced({ item: { id: 'second', sender: envelopeSender } }));
    await world.runToEnd();
    assert.equal(world.mails.length, 1);
  });

  for (const header of [
    'X-Lambda-LMTP-Report: 4711\r\n',
    'Content-Type: multipart/report;\r\n report-type=delivery-status; boundary=x\r\n',
    'content-type: Multipart/Report; boundary=x; report-type="delivery-status"\n',
  ]) {
    test(`a report that came back through SES is recognised by its header: ${JSON.stringify(header)}`, async () => {
      const world = new ReportWorld();
      world.body = Buffer.from(`${header}Subject: x\r\n\r\nx\r\n`);
      world.publish(...bounced({ item: { sender: '0102018a@example.org' } }));
      await world.runToEnd();
      assert.deepEqual(world.mails, []);
    });
  }

  test('a mail that only mentions reports is treated like any other', async () => {
    const world = new ReportWorld();
    world.body = Buffer.from('Subject: X-Lambda-LMTP-Report: what is it?\r\n\r\nX-Lambda-LMTP-Report: 1\r\n');
    world.publish(...bounced());
    await world.runToEnd();
    assert.equal(world.mails.length, 1);
  });
});

describe('the message that a report is about', () => {
  test('is not returned if it is missing: the report is still sent', async () => {
    const world = new ReportWorld();
    world.body = undefined;
    world.publish(...bounced());
    await world.runToEnd();
    const { original } = await readReport(world.mails[0]?.content ?? assert.fail());
    assert.match(original, /could not be returned/);
  });

  test('is waited for if it cannot be read at the moment', async () => {
    const world = new ReportWorld();
    world.trouble = new Error('access denied');
    world.publish(...bounced());
    await world.receive(world.queue[0] ?? assert.fail());
    assert.equal(world.queue.length, 1);
    assert.deepEqual(world.mails, []);
    world.trouble = undefined;
    await world.runToEnd();
    assert.equal(world.mails.length, 1);
  });

  test('is read only up to its header if it is large', async () => {
    const world = new ReportWorld({ bounce_size_limit: '1000' });
    const header = Buffer.from(`Subject: large\r\n${'X-Long: x\r\n'.repeat(20_000)}`);
    let read = 0;
    const services = world.services();
    const event = only(bounced({ item: { message: { bucket: 'messages', key: 'k', etag: '"e"', size: 9_000_000 } } }));
    const bodies = {
      pin: services.bodies.pin,
      load: async () => ({
        ...inspectContent(Buffer.alloc(0)),
        async *open() {
          for (let octets = 0; octets < 9_000_000; octets += 64_000) {
            read += 64_000;
            yield header.subarray(octets, octets + 64_000);
          }
        },
      }),
    };
    await reportEvent(event, { ...services, bodies });
    assert.ok(read < 300_000, `${read} octets`);
    const { original, originalType } = await readReport(world.mails[0]?.content ?? assert.fail());
    assert.equal(originalType, 'text/rfc822-headers');
    assert.ok(original.length < 110_000 && original.endsWith('X-Long: x\r\n'));
  });
});
