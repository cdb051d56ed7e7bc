/** Mail that Amazon SES judged: delivered, held until it is released or dropped, bounced or discarded; and mail inside a notification. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusAsJson, statusAsText } from '../../functions/command/status-text.ts';
import { explainMessage } from '../../functions/operator/explain.ts';
import { holdMessage, releaseMessage } from '../../functions/operator/operator-change.ts';
import { assess } from '../../functions/operator/status.ts';
import { admit } from '../../functions/queue/admission/admit.ts';
import type { RejectEvent } from '../../functions/queue/items/event.ts';
import { indexAttributes } from '../../functions/queue/items/index-attributes.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { sweepInterval } from '../../functions/queue/items/policy.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { messageAsJson, messageAsText } from '../../functions/texts/explain-text.ts';
import { listedAsBrief, listedAsText } from '../../functions/texts/queue-text.ts';
import { type SesMail, sesMessageId, sesNotification } from '../support/front-door-messages.ts';
import { type CapturingOperatorServices, operatorServices } from '../support/operator-services.ts';
import { checkItem } from '../upgrades/previous-release.ts';

const day = 86_400_000;
const key = { id: sesMessageId, delivery: '0000' };

interface Note {
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A stack, with the facts of its log lines. */
interface Stack {
  readonly services: CapturingOperatorServices;
  readonly notes: Note[];
  receive(value: unknown, received?: number): Promise<void>;
  item(): Promise<DeliveryItem>;
  sweep(): Promise<void>;
}

function makeStack(parameters: Readonly<Record<string, string>> = {}): Stack {
  const notes: Note[] = [];
  const base = operatorServices(parameters);
  base.bodies.keepsVersions = true;
  base.bodies.put(`ses/${sesMessageId}`, 'Subject: x\r\n\r\nhello\r\n');
  const log = {
    ...base.log,
    note: (level: string, message: string, facts: Note['facts']) => void notes.push({ level, message, facts }),
  };
  const services: CapturingOperatorServices = { ...base, log };
  const admission = {
    transportMap: parseTransportMap('example.com lmtp:inet:one.test\nexample.net lmtp:inet:two.test', 'lmtp', 24),
    allowedDestinations: new Set<string>(),
    allowedBuckets: new Set(['messages']),
    ...{ messageBucket: 'messages', objects: services.bodies, contents: services.bodies },
  };
  return {
    services,
    notes,
    receive: async (value, received = 1) => {
      const body = JSON.stringify(value);
      await admit({ messageId: 'sqs-1', body, sent: services.clock.wall - 250, received }, admission, services);
    },
    item: async () => {
      const item = await services.ledger.read(key);
      assert.ok(item !== undefined);
      return item;
    },
    sweep: async () => void (await sweep(sweepInterval, services, () => true)),
  };
}

const virus: SesMail = { receipt: { virusVerdict: { status: 'FAIL' } } };
const spam: SesMail = { receipt: { spamVerdict: { status: 'FAIL' } } };
const both: SesMail = { receipt: { virusVerdict: { status: 'FAIL' }, spamVerdict: { status: 'FAIL' } } };

function rejects({ services }: Stack): readonly RejectEvent[] {
  return services.published.filter((event) => event.eventType === 'Reject');
}

describe('what becomes of mail', () => {
  type Row = readonly [what: string, mail: SesMail, parameters: Record<string, string>, state: string, because: RegExp];
  const rows: readonly Row[] = [
    ['without a finding is delivered', {}, {}, 'active', /^$/],
    [
      'with spam is delivered by default',
      spam,
      {},
      'active',
      /^delivered nevertheless: Amazon SES's spamVerdict is FAIL$/,
    ],
    ['with a virus is held by default', virus, {}, 'held', /^held for a verdict .*virusVerdict is FAIL$/],
    ['with spam is held with ses_spam_action=hold', spam, { ses_spam_action: 'hold' }, 'held', /spamVerdict is FAIL$/],
    [
      'with a virus is delivered with ses_virus_action=deliver',
      virus,
      { ses_virus_action: 'deliver' },
      'active',
      /^delivered nevertheless/,
    ],
    ['with spam is bounced with ses_spam_action=bounce', spam, { ses_spam_action: 'bounce' }, 'done', /^$/],
    [
      'with a virus is discarded with ses_virus_action=discard',
      virus,
      { ses_virus_action: 'discard' },
      'done',
      /^discarded for a verdict/,
    ],
    [
      'with both is held, whatever happens to spam',
      both,
      { ses_spam_action: 'discard' },
      'held',
      /virusVerdict and spamVerdict are FAIL$/,
    ],
    [
      'with both is discarded if only spam has an action',
      both,
      { ses_virus_action: 'deliver', ses_spam_action: 'discard' },
      'done',
      /^discarded/,
    ],
  ];
  for (const [what, mail, parameters, state, because] of rows) {
    test(what, async () => {
      const stack = makeStack(parameters);
      await stack.receive(sesNotification(mail));
      assert.equal((await stack.item()).state, state);
      assert.match(stack.notes.map(({ message, facts }) => `${message}: ${facts['reason']}`).join('\n'), because);
      assert.deepEqual(stack.services.activated, state === 'active' ? [`${sesMessageId}/0000 1`] : []);
      assert.deepEqual(stack.services.notices, []);
    });
  }

  for (const status of ['GRAY', 'PROCESSING_FAILED']) {
    test(`with the verdict ${status} is delivered whatever the actions are, with a warning`, async () => {
      const stack = makeStack({ ses_spam_action: 'discard', ses_virus_action: 'bounce' });
      await stack.receive(sesNotification({ receipt: { virusVerdict: { status } } }));
      assert.equal((await stack.item()).state, 'active');
      assert.deepEqual(
        stack.notes.map(({ level, message, facts }) => [level, message, facts['reason']]),
        [['warn', 'delivered without a verdict', `Amazon SES's virusVerdict is ${status}`]],
      );
    });
  }

  test('that a producer requests is delivered, whatever it says of other checks', async () => {
    const stack = makeStack();
    const message = { bucket: 'messages', key: `ses/${sesMessageId}` };
    const authentication = { spam: 'FAIL', virus: 'FAIL' };
    await stack.receive({
      version: 1,
      id: sesMessageId,
      sender: 'a@x',
      recipients: ['bob@example.com'],
      message,
      authentication,
    });
    assert.equal((await stack.item()).state, 'active');
  });
});

describe('mail that is held for a verdict', () => {
  test('says why, until when, and what happens then: in the log, to explain, queue and status', async () => {
    const stack = makeStack({ ses_hold_time: '2d' });
    const { services } = stack;
    const { wall } = services.clock;
    await stack.receive(sesNotification(virus));
    const item = await stack.item();
    const reason = "Amazon SES's virusVerdict is FAIL";
    assert.deepEqual(item.holds, [
      { id: 'ses-virus', reason, by: 'qmgr', since: wall, until: wall + 2 * day, atEnd: 'drop' },
    ]);
    assert.deepEqual(
      stack.notes.map(({ facts }) => facts),
      [
        {
          ...key,
          sender: 'alice@example.org',
          recipients: ['bob@example.com'],
          reason,
          until: '2026-11-24T08:00:00.000Z',
        },
      ],
    );
    const story = await explainMessage(sesMessageId, services);
    assert.ok(story !== undefined);
    const text = messageAsText(story).join('\n');
    assert.match(text, /verdicts {2}spf PASS, dkim GRAY, dmarc FAIL, spam PASS, virus FAIL/);
    assert.match(text, /held, not tried yet; until 2026-11-24T08:00:00Z \(in 2d\), then dropped unless it is released/);
    assert.match(
      text,
      /held \(ses-virus\) by qmgr since .*, until 2026-11-24T08:00:00Z, then dropped: Amazon SES's virusVerdict is FAIL/,
    );
    assert.match(text, /lambda-lmtp release/);
    assert.partialDeepStrictEqual(messageAsJson(story), {
      deliveries: [{ authentication: { virus: 'FAIL' }, holds: [{ id: 'ses-virus', atEnd: 'drop' }] }],
    });
    const entry = entryOf(item);
    for (const lines of [
      listedAsText({ kind: 'delivery', entry }, wall),
      [listedAsBrief({ kind: 'delivery', entry }, wall)],
    ]) {
      assert.match(
        lines.join('\n'),
        /held: Amazon SES's virusVerdict is FAIL, until 2026-11-24T08:00:00Z, then dropped/,
      );
    }
    services.clock.advance(day);
    const report = await assess({ lateAfter: 3_600_000 }, services, {
      read: async () => ({ depths: [], unreachable: [] }),
    });
    assert.deepEqual([report.isWell, report.late.deliveries, report.held.deliveries], [true, 0, 1], 'it is not late');
    assert.match(
      [...statusAsText(report, 3_600_000)].join('\n'),
      /Dropped unless released: 1 held delivery, the first \(.*\) in 1d/,
    );
    assert.partialDeepStrictEqual(statusAsJson(report), { dropping: { deliveries: 1 } });
  });

  test('is dropped when the hold ends, with a log line and an event, and the sender is not told', async () => {
    const stack = makeStack();
    const { services } = stack;
    await stack.receive(sesNotification(virus));
    services.clock.advance(14 * day - 1);
    await stack.sweep();
    assert.equal((await stack.item()).state, 'held');
    services.clock.advance(1);
    await stack.sweep();
    const text = "held since 2026-11-22T08:00:00.000Z and dropped: Amazon SES's virusVerdict is FAIL";
    const item = await stack.item();
    assert.partialDeepStrictEqual(item, {
      state: 'done',
      recipients: [{ last: { status: 'removed', dsn: '5.7.1', text, attempt: 0 } }],
      pending: {},
    });
    assert.ok(!('holds' in item));
    assert.partialDeepStrictEqual(rejects(stack), [
      {
        reject: { reason: 'Bad content' },
        mail: { source: 'alice@example.org', messageId: sesMessageId },
        lmtp: { kind: 'reject', recipients: [{ address: 'bob@example.com', status: '5.7.1', text }] },
      },
    ]);
    assert.equal(services.published.length, 1);
    assert.deepEqual(services.lines, []);
    assert.deepEqual(
      stack.notes
        .filter(({ message }) => message.startsWith('dropped'))
        .map(({ level, facts }) => [level, facts['recipients']]),
      [['warn', ['bob@example.com']]],
    );
    await stack.sweep();
    assert.equal(services.published.length, 1, 'once');
  });

  test('is not dropped while its event cannot be written: the sweep repeats it', async () => {
    const stack = makeStack();
    const { services } = stack;
    await stack.receive(sesNotification(virus));
    services.clock.advance(14 * day);
    const failing = { ...services, events: { publish: async () => Promise.reject(new Error('SNS is down')) } };
    await sweep(sweepInterval, failing, () => true);
    assert.deepEqual([(await stack.item()).state, services.published.length], ['done', 0]);
    services.clock.advance(sweepInterval);
    await stack.sweep();
    assert.equal(rejects(stack).length, 1);
  });

  test('is delivered if an operator releases it, and the end of its hold no longer matters', async () => {
    const stack = makeStack();
    const { services } = stack;
    await stack.receive(sesNotification(virus));
    const order = { by: 'arn:aws:iam::1:user/op', why: 'false alarm' };
    assert.equal((await releaseMessage(key, order, services)).kind, 'changed');
    assert.equal((await stack.item()).state, 'queued');
    services.clock.advance(20 * day);
    await stack.sweep();
    assert.deepEqual([(await stack.item()).state, rejects(stack).length], ['queued', 0]);
  });

  test('stays while an operator holds it for longer, and is dropped when that hold ends', async () => {
    const stack = makeStack();
    const { services } = stack;
    await stack.receive(sesNotification(virus));
    const order = { by: 'arn:aws:iam::1:user/op', why: 'to be examined' };
    const until = services.clock.wall + 20 * day;
    await holdMessage(key, { ...order, hold: 'examine', until }, services);
    services.clock.advance(15 * day);
    await stack.sweep();
    assert.partialDeepStrictEqual(await stack.item(), { state: 'held', due: until });
    services.clock.advance(5 * day);
    await stack.sweep();
    assert.deepEqual([(await stack.item()).state, rejects(stack).length], ['done', 1]);
  });

  test('is dropped at once if an operator removes the last hold that kept it beyond its own', async () => {
    const stack = makeStack();
    const { services } = stack;
    await stack.receive(sesNotification(virus));
    const order = { by: 'arn:aws:iam::1:user/op', why: 'examined' };
    await holdMessage(key, { ...order, hold: 'examine' }, services);
    services.clock.advance(15 * day);
    await stack.sweep();
    assert.equal((await stack.item()).state, 'held');
    assert.ok(!('due' in (await stack.item())), 'nothing ends by itself');
    await releaseMessage(key, { ...order, hold: 'examine' }, services);
    await stack.sweep();
    assert.deepEqual([(await stack.item()).state, rejects(stack).length], ['done', 1]);
  });

  test('is admitted once, and logged again if SQS delivers its message again', async () => {
    const stack = makeStack();
    await stack.receive(sesNotification(virus));
    await stack.receive(sesNotification(virus), 2);
    assert.equal(stack.services.ledger.items.length, 1);
    assert.equal(stack.notes.filter(({ message }) => message === 'held for a verdict of Amazon SES').length, 2);
  });

  test('bounces no recipient to its sender, not even one whose address cannot be used', async () => {
    const stack = makeStack();
    await stack.receive(sesNotification({ ...virus, recipients: ['bob@example.com', 'b@exam ple.com'] }));
    const [event] = stack.services.published;
    assert.partialDeepStrictEqual(event, { notificationType: 'Bounce', lmtp: { recipients: [{ notify: ['NEVER'] }] } });
  });
});

describe('mail that is bounced for a verdict', () => {
  test('has a line in the delivery log and a bounce, in the words of SES', async () => {
    const stack = makeStack({ ses_spam_action: 'bounce' });
    await stack.receive(sesNotification({ ...spam, recipients: ['bob@example.com', 'dave@example.net'] }));
    const text = "message content rejected: Amazon SES's spamVerdict is FAIL";
    assert.deepEqual(
      stack.services.lines.map(({ recipient, status, dsn, text: said, relay }) => [
        recipient,
        status,
        dsn,
        said,
        relay,
      ]),
      [
        ['bob@example.com', 'bounced', '5.7.1', text, null],
        ['dave@example.net', 'bounced', '5.7.1', text, null],
      ],
    );
    assert.partialDeepStrictEqual(stack.services.published, [
      {
        bounce: {
          bounceType: 'Transient',
          bounceSubType: 'ContentRejected',
          bouncedRecipients: [
            { emailAddress: 'bob@example.com', status: '5.7.1', diagnosticCode: `X-Postfix; ${text}` },
          ],
        },
        lmtp: { authentication: { spam: 'FAIL' } },
      },
      { bounce: { bouncedRecipients: [{ emailAddress: 'dave@example.net' }] } },
    ]);
  });
});

describe('mail that is discarded for a verdict', () => {
  test('leaves a line in the log and an event, and its sender is not told', async () => {
    const stack = makeStack({ ses_virus_action: 'discard' });
    await stack.receive(sesNotification(virus));
    const text = "discarded: Amazon SES's virusVerdict is FAIL";
    assert.partialDeepStrictEqual(await stack.item(), {
      state: 'done',
      recipients: [{ last: { status: 'removed', text } }],
    });
    assert.partialDeepStrictEqual(rejects(stack), [
      { lmtp: { recipients: [{ address: 'bob@example.com', status: '5.7.1', text }] } },
    ]);
    assert.equal(stack.services.published.length, 1);
    assert.partialDeepStrictEqual(stack.notes, [
      { level: 'warn', facts: { ...key, sender: 'alice@example.org', recipients: ['bob@example.com'], reason: text } },
    ]);
    const story = await explainMessage(sesMessageId, stack.services);
    assert.ok(story !== undefined);
    assert.match(
      messageAsText(story).join('\n'),
      /<bob@example\.com>: removed, before the first attempt, .*\n *5\.7\.1 discarded: Amazon SES/,
    );
  });
});

describe('mail inside a notification', () => {
  const mail = 'Subject: caf\u00e9\r\n\r\nhello\r\n';
  const notification = (given: SesMail = {}, text = Buffer.from(mail).toString('base64')) => ({
    ...sesNotification({ ...given, action: { type: 'SNS', encoding: 'BASE64' } }),
    content: text,
  });

  test('is stored, and admitted as any other mail', async () => {
    const stack = makeStack();
    await stack.receive(notification());
    const item = await stack.item();
    assert.partialDeepStrictEqual(item, { state: 'active', sender: 'alice@example.org' });
    assert.match(item.message.key, new RegExp(`^notified/${sesMessageId}/[0-9a-f]{32}\\.eml$`));
    const { open } = await stack.services.bodies.load(item.message);
    assert.equal(String(Buffer.concat(await Array.fromAsync(open()))), mail);
  });

  test('is stored and admitted once, however often SQS delivers it, even after its body was deleted', async () => {
    const stack = makeStack();
    const { bodies, ledger } = stack.services;
    await stack.receive(notification());
    await stack.receive(notification(), 2);
    const item = await stack.item();
    await ledger.move('finishUnclaimed', item, { due: null });
    assert.equal(await bodies.discard(item.message), true);
    await stack.receive(notification(), 3);
    assert.equal(ledger.items.length, 1);
    await assert.rejects(
      bodies.pin({ bucket: 'messages', key: item.message.key }),
      /there is no object/,
      'not stored again',
    );
    assert.deepEqual(stack.services.notices, []);
  });

  test('is one mail for all rules that match it, and each recipient gets the content of its own rule', async () => {
    const stack = makeStack();
    await stack.receive(notification({ recipients: ['bob@example.com'] }));
    const other = Buffer.from(`X-Rule: two\r\n${mail}`).toString('base64');
    await stack.receive(notification({ recipients: ['bob@example.com', 'carol@example.com'] }, other));
    assert.deepEqual(
      stack.services.ledger.items.map(({ id, recipients, message }) => [
        id,
        recipients.map(({ address }) => address),
        message.size,
      ]),
      [
        [sesMessageId, ['bob@example.com'], Buffer.byteLength(mail)],
        [sesMessageId, ['carol@example.com'], Buffer.byteLength(mail) + 13],
      ],
    );
  });

  test('stays in incoming while it cannot be stored', async () => {
    const stack = makeStack();
    stack.services.bodies.trouble = new Error('slow down');
    await assert.rejects(stack.receive(notification()), /slow down/);
    assert.deepEqual([stack.services.notices, stack.services.ledger.items], [[], []]);
  });

  test('is subject to the verdicts too', async () => {
    const stack = makeStack();
    await stack.receive(notification(virus));
    assert.equal((await stack.item()).state, 'held');
  });
});

test('the release before can read mail that is held, bounced or discarded for a verdict', async () => {
  for (const [mail, action] of [
    [virus, 'hold'],
    [virus, 'bounce'],
    [virus, 'discard'],
  ] as const) {
    const stack = makeStack({ ses_virus_action: action });
    await stack.receive(sesNotification(mail));
    const item = await stack.item();
    const stored = Object.entries({ ...item, ...indexAttributes(item) }).filter(([, value]) => value !== null);
    checkItem(Object.fromEntries(stored));
  }
});

test('fields that were left out are in the log, and the mail is admitted', async () => {
  const stack = makeStack();
  await stack.receive(sesNotification({ receipt: { dmarcVerdict: {}, spamVerdict: null } }));
  assert.equal((await stack.item()).state, 'active');
  const [note] = stack.notes;
  assert.partialDeepStrictEqual(note, {
    level: 'warn',
    message: 'fields left out that cannot be used',
    facts: { id: sesMessageId, message: 'sqs-1' },
  });
  assert.deepEqual(note?.facts['fields'], [
    'receipt.dmarcVerdict.status: is missing; expected PASS, FAIL, GRAY, PROCESSING_FAILED or DISABLED',
    'receipt.spamVerdict: null is not an object',
  ]);
});
