/** Every message at every front door is admitted once, skipped, or kept as corrupt with the reason. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readIncoming } from '../../functions/incoming/read-incoming.ts';
import { type Admission, admit } from '../../functions/queue/admission/admit.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import {
  eventBridgeEvent,
  type SesMail,
  s3Event,
  s3Record,
  s3TestEvent,
  sesMessageId,
  sesNotification,
  snsEnvelope,
  type WrittenObject,
} from '../support/front-door-messages.ts';

const acceptance: Omit<Admission, 'objects' | 'contents'> = {
  transportMap: parseTransportMap('example.com lmtp:inet:one.test\nexample.net lmtp:inet:two.test:2424', 'lmtp', 24),
  allowedDestinations: new Set(),
  allowedBuckets: new Set(['messages', 'other']),
  messageBucket: 'messages',
};

const envelope = { sender: 'alice@example.org', recipients: 'bob@example.com, carol@example.com' };

function makeServices(): CapturingServices {
  const services = captureServices();
  services.bodies.put(`ses/${sesMessageId}`, 'Subject: x\r\n\r\nhello\r\n');
  services.bodies.put('drop/a.eml', 'Subject: x\r\n\r\nhello\r\n', envelope);
  return services;
}

let messages = 0;

/** Receives a message from the incoming queue. */
async function receive(services: CapturingServices, value: unknown, messageId = `sqs-${messages}`): Promise<void> {
  messages += 1;
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  await admit(
    { messageId, body, sent: services.clock.wall - 250 },
    { ...acceptance, objects: services.bodies, contents: services.bodies },
    services,
  );
}

/** Each delivery: its number, and its recipients. */
function deliveriesOf({ ledger }: CapturingServices) {
  return ledger.items.map(({ delivery, recipients }) => [delivery, recipients.map(({ address }) => address)]);
}

/** Every recipient of every delivery. */
function allRecipients({ ledger }: CapturingServices): readonly string[] {
  return ledger.items.flatMap(({ recipients }) => recipients.map(({ address }) => address)).sort();
}

describe('mail that SES received', () => {
  test('is delivered under its id, with the arrival time of SES, to the recipients of the rule', async () => {
    const services = makeServices();
    await receive(services, sesNotification());
    assert.partialDeepStrictEqual(services.ledger.items, [
      {
        id: sesMessageId,
        state: 'active',
        sender: 'alice@example.org',
        recipients: [{ address: 'bob@example.com', n: 0 }],
        arrival: Date.UTC(2026, 10, 22, 7, 59, 30),
        message: { bucket: 'messages', key: `ses/${sesMessageId}` },
        authentication: { spf: 'PASS', dkim: 'GRAY', dmarc: 'FAIL' },
      },
    ]);
    assert.deepEqual(services.activated, [`${sesMessageId}/0000 1`]);
  });

  test('is delivered once, however often and in whatever form it is announced', async () => {
    const services = makeServices();
    for (const value of [sesNotification(), snsEnvelope(sesNotification()), sesNotification()]) {
      await receive(services, value);
    }
    assert.deepEqual(deliveriesOf(services), [['0000', ['bob@example.com']]]);
    assert.deepEqual(services.notices, []);
  });

  test('is delivered to further recipients even if its body was deleted meanwhile: the pinned version can still be read', async () => {
    const services = makeServices();
    services.bodies.keepsVersions = true;
    await receive(services, sesNotification());
    const [first] = services.ledger.items;
    assert.ok(first !== undefined);
    await services.ledger.move('finishUnclaimed', first, { due: null });
    assert.equal(await services.bodies.discard(first.message), true);
    await receive(services, sesNotification({ recipients: ['carol@example.com'] }));
    assert.deepEqual(allRecipients(services), ['bob@example.com', 'carol@example.com']);
    assert.deepEqual(services.ledger.items[1]?.message, first.message);
    assert.deepEqual(services.notices, []);
    assert.ok((await services.bodies.load(first.message)).size > 0);
  });

  test('is corrupt if its body is missing and was never seen, or is another', async () => {
    const services = makeServices();
    services.bodies.keepsVersions = true;
    await receive(services, sesNotification({ action: { objectKey: 'ses/gone' } }));
    await receive(services, sesNotification());
    await receive(services, sesNotification({ recipients: ['carol@example.com'], action: { objectKey: 'ses/gone' } }));
    assert.deepEqual(allRecipients(services), ['bob@example.com']);
    assert.deepEqual(
      services.notices.map(({ reason }) => reason),
      Array(2).fill('message.key: there is no object "ses/gone"'),
    );
  });

  test('is delivered to the recipients of all matching rules, each once, in any order of announcement', async () => {
    const rules: readonly SesMail[] = [
      { recipients: ['bob@example.com', 'carol@example.com'] },
      { recipients: ['carol@example.com', 'dave@example.net'], action: { objectKey: 'ses/copy' } },
      { recipients: ['dave@example.net'] },
    ];
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [0, 0, 1, 1, 2, 0],
    ];
    for (const order of orders) {
      const services = makeServices();
      services.bodies.put('ses/copy', 'Subject: x\r\n\r\nhello\r\n');
      for (const rule of order) await receive(services, sesNotification(rules[rule]));
      assert.deepEqual(
        allRecipients(services),
        ['bob@example.com', 'carol@example.com', 'dave@example.net'],
        `${order}`,
      );
      assert.deepEqual(services.notices, []);
      const numbers = services.ledger.items.flatMap((item) => item.recipients.map(({ n }) => n));
      assert.equal(new Set(numbers).size, 3, 'each has a number of its own');
      assert.equal(
        new Set(services.ledger.items.map(({ id, delivery }) => `${id}/${delivery}`)).size,
        services.ledger.items.length,
      );
    }
  });

  test('is admitted completely after a crash between two steps, even if another rule announced its part in between', async () => {
    const services = makeServices();
    const first = sesNotification({ recipients: ['bob@example.com', 'dave@example.net'] });
    const failing = {
      ...services,
      wakeUps: { ...services.wakeUps, activate: async () => Promise.reject(new Error('died')) },
    };
    await assert.rejects(receive(failing as CapturingServices, first), /died/);
    await receive(services, sesNotification({ recipients: ['carol@example.com'] }));
    await receive(services, first);
    assert.deepEqual(allRecipients(services), ['bob@example.com', 'carol@example.com', 'dave@example.net']);
    assert.deepEqual(services.notices, []);
  });

  test('is a duplicate after its object is deleted, but not for recipients that were not announced before', async () => {
    const services = makeServices();
    await receive(services, sesNotification());
    services.bodies.remove(`ses/${sesMessageId}`);
    await receive(services, sesNotification());
    assert.equal(services.notices.length, 0);
    await receive(services, sesNotification({ recipients: ['carol@example.com'] }), 'sqs-late');
    assert.partialDeepStrictEqual(services.notices, [{ id: 'sqs-late' }]);
    assert.match(services.notices[0]?.reason ?? '', /^message\.key: there is no object/);
  });

  test('has an id of its own: a request with the same id is another request', async () => {
    const services = makeServices();
    await receive(services, sesNotification());
    const request = {
      version: 1,
      id: sesMessageId,
      sender: 'mallory@example.org',
      recipients: ['bob@example.com'],
      message: { bucket: 'messages', key: 'drop/a.eml' },
    };
    await receive(services, request, 'sqs-other');
    assert.partialDeepStrictEqual(services.notices, [
      { id: 'sqs-other', reason: `id: "${sesMessageId}" is already used by another request` },
    ]);
  });

  test('is corrupt if it is in a bucket that is not allowed', async () => {
    const services = makeServices();
    await receive(services, sesNotification({ action: { bucketName: 'payroll' } }));
    assert.match(services.notices[0]?.reason ?? '', /^message\.bucket: "payroll" is not allowed by this stack/);
  });
});

describe('an object that was written to a bucket', () => {
  test('is delivered to the envelope in its metadata, once, whichever service announces it', async () => {
    const services = makeServices();
    for (const value of [s3Event(), eventBridgeEvent(), snsEnvelope(s3Event())]) await receive(services, value);
    assert.deepEqual(deliveriesOf(services), [['0000', ['bob@example.com', 'carol@example.com']]]);
    assert.partialDeepStrictEqual(services.ledger.items, [{ arrival: Date.UTC(2026, 10, 22, 7, 59, 30) }]);
    assert.deepEqual(services.notices, []);
  });

  test('is a duplicate after it is deleted', async () => {
    const services = makeServices();
    await receive(services, s3Event());
    services.bodies.remove('drop/a.eml');
    await receive(services, s3Event());
    assert.deepEqual([services.notices, services.ledger.items.length], [[], 1]);
  });

  test('is another mail when it is written again', async () => {
    const services = makeServices();
    await receive(services, s3Event());
    await receive(services, s3Event(s3Record({ sequencer: '0F' })));
    assert.equal(services.ledger.items.length, 2);
  });

  test('that was overwritten since is corrupt, and the new object is delivered by its own event', async () => {
    const services = makeServices();
    await receive(services, s3Event(s3Record({ etag: 'd41d8cd98f00b204e9800998ecf8427e' })), 'sqs-over');
    assert.partialDeepStrictEqual(services.notices, [
      { id: 'sqs-over', reason: 'message.key: object "drop/a.eml" was overwritten after this event' },
    ]);
    assert.deepEqual(services.ledger.items, []);
  });

  test('without an envelope is corrupt, with the missing field', async () => {
    const services = makeServices();
    services.bodies.put('drop/bare.eml', 'Subject: x\r\n\r\n');
    await receive(services, s3Event(s3Record({ key: 'drop/bare.eml' })));
    assert.match(services.notices[0]?.reason ?? '', /^x-amz-meta-sender: is missing in the object's metadata/);
  });

  test('in a bucket that is not allowed is not even read', async () => {
    const services = makeServices();
    services.bodies.trouble = new Error('the object was read');
    await receive(services, s3Event(s3Record({ bucket: 'payroll' })));
    assert.match(services.notices[0]?.reason ?? '', /^message\.bucket: "payroll" is not allowed/);
  });

  test('waits in incoming while S3 does not answer', async () => {
    const services = makeServices();
    services.bodies.trouble = new Error('slow down');
    await assert.rejects(receive(services, s3Event()), /slow down/);
    assert.deepEqual([services.notices, services.ledger.items], [[], []]);
  });
});

test('the records of one event are admitted separately; a corrupt one is kept alone, and nothing is doubled', async () => {
  const services = makeServices();
  services.bodies.put('drop/bare.eml', 'Subject: x\r\n\r\n');
  const event = s3Event(s3Record(), s3Record({ key: 'drop/bare.eml' }), s3Record({ sequencer: '0F' }));
  await receive(services, event, 'sqs-many');
  await receive(services, event, 'sqs-many');
  assert.equal(services.ledger.items.length, 2);
  assert.deepEqual(
    services.notices.map(({ id, body }) => [id, JSON.parse(body).Records.length]),
    [
      ['sqs-many.1', 1],
      ['sqs-many.1', 1],
    ],
  );
});

test('a record that has to wait keeps its message in incoming, and does not affect the others', async () => {
  const services = makeServices();
  services.bodies.put('drop/b.eml', 'Subject: x\r\n\r\n', envelope);
  const read = services.bodies.read.bind(services.bodies);
  let isDown = true;
  services.bodies.read = async (object) => {
    if (isDown && object.key === 'drop/a.eml') throw new Error('slow down');
    return await read(object);
  };
  const event = s3Event(s3Record(), s3Record({ key: 'drop/b.eml' }));
  await assert.rejects(receive(services, event), /slow down/);
  assert.equal(services.ledger.items.length, 1);
  isDown = false;
  await receive(services, event);
  assert.equal(services.ledger.items.length, 2);
});

for (const [what, value] of Object.entries({
  "S3's test event": s3TestEvent,
  "SES's setup notification": sesNotification({ messageId: 'AMAZON_SES_SETUP_NOTIFICATION' }),
  'a copy of a corrupt request': s3Event(s3Record({ key: 'corrupt/x.json' })),
})) {
  test(`${what} is skipped, with a line in the log`, async () => {
    const services = makeServices();
    await receive(services, value);
    assert.deepEqual([services.notices, services.ledger.items, services.notes], [[], [], ['info: skipped: not mail']]);
  });
}

test('five thousand unusable addresses bounce, whatever their size', async () => {
  const services = makeServices();
  const recipients = Array.from({ length: 5000 }, (_, n) => `${n}@exam ple.com`);
  recipients.push(`${'x'.repeat(500_000)}@example.com`, 'bob@example.com');
  const message = { bucket: 'messages', key: 'drop/a.eml' };
  await receive(services, { version: 1, id: 'bad', sender: 'alice@example.org', recipients, message });
  assert.equal(services.lines.filter(({ status }) => status === 'bounced').length, 5001);
  for (const item of services.ledger.items) assert.ok(Buffer.byteLength(JSON.stringify(item)) < 400_000);
  assert.equal(services.ledger.items.filter(({ state }) => state === 'active').length, 1);
});

/** Any JSON value, with the names and values that the readers look for in all places. */
const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      1,
      '',
      'Received',
      'aws:s3',
      'aws.s3',
      'S3',
      'Object Created',
      'ObjectCreated:Put',
      '<>',
      [],
      {},
    ),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...[
          'notificationType',
          'mail',
          'receipt',
          'action',
          'recipients',
          'source',
          'messageId',
          'timestamp',
          'type',
          'status',
        ],
        ...[
          'bucketName',
          'objectKey',
          'Records',
          's3',
          'bucket',
          'object',
          'key',
          'name',
          'eventName',
          'eventSource',
          'eventTime',
        ],
        ...[
          'detail-type',
          'detail',
          'source',
          'time',
          'Type',
          'TopicArn',
          'Message',
          'Event',
          'version',
          'id',
          'sender',
          'message',
        ],
        ...['__proto__', 'constructor', 'toString'],
      ),
      tie('value'),
      { maxKeys: 6 },
    ),
  ),
}));

/** Returns the number of parts of a message. */
function partsOf(body: string, { clock }: CapturingServices): number {
  const rules = { allowFiles: false, defaultPort: 24, now: clock.wall, messageBucket: 'messages' };
  return readIncoming({ messageId: 'x', body, sent: clock.wall }, rules).length;
}

/** Changes one place in a value. */
function mutate(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return replacement;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return replacement;
  const changed = mutate((value as Record<string, unknown>)[key], rest, replacement);
  return Array.isArray(value) ? Object.assign([...value], { [key]: changed }) : { ...value, [key]: changed };
}

const genuine = fc.constantFrom<object>(
  sesNotification(),
  snsEnvelope(sesNotification()),
  s3Event(),
  s3Event(s3Record(), s3Record({ key: 'drop/b.eml' })),
  eventBridgeEvent({ versionId: 'v' } satisfies WrittenObject),
  s3TestEvent,
);

const mutated = fc
  .tuple(genuine, fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), anyJson)
  .map(([value, path, replacement]) => JSON.stringify(mutate(value, path, replacement)));

describe('garbage', () => {
  const forms = {
    'of any JSON': anyJson.map((value) => JSON.stringify(value) ?? 'null'),
    'that is genuine but for one place': mutated,
    'of any text': fc.string({ unit: 'binary' }),
    'in an SNS envelope': anyJson.map((value) => JSON.stringify(snsEnvelope(JSON.stringify(value) ?? ''))),
  };
  for (const [what, bodies] of Object.entries(forms)) {
    test(`${what} ends in the table, in the log or as corrupt, part by part, and nothing throws`, async () => {
      const seen = { taken: 0, skipped: 0, corrupt: 0 };
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const services = makeServices();
          await receive(services, body);
          const taken = new Set(services.ledger.items.map(({ id }) => id)).size;
          const skipped = services.notes.filter((note) => note === 'info: skipped: not mail').length;
          const corrupt = services.notices.length;
          const doubled = services.notes.filter((note) => note === 'info: duplicate request').length;
          assert.equal(taken + skipped + corrupt + doubled, partsOf(body, services));
          assert.ok(services.notices.every(({ reason }) => /^[^:]+: /.test(reason)));
          assert.equal(services.notes.filter((note) => note === 'error: corrupt request').length, corrupt);
          seen.taken += taken;
          seen.skipped += skipped;
          seen.corrupt += corrupt;
        }),
        { numRuns: 500 },
      );
      assert.ok(seen.corrupt > 0, JSON.stringify(seen));
    });
  }

  test('with endless nesting is corrupt like any other', async () => {
    for (const body of ['['.repeat(200_000) + ']'.repeat(200_000), `{"a":${'['.repeat(150)}${']'.repeat(150)}}`]) {
      const services = makeServices();
      await receive(services, body);
      assert.match(services.notices[0]?.reason ?? '', /^request: is nested in more than 100 levels$/);
    }
  });
});
