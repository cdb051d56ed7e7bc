import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  arrivalTolerance,
  type DeliveryRequest,
  parseRequest,
  type RequestRules,
} from '../../functions/request/request.ts';
import { RequestError } from '../../functions/request/request-error.ts';
import { findControl } from '../../functions/smtp/control-characters.ts';

const now = Date.UTC(2026, 10, 22, 8);
const rules: RequestRules = { allowFiles: false, defaultPort: 24, now };

const smallest = {
  version: 1,
  sender: 'alice@example.org',
  recipients: ['bob@example.com'],
  message: { bucket: 'mail', key: 'in/4bXq1.eml' },
} as const;

const largest = {
  ...smallest,
  id: '4bXq1',
  arrival: '2026-11-22T08:00:00Z',
  recipients: [
    'bob@example.com',
    {
      address: 'carol@example.com',
      original: 'c@example.com',
      notify: ['FAILURE', 'DELAY'],
      orcpt: 'rfc822;c@example.com',
    },
  ],
  message: { bucket: 'mail', key: 'in/4bXq1.eml', versionId: 'v1' },
  destination: 'inet:lmtp.internal:24',
  body: '8BITMIME',
  smtputf8: false,
  dsn: { ret: 'HDRS', envid: 'QQ314159' },
  authentication: { spf: 'PASS', dkim: 'PASS', dmarc: 'PASS' },
} as const;

const parse = (request: unknown, given: Partial<RequestRules> = {}): DeliveryRequest =>
  parseRequest(typeof request === 'string' ? request : JSON.stringify(request), { ...rules, ...given });

/** Returns the fault of a request: the field, and the text. */
function fault(request: unknown, given?: Partial<RequestRules>): RequestError {
  try {
    parse(request, given);
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    assert.ok(error.message.startsWith(`${error.field}: `), `the words begin with the field: ${error.message}`);
    return error;
  }
  return assert.fail(`accepted: ${JSON.stringify(request)}`);
}

test('a request needs only version, sender, recipients and message', () => {
  assert.deepEqual(parse(smallest), {
    sender: 'alice@example.org',
    recipients: [{ address: 'bob@example.com' }],
    message: { bucket: 'mail', key: 'in/4bXq1.eml' },
  });
});

test('a request accepts all these fields', () => {
  const { version: _, ...said } = largest;
  assert.deepEqual(parse(largest), {
    ...said,
    arrival: now,
    recipients: [{ address: 'bob@example.com' }, largest.recipients[1]],
  });
});

test('the null sender is a sender', () => {
  assert.equal(parse({ ...smallest, sender: '' }).sender, '');
});

describe('each required field', () => {
  for (const field of ['version', 'sender', 'recipients', 'message'] as const) {
    test(`${field}: a request without it is refused, and the error names it`, () => {
      const { [field]: _, ...others } = smallest;
      const error = fault(others);
      assert.equal(error.field, field);
      assert.match(error.message, /is missing; expected/);
    });
  }
});

describe('each field, wrong: the error names field and value', () => {
  const wrong: readonly (readonly [string, unknown, string?])[] = [
    ['version', 2],
    ['version', '1'],
    ['version', null],
    ['id', ''],
    ['id', 'a b'],
    ['id', 'a/b'],
    ['id', '../x'],
    ['id', 'x'.repeat(81)],
    ['id', 7],
    ['id', null],
    ['arrival', 'yesterday'],
    ['arrival', '2026-11-22'],
    ['arrival', '2026-11-22 08:00:00Z'],
    ['arrival', '2026-11-22T08:00:00'],
    ['arrival', '2026-13-22T08:00:00Z'],
    ['arrival', '2026-11-22T25:00:00Z'],
    ['arrival', '2026-11-22T24:00:00Z'],
    ['arrival', '2026-02-30T08:00:00Z'],
    ['arrival', '2026-11-22T08:00:00+24:00'],
    ['arrival', 1_700_000_000],
    ['sender', null],
    ['sender', 7],
    ['sender', ['alice@x']],
    ['sender', '<alice@example.org>'],
    ['sender', 'alice\r\nRCPT TO:<x>@example.org'],
    ['sender', 'alice@example.org> AUTH=<>'],
    ['recipients', []],
    ['recipients', 'bob@example.com'],
    ['recipients', {}],
    ['recipients', null],
    ['recipients', [7], 'recipients[0]'],
    ['recipients', ['a@x', null], 'recipients[1]'],
    ['recipients', [['a@x']], 'recipients[0]'],
    ['recipients', [{}], 'recipients[0].address'],
    ['recipients', [{ address: null }], 'recipients[0].address'],
    ['recipients', [{ address: 'a@x', original: 7 }], 'recipients[0].original'],
    ['recipients', [{ address: 'a@x', original: 'b\n@x' }], 'recipients[0].original'],
    ['recipients', [{ address: 'a@x', notify: [] }], 'recipients[0].notify'],
    ['recipients', [{ address: 'a@x', notify: 'NEVER' }], 'recipients[0].notify'],
    ['recipients', [{ address: 'a@x', notify: ['never'] }], 'recipients[0].notify'],
    ['recipients', [{ address: 'a@x', notify: ['NEVER', 'DELAY'] }], 'recipients[0].notify'],
    ['recipients', [{ address: 'a@x', notify: ['DELAY', 'DELAY'] }], 'recipients[0].notify'],
    ['recipients', [{ address: 'a@x', orcpt: 'a@x' }], 'recipients[0].orcpt'],
    ['recipients', [{ address: 'a@x', orcpt: 'rfc822;' }], 'recipients[0].orcpt'],
    ['recipients', [{ address: 'a@x', orcpt: 'rfc 822;a@x' }], 'recipients[0].orcpt'],
    ['recipients', [{ address: 'a@x', orcpt: 'rfc822;a@x\0' }], 'recipients[0].orcpt'],
    ['message', 'in/x.eml'],
    ['message', null],
    ['message', []],
    ['message', {}, 'message.bucket'],
    ['message', { bucket: '', key: 'k' }, 'message.bucket'],
    ['message', { bucket: 'b' }, 'message.key'],
    ['message', { bucket: 'b', key: 7 }, 'message.key'],
    ['message', { bucket: 'b', key: 'k', versionId: '' }, 'message.versionId'],
    ['message', { file: '/etc/passwd' }, 'message.bucket'],
    ['destination', ''],
    ['destination', 7],
    ['destination', 'inet:host:25'],
    ['destination', 'inet:host:24:24'],
    ['body', '8bitmime'],
    ['body', 'BINARYMIME'],
    ['body', null],
    ['smtputf8', 'no'],
    ['smtputf8', 0],
    ['dsn', null],
    ['dsn', 'FULL'],
    ['dsn', { ret: 'full' }, 'dsn.ret'],
    ['dsn', { envid: '' }, 'dsn.envid'],
    ['dsn', { envid: 'a\tb' }, 'dsn.envid'],
    ['dsn', { envid: 'x'.repeat(101) }, 'dsn.envid'],
    ['authentication', null],
    ['authentication', ['PASS']],
    ['authentication', { spf: true }, 'authentication.spf'],
    ['authentication', { 'spf\u202e': 'PASS' }],
    ['authentication', { spf: 'PASS\r\n' }, 'authentication.spf'],
  ];
  for (const [field, value, path = field] of wrong) {
    test(`${field}: ${JSON.stringify(value).slice(0, 60)}`, () => {
      const error = fault({ ...largest, [field]: value });
      assert.equal(error.field, path);
    });
  }
  test('a value is shown literally, truncated if it is long', () => {
    assert.match(
      fault({ ...smallest, body: '9BIT' }).message,
      /^body: "9BIT" is not allowed; expected 7BIT or 8BITMIME/,
    );
    assert.ok(fault({ ...smallest, id: 'x'.repeat(100_000) }).message.length < 300);
    assert.ok(fault({ ...smallest, destination: `inet:${'x'.repeat(100_000)}:` }).message.length <= 1000);
    assert.ok(fault({ ...smallest, ['x'.repeat(100_000)]: 1 }).message.length <= 1000);
  });
});

describe('an unknown field is refused, and the error names it, at every level', () => {
  for (const [request, field] of [
    [{ ...smallest, priority: 1 }, 'priority'],
    [{ ...smallest, Sender: 'x' }, 'Sender'],
    [{ ...smallest, recipients: [{ address: 'a@x', adress: 'a@x' }] }, 'recipients[0].adress'],
    [{ ...smallest, message: { bucket: 'b', key: 'k', region: 'eu' } }, 'message.region'],
    [{ ...smallest, message: { bucket: 'b', key: 'k', file: '/x' } }, 'message.file'],
    [{ ...smallest, dsn: { return: 'FULL' } }, 'dsn.return'],
  ] as const) {
    test(field, () => {
      const error = fault(request);
      assert.equal(error.field, field);
      assert.match(error.message, /is not a field; allowed are /);
    });
  }
  test('names of JavaScript too', () => {
    assert.equal(fault(`{"__proto__": 1, ${JSON.stringify(smallest).slice(1)}`).field, '__proto__');
    assert.equal(fault({ ...smallest, constructor: 1 }).field, 'constructor');
  });
  test('but upstream checks may have any names', () => {
    const text = JSON.stringify({ ...smallest, authentication: { spf: 'PASS' } }).replace('"spf"', '"__proto__"');
    assert.deepEqual(Object.entries(parse(text).authentication ?? {}), [['__proto__', 'PASS']]);
  });
});

describe('a field that is given twice is refused by name', () => {
  for (const [text, field] of [
    [`{"sender": "mallory@example.org", ${JSON.stringify(smallest).slice(1)}`, 'sender'],
    [JSON.stringify(smallest).replace('"key"', '"key":"in/other","key"'), 'message.key'],
    [
      JSON.stringify(smallest).replace('"bob@example.com"', '{"address":"a@x","addr\\u0065ss":"b@x"}'),
      'recipients[0].address',
    ],
  ] as const) {
    test(field, () => {
      const error = fault(text);
      assert.equal(error.field, field);
      assert.match(error.message, /"(?:sender|key|address)" is given twice \(line 1 column \d+\)$/);
    });
  }
});

test('anything but a JSON object is refused as such', () => {
  for (const text of ['', '{', 'null', '[]', '"x"', '7', 'hello']) assert.equal(fault(text).field, 'request', text);
});

test('no error moves the cursor or breaks a line, whatever the request contains', () => {
  for (const request of [
    { ...smallest, 'a\u0000b\r\n\u001b[2J\u009b\u202e': 1 },
    { ...smallest, body: '\u0000\r\n\u001b[2J\u009b\u202e\u2028' },
    { ...smallest, destination: 'inet:\u0000\r\n\u001b[2J\u009b\u202e' },
    { ...smallest, sender: '\u202e\u009b\u001b' },
    '\u001b[2J\u009b\u202e\u0000',
  ]) {
    const { message, field } = fault(request);
    assert.equal(findControl(message), undefined, JSON.stringify(message));
    assert.equal(findControl(field), undefined);
  }
});

test('an unusable address affects only its recipient', () => {
  const { recipients } = parse({
    ...smallest,
    recipients: ['a@x', '', { address: 'b\n@x', notify: ['NEVER'] }, '<c@x>'],
  });
  assert.deepEqual(
    recipients.map(({ address, fault: found }) => [address, found === undefined]),
    [
      ['a@x', true],
      ['', false],
      ['b\n@x', false],
      ['<c@x>', false],
    ],
  );
});

describe('the arrival', () => {
  const arrival = (text: string) => parse({ ...smallest, arrival: text }).arrival;
  test('is an RFC 3339 time, with any offset and any fraction', () => {
    for (const text of [
      '2026-11-22T08:00:00Z',
      '2026-11-22t08:00:00z',
      '2026-11-22T09:30:00+01:30',
      '2026-11-22T08:00:00.000Z',
    ]) {
      assert.equal(arrival(text), now, text);
    }
    assert.equal(arrival('2026-11-22T07:59:59.5Z'), now - 500);
  });
  test('may be in the far past, and ahead by a difference of clocks', () => {
    assert.ok((arrival('2001-01-01T00:00:00Z') ?? now) < now);
    assert.equal(arrival('2026-11-22T08:05:00Z'), now + arrivalTolerance);
    assert.match(fault({ ...smallest, arrival: '2026-11-22T08:05:01Z' }).message, /in the future/);
  });
});

test('a file is a message only where files are allowed', () => {
  const request = { ...smallest, message: { file: '/tmp/x.eml' } };
  assert.deepEqual(parse(request, { allowFiles: true }).message, { file: '/tmp/x.eml' });
  assert.equal(fault(request).field, 'message.bucket');
  assert.deepEqual(parse(smallest, { allowFiles: true }).message, smallest.message);
  assert.equal(fault({ ...smallest, message: { file: '/x', key: 'k' } }, { allowFiles: true }).field, 'message.key');
});

test('any other JSON raises a RequestError and no other error', () => {
  const anyField = fc.constantFrom(
    ...Object.keys(largest),
    'address',
    'notify',
    'bucket',
    'key',
    'file',
    'ret',
    '__proto__',
  );
  const anything = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc
      .tuple(anyField, fc.jsonValue({ maxDepth: 3 }))
      .map(([field, value]) => JSON.stringify({ ...largest, [field]: value })),
    fc.dictionary(anyField, fc.jsonValue()).map((fields) => JSON.stringify(fields)),
  );
  fc.assert(
    fc.property(anything, fc.boolean(), (text, allowFiles) => {
      try {
        const { recipients } = parse(text, { allowFiles });
        assert.ok(recipients.length > 0);
      } catch (error) {
        assert.ok(error instanceof RequestError, String(error));
        assert.ok(error.message.length < 2000);
      }
    }),
    { numRuns: 3000 },
  );
});
