/** Maps of passwords: which map answers for which server, and what may be shown of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Credentials } from '../../functions/sasl/credentials.ts';
import {
  hidePasswords,
  openPasswordMaps,
  type PasswordMapOptions,
} from '../../functions/secrets/open-password-maps.ts';
import { type FetchOptions, type Secret, SecretFault, type SecretStore } from '../../functions/secrets/secrets.ts';

/** Secrets by name, with a record of the requests. */
class Secrets implements SecretStore {
  readonly asked: [string, FetchOptions?][] = [];
  readonly #texts: Readonly<Record<string, string>>;

  constructor(texts: Readonly<Record<string, string>> = {}) {
    this.#texts = texts;
  }

  async fetch(name: string, options?: FetchOptions): Promise<Secret> {
    this.asked.push(options === undefined ? [name] : [name, options]);
    const text = this.#texts[name];
    if (text === undefined) throw new SecretFault(`the secret "${name}" cannot be read`);
    return { text, version: `version of ${name}` };
  }
}

const file = (content: string): PasswordMapOptions => ({ readFile: () => content });
const password = (user: string, secret: string): Credentials => ({ user, secret, kind: 'password' });

async function find(maps: string, keys: readonly string[], options: PasswordMapOptions & { secrets?: Secrets } = {}) {
  return await openPasswordMaps(maps, options).find(keys, options.secrets ?? new Secrets());
}

/** Returns the error of maps that cannot be opened. */
function fault(maps: string, options: PasswordMapOptions = {}): string {
  try {
    openPasswordMaps(maps, options);
  } catch (error) {
    assert.ok(error instanceof SecretFault, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${maps}`);
}

describe('each type of map', () => {
  test('static: the same for every server, colons included', async () => {
    assert.deepEqual(await find('static:joe:se:cret', ['any.test']), {
      credentials: password('joe', 'se:cret'),
      version: 'static',
      source: 'static',
    });
    const braces = await find('static:{ joe:a b, c }', ['x']);
    assert.deepEqual(braces?.credentials, password('joe', 'a b, c'));
  });

  test('static: an object is not a value in braces', async () => {
    const found = await find('static:{ "user": "joe", "token": "a b" }', ['x']);
    assert.deepEqual(found?.credentials, { user: 'joe', secret: 'a b', kind: 'token' });
  });

  test('inline: a table in the parameter', async () => {
    const maps = 'inline:{ A.test=joe:secret, { b.test = jane:a b }, { c.test = {"user": "x", "token": "y"} } }';
    assert.deepEqual(await find(maps, ['a.TEST']), {
      credentials: password('joe', 'secret'),
      version: 'static',
      source: 'inline',
    });
    assert.deepEqual((await find(maps, ['b.test']))?.credentials, password('jane', 'a b'));
    assert.deepEqual((await find(maps, ['c.test']))?.credentials, { user: 'x', secret: 'y', kind: 'token' });
    assert.equal(await find(maps, ['d.test']), undefined);
  });

  test('texthash: a sasl_passwd, which is read when the map is opened', async () => {
    let reads = 0;
    const readFile = (path: string) => {
      assert.equal(path, '/etc/postfix/sasl_passwd');
      reads += 1;
      return 'mail.test joe:secret';
    };
    const maps = openPasswordMaps('texthash:/etc/postfix/sasl_passwd', { readFile });
    for (const key of ['mail.test', 'MAIL.test']) {
      assert.deepEqual(await maps.find([key], new Secrets()), {
        credentials: password('joe', 'secret'),
        version: 'static',
        source: 'texthash:/etc/postfix/sasl_passwd',
      });
    }
    assert.equal(reads, 1);
  });

  test('texthash: a file that is read later must exist at the start', async () => {
    const later = { readFile: () => undefined };
    assert.equal(await find('texthash:/opt/passwords', ['mail.test'], later), undefined);
    assert.equal(await find('regexp:/opt/passwords', ['mail.test'], later), undefined);
  });

  test('regexp: credentials as results, with groups', async () => {
    const rules =
      '/^(mx[0-9])\\.test$/ $1:pa$$word\n/^token/ {"user": "joe", "token": "t"}\n/bad/ {"user": "hunter2"\n';
    assert.deepEqual(await find('regexp:/rules', ['mx1.test'], file(rules)), {
      credentials: password('mx1', 'pa$word'),
      version: 'static',
      source: 'regexp:/rules',
    });
    assert.equal((await find('regexp:/rules', ['token.test'], file(rules)))?.credentials.kind, 'token');
    await assert.rejects(find('regexp:/rules', ['bad.test'], file(rules)), {
      message: /^regexp:\/rules: a value that begins with \{ must be a JSON object/,
    });
    const inline = await find('regexp:{ { /a/ joe:secret } }', ['a']);
    assert.deepEqual([inline?.source, inline?.credentials.secret], ['regexp', 'secret']);
  });

  test('secretsmanager: a secret, by name or ARN, as JSON or as text', async () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:lmtp/mail-AbCdEf';
    const secrets = new Secrets({ 'lmtp/mail': '{"mail.test": "joe:secret"}', [arn]: 'mail.test jane:doe' });
    assert.deepEqual(await find('secretsmanager:lmtp/mail', ['Mail.test'], { secrets }), {
      credentials: password('joe', 'secret'),
      version: 'version of lmtp/mail',
      source: 'secretsmanager:lmtp/mail',
    });
    assert.deepEqual(await find(`secretsmanager:${arn}`, ['mail.test'], { secrets }), {
      credentials: password('jane', 'doe'),
      version: `version of ${arn}`,
      source: `secretsmanager:${arn}`,
    });
  });

  test('all of them accept another delimiter', async () => {
    const secrets = new Secrets({ s: '{"a": "j:o|secret|"}' });
    for (const map of [
      'static:j:o|secret|',
      'inline:{a=j:o|secret|}',
      'texthash:/x',
      'regexp:{{/a/ j:o|secret|}}',
      'secretsmanager:s',
    ]) {
      const found = await find(map, ['a'], { ...file('a j:o|secret|'), delimiter: '|', secrets });
      assert.deepEqual(found?.credentials, password('j:o', 'secret|'), map);
    }
  });
});

describe('several maps and several keys', () => {
  const maps = 'inline:{next-hop=one:first} inline:{host=two:second}, inline:{host=three:third}';

  test('all maps are searched for the first key before any is searched for the second', async () => {
    assert.equal((await find(maps, ['host', 'next-hop']))?.credentials.user, 'two');
    assert.equal((await find(maps, ['next-hop', 'host']))?.credentials.user, 'one');
    assert.equal((await find(maps, ['neither', 'next-hop']))?.credentials.user, 'one');
    assert.equal(await find(maps, ['neither', 'nor']), undefined);
  });

  test('an empty key is in no map, not even in one with a value for every server', async () => {
    assert.equal(await find('static:joe:secret', ['', '']), undefined);
    assert.equal((await find('static:joe:secret', ['', 'a']))?.source, 'static');
  });

  test('the whole key counts: neither parent domains nor its host alone', async () => {
    const map = 'inline:{ example.com=joe:secret }';
    for (const key of ['mail.example.com', '[example.com]', 'example.com:24'])
      assert.equal(await find(map, [key]), undefined);
  });

  test('a secret is fetched once for all keys, with the given options, and not at all if it is not needed', async () => {
    const secrets = new Secrets({ a: '{"x": "joe:secret"}' });
    const opened = openPasswordMaps('inline:{host=joe:secret} secretsmanager:a secretsmanager:b');
    assert.deepEqual(opened.secretNames, ['a', 'b']);
    await opened.find(['host', 'next-hop'], secrets);
    assert.deepEqual(secrets.asked, []);
    const own = openPasswordMaps('secretsmanager:a');
    assert.equal(await own.find(['host', 'next-hop'], secrets, { fresh: true, stage: 'AWSPENDING' }), undefined);
    assert.deepEqual(secrets.asked, [['a', { fresh: true, stage: 'AWSPENDING' }]]);
    await own.find(['x'], secrets);
    assert.equal(secrets.asked.length, 2, 'each look-up fetches for itself: age is for the cache to judge');
  });

  test('a secret that cannot be read is a fault, whatever later maps contain', async () => {
    await assert.rejects(find('secretsmanager:gone static:joe:secret', ['a']), SecretFault);
  });

  test('an empty list is valid, and finds nothing', async () => {
    assert.equal(openPasswordMaps('').isEmpty, true);
    assert.equal(openPasswordMaps('static:joe:secret').isEmpty, false);
    assert.equal(await find(' , ', ['a']), undefined);
  });
});

describe('a secret that is not a table of passwords is a fault that names it', () => {
  for (const [text, said] of [
    ['hunter2', 'secretsmanager:s, line 1: write a host or next-hop, blanks and '],
    ['', 'secretsmanager:s: it has no entries'],
    [
      '{"username": "joe", "password": "hunter2"}',
      'secretsmanager:s: it contains a user and a password, but no host; ',
    ],
    ['["hunter2"]', 'secretsmanager:s, line 1: '],
    ['"hunter2"', 'secretsmanager:s, line 1: '],
  ] as const) {
    test(JSON.stringify(text), async () => {
      await assert.rejects(find('secretsmanager:s', ['a'], { secrets: new Secrets({ s: text }) }), (error) => {
        assert.ok(error instanceof SecretFault);
        assert.ok(error.message.startsWith(said), error.message);
        return !error.message.includes('hunter2');
      });
    });
  }
});

describe('an error of maps that cannot be opened shows only type, file and place:', () => {
  for (const [maps, said, options] of [
    ['joe:hunter2', 'map 1: its type may not contain passwords; secretsmanager:, texthash:, inline:, '],
    ['static:a:b hunter2', 'map 2: its type may not contain passwords; '],
    ['hash:/etc/sasl_passwd', 'map 1: there is no map type "hash"; texthash: reads its source text; '],
    ['static:', 'static map: it has no value; '],
    ['static:{ joe:hunter2', 'static map: its braces do not match; '],
    ['static::hunter2', 'static map: the user is empty; '],
    ['static:{"user":"joe","pasword":"hunter2"}', 'static map: the object has a field other than '],
    ['inline:{ a.test=joe:hunter2', 'inline map: its braces do not match; '],
    ['inline:{ joe:hunter2 }', 'inline map, entry 1: there is no key followed by =; '],
    ['inline:{ hunter2= }', 'inline map, entry 1: its key has no value; '],
    ['inline:{ a=joe:hunter2 A=joe:hunter2 }', 'inline map, entry 2: its key already has an entry'],
    ['inline:{ }', 'inline map: it is empty; '],
    ['texthash:', 'texthash: names no file; '],
    ['texthash:/x', 'texthash:/x, line 2: ', file('a joe:x\nhunter2\n')],
    ['texthash:/x', 'texthash:/x: it has no entries', file('# a joe:hunter2\n')],
    ['regexp:/x', 'regexp:/x, line 2 cannot be parsed; ', file('/a/ b:c\n/b/ joe:$hunter2\n')],
    ['regexp:/x', 'regexp:/x, line 1 cannot be parsed; ', file('hunter2')],
    ['regexp:{ {/a/ joe:hunter2} {/b/hunter2 x} }', 'regexp map, rule 2 cannot be parsed; '],
    ['regexp:{ /a/ joe:hunter2', 'regexp map cannot be parsed; '],
    ['secretsmanager:', 'secretsmanager: names no secret; '],
    ['secretsmanager:a{b}', 'secretsmanager:a{b} names no secret; '],
  ] as const satisfies readonly (readonly [string, string, PasswordMapOptions?])[]) {
    test(maps, () => {
      const words = fault(maps, options);
      assert.ok(words.startsWith(said), words);
      assert.doesNotMatch(words, /hunter2/);
    });
  }

  test('a file that cannot be read is reported with the reason', () => {
    assert.equal(fault('texthash:/nowhere/at/all'), 'texthash:/nowhere/at/all: the file cannot be read (ENOENT)');
    assert.equal(fault('regexp:/nowhere/at/all'), 'regexp:/nowhere/at/all: the file cannot be read (ENOENT)');
  });
});

test('what may be shown of maps: their types, and the names of files and secrets', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:lmtp/mail-AbCdEf';
  for (const [maps, shown] of [
    ['', ''],
    [`secretsmanager:${arn} texthash:/etc/x,regexp:/y`, `secretsmanager:${arn}, texthash:/etc/x, regexp:/y`],
    ['static:joe:hunter2', 'static:(hidden)'],
    ['static:{ joe:hunter2, and more }', 'static:(hidden)'],
    ['inline:{ {a=joe:hunter2} } regexp:{ {/a/ joe:hunter2} }', 'inline:(hidden), regexp:(hidden)'],
    ['static:joe:hunt er2', 'static:(hidden), (hidden)'],
    ['hunter2', '(hidden)'],
  ] as const) {
    assert.equal(hidePasswords(maps), shown);
  }
});
