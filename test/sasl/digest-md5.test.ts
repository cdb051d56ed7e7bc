import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { StartOptions } from '../../functions/sasl/mechanism.ts';
import { isDigestRight, parseDigestResponse, serverProof } from '../support/digest-md5.ts';
import { inClear, mechanismNamed, password, saslError } from '../support/sasl-channel.ts';

const chris = password('chris', 'secret');
const start = (options: StartOptions = {}, credentials = chris, host = 'elwood.innosoft.com') =>
  mechanismNamed('DIGEST-MD5').start(credentials, { ...inClear, host }, options);
const answerTo = (challenge: string, credentials = chris) =>
  String(start({}, credentials).respond(Buffer.from(challenge)));
const good = 'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8';

/** The two published exchanges (RFC 2831 section 4). */
const published = [
  {
    options: { service: 'imap', nonce: 'OA6MHXh6VqTrRk' },
    challenge: good,
    response: 'd388dad90d4bbd760a152321f2143af7',
    rspauth: 'ea40f60335c427b5527b84dbabcdfffd',
  },
  {
    options: { service: 'acap', nonce: 'OA9BSuZWMSpW8m' },
    challenge: good.replace('OA6MG9tEQGm2hh', 'OA9BSXrbuRhWay'),
    response: '6084c6db3fede7352c551284490fd0fc',
    rspauth: '2f0b3d7c3c2e486600ef710726aa2eae',
  },
];

test('the response and the proof of the published exchanges (RFC 2831 section 4)', () => {
  for (const { options, challenge, response, rspauth } of published) {
    const exchange = start({ ...options, requireProof: true });
    assert.equal(exchange.initial, undefined);
    const text = String(exchange.respond(Buffer.from(challenge)));
    assert.deepEqual(
      { ...parseDigestResponse(text) },
      {
        username: 'chris',
        realm: 'elwood.innosoft.com',
        nonce: /nonce="([^"]*)/.exec(challenge)?.[1],
        cnonce: options.nonce,
        nc: '00000001',
        qop: 'auth',
        'digest-uri': `${options.service}/elwood.innosoft.com`,
        response,
      },
    );
    assert.deepEqual(exchange.respond(Buffer.from(`rspauth=${rspauth}`)), Buffer.alloc(0));
    exchange.verifyServer();
  }
});

test("the service is lmtp, the nonce is fresh, and the digest agrees with the test server's own computation", () => {
  const [one, other] = [parseDigestResponse(answerTo(good)), parseDigestResponse(answerTo(good))];
  assert.equal(one['digest-uri'], 'lmtp/elwood.innosoft.com');
  assert.notEqual(one['cnonce'], other['cnonce']);
  assert.ok(Buffer.from(one['cnonce'] ?? '', 'base64').length >= 16);
  assert.ok(isDigestRight(one, 'secret'));
  assert.ok(!isDigestRight(one, 'Secret'));
});

test('a server that proves that it knows the password is trusted, one with a wrong proof is not', () => {
  for (const requireProof of [true, false]) {
    const exchange = start({ requireProof });
    const fields = parseDigestResponse(String(exchange.respond(Buffer.from(good))));
    exchange.respond(Buffer.from(`rspauth=${serverProof(fields, 'secret')}`));
    exchange.verifyServer();

    // Another password, another exchange, and a text that is no proof.
    for (const proof of ['guess', 'secret'].map((secret) => serverProof(fields, secret)).concat('', 'x'.repeat(33))) {
      const cheated = start({ requireProof });
      cheated.respond(Buffer.from(good));
      assert.throws(() => cheated.respond(Buffer.from(`rspauth="${proof}"`)), saslError(/wrong rspauth/));
      assert.throws(() => cheated.verifyServer(), saslError(/had failed/));
    }
  }
});

test('a 235 without a proof is accepted as in Postfix, unless a proof is required', () => {
  const exchange = start();
  exchange.respond(Buffer.from(good));
  exchange.verifyServer();
  for (const respondsFirst of [true, false]) {
    const strict = start({ requireProof: true });
    if (respondsFirst) strict.respond(Buffer.from(good));
    assert.throws(() => strict.verifyServer(), saslError(/did not prove/));
  }
});

test('a second challenge without rspauth, and any third one, ends the exchange', () => {
  for (const second of ['', 'hello="x"', 'rspauth', 'rspauth="1']) {
    const exchange = start();
    exchange.respond(Buffer.from(good));
    assert.throws(() => exchange.respond(Buffer.from(second)), saslError(/DIGEST-MD5 challenge/), second);
  }
  const exchange = start(published[0]?.options);
  exchange.respond(Buffer.from(good));
  exchange.respond(Buffer.from(`rspauth=${published[0]?.rspauth}`));
  assert.throws(() => exchange.respond(Buffer.from('')), saslError(/more challenges than DIGEST-MD5/));
});

test('a challenge that a client must not answer ends the exchange', () => {
  for (const [challenge, words] of [
    ['realm="x",qop="auth"', /no nonce/],
    ['nonce="",algorithm=md5-sess', /no nonce/],
    ['nonce="a",nonce="b",algorithm=md5-sess', /nonce more than once/],
    ['nonce="a"', /algorithm/],
    ['nonce="a",algorithm=md5', /algorithm/],
    ['nonce="a",algorithm=md5-sess,algorithm=md5-sess', /algorithm more than once/],
    ['nonce="a",algorithm=md5-sess,qop="auth-int,auth-conf"', /qop/],
    ['nonce="a",algorithm=md5-sess,qop=""', /qop/],
    ['nonce="a",algorithm=md5-sess,charset=iso-8859-1', /charset/],
    ['nonce="a",algorithm=md5-sess,charset=utf-8,charset=utf-8', /charset more than once/],
    ['', /no nonce/],
    ['nonce', /not a list/],
    ['nonce="a', /not a list/],
    ['nonce="a" algorithm=md5-sess', /not a list/],
    ['="a"', /not a list/],
    ['nonce="a\\"', /not a list/],
    [`${good},x="${'y'.repeat(2048)}"`, /longer than 2048 octets/],
  ] as const) {
    assert.throws(() => answerTo(challenge), saslError(words), challenge);
  }
});

test('what Cyrus ignores is ignored: blanks, empty elements, upper case, unknown words, a missing qop', () => {
  for (const challenge of [
    ' ,, NONCE = "a" ,\r\n\tAlgorithm=MD5-SESS , ,',
    'nonce=a,algorithm=md5-sess,qop="auth-int, AUTH ,"',
    'nonce="a",algorithm="md5-sess",maxbuf=4096,cipher="rc4,des",stale=true,opaque="z",auth-param="\\"q"',
    'nonce="a",algorithm=md5-sess,qop=auth-int,qop=auth',
    'nonce="a",algorithm=md5-sess,qop=" auth "',
    'nonce="a",algorithm=md5-sess,realm=',
  ]) {
    assert.equal(parseDigestResponse(answerTo(challenge))['nonce'], 'a', challenge);
  }
});

test("the realm is the server's; of several the one with its name, else the first; without any its name", () => {
  for (const [realms, expected] of [
    ['realm="a.example",', 'a.example'],
    ['realm="a.example",realm="b.example",', 'a.example'],
    ['realm="a.example",realm="Elwood.Innosoft.com",', 'Elwood.Innosoft.com'],
    ['realm="",', ''],
    ['', 'elwood.innosoft.com'],
  ] as const) {
    const fields = parseDigestResponse(answerTo(`${realms}nonce="a",algorithm=md5-sess`));
    assert.equal(fields['realm'], expected);
    assert.ok(isDigestRight(fields, 'secret'));
  }
});

test('quotes and backslashes are unescaped on receipt, and escaped when sent', () => {
  const text = answerTo('realm="a\\"b\\\\c",nonce="\\n\\"",algorithm=md5-sess', password('d\\e"f', 'secret'));
  assert.match(text, /^username="d\\\\e\\"f",realm="a\\"b\\\\c",nonce="n\\"",/);
  const fields = {
    ...parseDigestResponse(text.replaceAll(/\\["\\]/g, '')),
    username: 'd\\e"f',
    realm: 'a"b\\c',
    nonce: 'n"',
  };
  assert.ok(isDigestRight(fields, 'secret'));
});

/** RFC 2831 section 2.1.2.1, with the octets of user, realm and password given one by one. */
function expectedResponse(text: string, user: Buffer, realm: Buffer, secret: Buffer): string {
  const md5 = (octets: Buffer) => createHash('md5').update(octets).digest();
  const hex = (line: string) => md5(Buffer.from(line, 'latin1')).toString('hex');
  const colon = Buffer.from(':');
  const { nonce, cnonce, 'digest-uri': uri } = parseDigestResponse(text);
  const inner = md5(Buffer.concat([user, colon, realm, colon, secret]));
  const a1 = md5(Buffer.concat([inner, Buffer.from(`:${nonce}:${cnonce}`)])).toString('hex');
  return hex(`${a1}:${nonce}:00000001:${cnonce}:auth:${hex(`AUTHENTICATE:${uri}`)}`);
}

test('text beyond ASCII is sent as declared UTF-8, and digested as ISO 8859-1 if possible', () => {
  for (const [user, secret, charset] of [
    ['jörg', 'geheim', 'latin1'],
    ['joe', 'grün', 'latin1'],
    ['joe', 'зелёный', 'utf8'],
    ['жук', 'зелёный', 'utf8'],
  ] as const) {
    const octets = start({}, password(user, secret)).respond(Buffer.from(good));
    const text = octets.toString();
    assert.ok(text.startsWith(`username="${user}",`), text);
    assert.match(text, /,charset=utf-8,digest-uri=/);
    const userOctets = Buffer.from(user, user === 'жук' ? 'utf8' : 'latin1');
    const expected = expectedResponse(
      text,
      userOctets,
      Buffer.from('elwood.innosoft.com'),
      Buffer.from(secret, charset),
    );
    assert.equal(parseDigestResponse(text)['response'], expected);
  }
});

test('a realm beyond ASCII is returned octet for octet', () => {
  const challenge = 'realm="Zürich",nonce="a",algorithm=md5-sess,charset=utf-8';
  const text = answerTo(challenge);
  assert.match(text, /,realm="Zürich",.*,charset=utf-8,/);
  const expected = expectedResponse(text, Buffer.from('chris'), Buffer.from('Zürich'), Buffer.from('secret'));
  assert.equal(parseDigestResponse(text)['response'], expected);
});

test('a server without UTF-8 gets ISO 8859-1, and text beyond that is not sent at all', () => {
  const challenge = 'realm="x",nonce="a",algorithm=md5-sess';
  const octets = start({}, password('jörg', 'grün')).respond(Buffer.from(challenge));
  const text = octets.toString('latin1');
  assert.ok(text.startsWith('username="jörg",'));
  assert.doesNotMatch(text, /charset/);
  const expected = expectedResponse(
    text,
    Buffer.from('jörg', 'latin1'),
    Buffer.from('x'),
    Buffer.from('grün', 'latin1'),
  );
  assert.equal(parseDigestResponse(text)['response'], expected);
  for (const credentials of [password('жук', 'secret'), password('joe', 'зелёный')]) {
    assert.throws(() => answerTo(challenge, credentials), saslError(/does not allow UTF-8/));
  }
});

test('plain ASCII is sent without a charset, octet for octet as in Postfix', () => {
  const exchange = start({ nonce: 'c' }, password('joe', 'secret'), '127.0.0.1');
  assert.match(
    String(
      exchange.respond(
        Buffer.from('realm="lmtp.test",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'),
      ),
    ),
    /^username="joe",realm="lmtp\.test",nonce="OA6MG9tEQGm2hh",cnonce="c",nc=00000001,qop=auth,digest-uri="lmtp\/127\.0\.0\.1",response=[0-9a-f]{32}$/,
  );
});
