/** Tables of passwords, as text and as JSON: their content, and the errors of unusable ones. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Credentials } from '../../functions/sasl/credentials.ts';
import { readPasswordTable } from '../../functions/secrets/password-table.ts';
import { SecretFault } from '../../functions/secrets/secrets.ts';

const read = (text: string, delimiter = ':') => Object.fromEntries(readPasswordTable(text, 'table', delimiter));
const password = (user: string, secret: string): Credentials => ({ user, secret, kind: 'password' });
const token = (user: string, secret: string): Credentials => ({ user, secret, kind: 'token' });

/** Returns the error of an unusable table. */
function fault(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof SecretFault, String(error));
    assert.equal(error.cause, undefined);
    return error.message;
  }
  return assert.fail(`accepted: ${text}`);
}

describe('as text', () => {
  test("it is Postfix's sasl_passwd: comments, blanks and continuation lines", () => {
    const text = [
      '# host or next-hop    user:password',
      '',
      'mail.example.com      joe:secret',
      '[mail.example.com]:24 joe:other',
      '\t',
      '/run/lmtp.sock',
      '   # not yet',
      '   jane:doe',
    ].join('\n');
    assert.deepEqual(read(text), {
      'mail.example.com': password('joe', 'secret'),
      '[mail.example.com]:24': password('joe', 'other'),
      '/run/lmtp.sock': password('jane', 'doe'),
    });
  });

  test('it may have been written on Windows', () => {
    assert.deepEqual(read('\ufeffa.test joe:secret\r\nb.test jane:doe\r\n'), {
      'a.test': password('joe', 'secret'),
      'b.test': password('jane', 'doe'),
    });
  });

  test('keys are folded to lower case, passwords are not', () => {
    assert.deepEqual(read('Mail.Test Joe:SeCret'), { 'mail.test': password('Joe', 'SeCret') });
  });

  test('the first delimiter counts, and a password may contain more of them, and blanks', () => {
    assert.deepEqual(read('a joe:se:cr et:'), { a: password('joe', 'se:cr et:') });
    assert.deepEqual(read('a joe@x:y|secret|', '|'), { a: password('joe@x:y', 'secret|') });
  });

  test('without a delimiter the password is empty', () => {
    assert.deepEqual(read('a joe\nb jane:\nc :'), {
      a: password('joe', ''),
      b: password('jane', ''),
      c: password('', ''),
    });
  });

  test('a value may be an object, which can declare a token', () => {
    assert.deepEqual(read('a {"user": "joe", "token": "eyJ"}\nb {"user":"joe","password":"a b:c"}'), {
      a: token('joe', 'eyJ'),
      b: password('joe', 'a b:c'),
    });
  });

  test('no line that is wrong is passed over', () => {
    assert.match(fault('a joe:secret\nhunter2'), /^table, line 2: write a host or next-hop, blanks and user:password/);
    assert.match(fault('"a joe:hunter2'), /^table, line 1: write a host/);
    assert.equal(fault('# x\na joe:hunter2\nA joe:hunter3'), 'table, line 3: its key already has an entry');
    assert.match(fault('a :hunter2'), /^table, line 1: the user is empty/);
    assert.equal(fault('a joe:hunter\0'), 'table, line 1: the user or the password contains a line end or a NUL');
  });

  test('a table without entries is a fault', () => {
    for (const text of ['', ' \n', '# a joe:secret\n']) assert.equal(fault(text), 'table: it has no entries');
  });
});

describe('as JSON', () => {
  test('values are text or objects', () => {
    const object = {
      'mail.example.com': 'joe:sec:ret',
      '[Other.example.com]:24': { user: 'jane', password: 'x' },
      '10.0.0.7': { user: 'jane', token: 'eyJ' },
      'cert.test': { user: 'joe' },
      'empty.test': { user: '', password: '' },
    };
    assert.deepEqual(read(`\n ${JSON.stringify(object)}`), {
      'mail.example.com': password('joe', 'sec:ret'),
      '[other.example.com]:24': password('jane', 'x'),
      '10.0.0.7': token('jane', 'eyJ'),
      'cert.test': password('joe', ''),
      'empty.test': password('', ''),
    });
  });

  test('a key may have any name', () => {
    const text = '{"__proto__": "joe:secret", "constructor": "jane:doe"}';
    const table = readPasswordTable(text, 'table', ':');
    assert.deepEqual(table.get('__proto__'), password('joe', 'secret'));
    assert.deepEqual(table.get('constructor'), password('jane', 'doe'));
    assert.equal(table.get('toString'), undefined);
  });

  for (const [text, said] of [
    ['{}', 'table: it has no entries'],
    ['{', 'table: a value that begins with { must be a JSON object'],
    ['{"a.test": hunter2}', 'table: a value that begins with { must be a JSON object'],
    ['{"a.test": "joe:hunter2",}', 'table: a value that begins with { must be a JSON object (line 1 column 26)'],
    ['{"a.test": "joe:hunter2"} {', 'table: a value that begins with { must be a JSON object (line 1 column 27)'],
    ['{"user": "joe", "password": "hunter2"}', 'table: it contains a user and a password, but no host; '],
    ['{"username": "joe", "password": "hunter2", "host": "x"}', 'table: it contains a user and a password, but no'],
    ['{"a.test": 7}', 'table, entry "a.test": the value is neither text nor an object; '],
    ['{"[a.test]:24": null}', 'table, entry "[a.test]:24": the value is neither text nor an object; '],
    ['{"x:hunter2": ["joe:hunter2"]}', 'table, entry 1: the value is neither text nor an object; '],
    ['{"a": "b", "": "joe:hunter2"}', 'table, entry 2: its key is empty; '],
    ['{"a.test": {"password": "hunter2"}}', 'table, entry "a.test": "user" is missing or not text; '],
    ['{"a.test": {"user": 7}}', 'table, entry "a.test": "user" is missing or not text; '],
    ['{"a.test": {"user": "joe", "password": 7}}', 'table, entry "a.test": "password" is not text; '],
    ['{"a.test": {"user": "joe", "token": null}}', 'table, entry "a.test": "token" is not text; '],
    ['{"a.test": {"user": "joe", "token": ""}}', 'table, entry "a.test": "token" is empty; '],
    ['{"a.test": {"user": "", "token": "hunter2"}}', 'table, entry "a.test": the user is empty; '],
    [
      '{"a.test": {"user": "j", "token": "hunter2", "password": "hunter2"}}',
      'table, entry "a.test": the object has both',
    ],
    [
      '{"a.test": {"username": "joe", "password": "hunter2"}}',
      'table, entry "a.test": the object has a field other than',
    ],
    ['{"a.test": "joe:hunter2", "a.test": "joe:x"}', 'table: "a.test" is given twice (line 1 column 27)'],
    ['{"hunter2": "a.test",\n"hunter2": "joe:x"}', 'table: a name is given twice (line 2 column 1)'],
    [
      '{"a.test": {"user": "j", "password": "x", "password": "y"}}',
      'table: "password" is given twice (line 1 column 43)',
    ],
    ['{"a.test": "joe:hunter2", "A.test": "joe:x"}', 'table, entry "A.test": its key already has an entry'],
    ['{"a.test": "joe:hunter2\\n"}', 'table, entry "a.test": the user or the password contains a line end or a NUL'],
  ] as const) {
    test(`${text} is a fault`, () => assert.ok(fault(text).startsWith(said), fault(text)));
  }
});

const host = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
const word = fc.stringMatching(/^[!-~]{1,20}$/);

test('every entry of a table is found again, in both forms', () => {
  const user = word.filter((each) => !each.includes(':') && !each.startsWith('{'));
  fc.assert(
    fc.property(fc.uniqueArray(host, { minLength: 1, maxLength: 8 }), user, word, (hosts, user, secret) => {
      const expected = Object.fromEntries(hosts.map((each, index) => [each, password(user, `${secret}${index}`)]));
      const lines = Object.entries(expected).map(([key, { secret }]) => `${key} \t${user}:${secret}`);
      assert.deepEqual(read(lines.join('\n')), expected);
      const texts = Object.entries(expected).map(([key, { secret }]) => [key, `${user}:${secret}`]);
      assert.deepEqual(read(JSON.stringify(Object.fromEntries(texts))), expected);
      const objects = Object.entries(expected).map(([key, { secret }]) => [key, { user, token: secret }]);
      const tokens = Object.entries(expected).map(([key, { secret }]) => [key, token(user, secret)]);
      assert.deepEqual(read(JSON.stringify(Object.fromEntries(objects))), Object.fromEntries(tokens));
    }),
  );
});

/** A text that occurs nowhere else in a table or message. */
const marker = '~hunter2~';

test('a damaged table is read, or is a fault that shows nothing of it', () => {
  const tables = [
    `# passwords\na.test  joe:${marker}\n[b.test]:24 {"user": "joe", "token": "${marker}"}\n`,
    JSON.stringify({ 'a.test': `joe:${marker}`, '[b.test]:24': { user: 'joe', password: marker } }, null, 1),
    `{"a.test": {"user": "joe", "token": "${marker}"}}`,
  ];
  const damage = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(3),
      insert: fc.string({ unit: fc.constantFrom(...'{}[]":,\\ \n\t\r\0#a1'), maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  let faults = 0;
  fc.assert(
    fc.property(fc.constantFrom(...tables), damage, (table, changes) => {
      let text = table;
      for (const { at, remove, insert } of changes) {
        const from = Math.floor(at * text.length);
        text = text.slice(0, from) + insert + text.slice(from + remove);
      }
      try {
        for (const { user, secret } of readPasswordTable(text, 'table', ':').values()) {
          assert.doesNotMatch(user + secret, /[\0\r\n]/);
        }
      } catch (error) {
        assert.ok(error instanceof SecretFault, `${error} of ${JSON.stringify(text)}`);
        assert.doesNotMatch(error.message, /hunter|unter2/, JSON.stringify(text));
        assert.match(error.message, /^table(?:, line \d+|, entry "?[^"]+"?)?: \S/);
        faults += 1;
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(faults > 200, `only ${faults} faults`);
});

test('any other text raises a fault and no other error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      try {
        read(text);
      } catch (error) {
        assert.ok(error instanceof SecretFault, String(error));
      }
    }),
  );
});
