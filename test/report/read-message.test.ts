/**
 * Messages of the bounce queue: ours are read, with SNS's envelope or without; any other is refused, and its
 * field is named.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readTopicMessage } from '../../functions/report/read-message.ts';
import { RequestError } from '../../functions/request/request-error.ts';
import { makeNotice } from '../support/notice.ts';
import { bounced, delayed, only, served } from '../support/report-events.ts';

const recipients = [
  { address: 'bob@x', original: 'b@x', orcpt: 'rfc822;b@x', notify: ['FAILURE', 'SUCCESS', 'DELAY'] as const },
];
const item = { dsn: { ret: 'HDRS', envid: 'QQ' }, smtputf8: true, authentication: { spf: 'PASS' } } as const;
const events = [
  only(bounced({ recipients, item })),
  only(delayed({ recipients, item, attempt: 3 })),
  only(served({ recipients, item })),
  only(bounced({ item: { sender: '', destination: '' }, attempt: 0 })),
];

describe('an event of ours is read unchanged:', () => {
  for (const event of events) {
    const name = `${event.lmtp.kind}, attempt ${event.lmtp.attempt}`;
    test(`raw: ${name}`, () => {
      assert.deepEqual(readTopicMessage(JSON.stringify(event)), { kind: 'event', event });
    });
    test(`in SNS's envelope: ${name}`, () => {
      const envelope = { Type: 'Notification', MessageId: 'm', TopicArn: 'arn', Message: JSON.stringify(event) };
      assert.deepEqual(readTopicMessage(JSON.stringify(envelope)), { kind: 'event', event });
    });
  }
});

test('a reject event is recognised: it causes no report, because its sender may be forged', () => {
  const lmtp = { id: '4bXq1', kind: 'reject', recipients: [] };
  const read = readTopicMessage(JSON.stringify({ eventType: 'Reject', reject: { reason: 'Bad content' }, lmtp }));
  assert.deepEqual(read, { kind: 'no report', id: '4bXq1', eventType: 'Reject' });
});

test('a notice is recognised as one', () => {
  const notice = makeNotice();
  assert.deepEqual(readTopicMessage(JSON.stringify(notice)), { kind: 'notice', notice });
});

describe('a foreign message is refused, and its field is named:', () => {
  const broken = (change: (event: Record<string, Record<string, unknown>>) => void) => {
    const event = structuredClone(events[0]) as unknown as Record<string, Record<string, unknown>>;
    change(event);
    return JSON.stringify(event);
  };
  for (const [body, fault] of [
    ['', /^message: is not JSON$/],
    ['null', /^message: is not an object$/],
    ['"x"', /^message: is not an object$/],
    ['{}', /^mail: is missing/],
    [JSON.stringify({ Type: 'Notification', Message: 'hello' }), /^message: is not JSON$/],
    [broken((event) => delete event['lmtp']), /^lmtp: is missing/],
    [
      broken((event) => Object.assign(event['lmtp'] ?? {}, { kind: 'complaint' })),
      /^lmtp\.kind: "complaint" is not allowed/,
    ],
    [broken((event) => Object.assign(event['lmtp'] ?? {}, { attempt: -1 })), /^lmtp\.attempt: -1 is not allowed/],
    [
      broken((event) => Object.assign(event['lmtp'] ?? {}, { recipients: [{}] })),
      /^lmtp\.recipients\[0\]\.address: is missing/,
    ],
    [
      broken((event) => Object.assign(event['lmtp'] ?? {}, { recipients: [] })),
      /^bouncedRecipients: has 1 recipients, lmtp\.recipients 0$/,
    ],
    [
      broken((event) => Object.assign(event['mail'] ?? {}, { timestamp: 'noon' })),
      /^mail\.timestamp: "noon" is not allowed/,
    ],
    [JSON.stringify({ ...makeNotice(), class: 'weather' }), /^class: "weather" is not allowed/],
    [JSON.stringify({ ...makeNotice(), count: 0 }), /^count: 0 is not allowed/],
  ] as const) {
    test(String(fault), () => {
      assert.throws(() => readTopicMessage(body), { name: 'RequestError', message: fault });
    });
  }
});

test('any message is read, or refused; nothing else is thrown', () => {
  const readOrRefused = (body: string) => {
    try {
      readTopicMessage(body);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
    }
  };
  fc.assert(fc.property(fc.string(), readOrRefused));
  fc.assert(fc.property(fc.json(), readOrRefused));
  const paths = events.flatMap((event) => pathsOf(event).map((path) => [event, path] as const));
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), ([event, path], value) => {
      const changed: unknown = structuredClone(event);
      put(changed, path, value);
      readOrRefused(JSON.stringify(changed));
    }),
    { numRuns: 1000 },
  );
});

/** Returns every place in a value. */
function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]))].filter(
    ({ length }) => length > 0,
  );
}

function put(target: unknown, [name = '', ...rest]: readonly string[], value: unknown): void {
  const object = target as Record<string, unknown>;
  if (rest.length === 0) object[name] = value;
  else put(object[name], rest, value);
}
