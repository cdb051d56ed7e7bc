import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelBindingError, SaslError } from '../../functions/sasl/errors.ts';
import type { Channel, ChannelBinding, StartOptions } from '../../functions/sasl/mechanism.ts';
import { mostIterations } from '../../functions/sasl/scram-messages.ts';
import { authenticate, inClear, mechanismNamed, overTls, password, saslError } from '../support/sasl-channel.ts';
import { ScramServer, type ScramServerOptions } from '../support/scram-server.ts';

const octets = (text: string) => Buffer.from(text);
const hashes = ['SHA-1', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'];
const forms = hashes.flatMap((hash) => [`SCRAM-${hash}`, `SCRAM-${hash}-PLUS`]);

/** RFC 5802 section 5, RFC 7677 section 3, and the convention of several libraries for SHA-512. */
const published = [
  {
    name: 'SCRAM-SHA-1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    name: 'SCRAM-SHA-256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
  {
    name: 'SCRAM-SHA-512',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst:
      'r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096',
    proof: 'Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==',
    signature: 'BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==',
  },
];
const [sha1] = published;
assert.ok(sha1);

/** An exchange of the client of the published examples. */
function start(name: string, options: StartOptions = {}, channel: Channel = inClear, secret = 'pencil', user = 'user') {
  return mechanismNamed(name).start(password(user, secret), channel, options);
}

/** The whole exchange of that client with a server. */
function meet(server: ScramServerOptions, options: StartOptions = {}, channel: Channel = inClear) {
  return authenticate(server.mechanism, start(server.mechanism, options, channel), new ScramServer(server));
}

/** The server's channel bindings in these tests. */
const serverBindings = Object.fromEntries(overTls.bindings.map(({ type, data }) => [type, data]));

test('the published exchanges (RFC 5802 section 5, RFC 7677 section 3)', () => {
  for (const { name, nonce, serverFirst, proof, signature } of published) {
    const exchange = start(name, { nonce });
    assert.equal(String(exchange.initial), `n,,n=user,r=${nonce}`);
    const [, both] = /^r=([^,]+)/.exec(serverFirst) ?? [];
    assert.equal(String(exchange.respond(octets(serverFirst))), `c=biws,r=${both},p=${proof}`);
    assert.deepEqual(exchange.respond(octets(`v=${signature}`)), Buffer.alloc(0));
    exchange.verifyServer();
    assert.throws(() => exchange.respond(Buffer.alloc(0)), saslError(new RegExp(`more challenges than ${name}`)));
  }
});

test('the server of these tests plays the published exchanges too', () => {
  for (const { name, nonce, serverFirst, proof, signature } of published) {
    const [, serverNonce, salt] = new RegExp(`^r=${RegExp.escape(nonce)}([^,]+),s=([^,]+)`).exec(serverFirst) ?? [];
    assert.ok(serverNonce && salt);
    const server = new ScramServer({ mechanism: name, nonce: serverNonce, salt: Buffer.from(salt, 'base64') });
    const say = (message: string) => octets(message).toString('base64');
    assert.equal(server.answer(`AUTH ${name} ${say(`n,,n=user,r=${nonce}`)}`), `334 ${say(serverFirst)}`);
    assert.equal(server.answer(say(`c=biws,r=${nonce}${serverNonce},p=${proof}`)), `334 ${say(`v=${signature}`)}`);
    assert.equal(server.answer(''), '235 2.7.0 Authentication successful');
    assert.ok(server.isClientProven);
  }
});

test('every form proves itself to an independent server, and verifies its proof', () => {
  for (const mechanism of forms) {
    const server = new ScramServer({ mechanism, bindings: serverBindings });
    const exchange = start(mechanism, { offered: forms }, overTls);
    assert.match(authenticate(mechanism, exchange, server), /^235 /, mechanism);
    assert.ok(server.isClientProven);
  }
});

test('few and many iterations, long and short salts, and extensions are accepted', () => {
  const mechanism = 'SCRAM-SHA-256';
  for (const options of [
    { iterations: 1 },
    { iterations: 20_000 },
    { salt: Buffer.from([0]) },
    { salt: Buffer.alloc(300, 7) },
    { extensions: ',x=y,z=1' },
    { nonce: '!~+/=' },
  ]) {
    assert.match(meet({ mechanism, ...options }), /^235 /, JSON.stringify(options));
  }
});

test('names with commas and equals signs, and names that SASLprep makes equal, are accepted', () => {
  const mechanism = 'SCRAM-SHA-1';
  for (const [user, stored] of [
    ['a,b=c', 'a,b=c'],
    ['=2C', '=2C'],
    ['I\u00ADX', 'IX'],
    ['\u2168', 'IX'],
    ['jo\u0308rg', 'jörg'],
    ['new\u{1F511}', 'new\u{1F511}'],
  ] as const) {
    const exchange = start(mechanism, {}, inClear, 'p\u00AAncil', user);
    const server = new ScramServer({ mechanism, user: stored, password: 'pancil' });
    assert.match(authenticate(mechanism, exchange, server), /^235 /, user);
  }
});

test('a wrong password is refused, with or without a reason', () => {
  const mechanism = 'SCRAM-SHA-256';
  assert.equal(
    meet({ mechanism, password: 'other', tellsErrors: false }),
    '535 5.7.8 Authentication credentials invalid',
  );
  assert.throws(() => meet({ mechanism, password: 'other' }), saslError(/ended the SCRAM exchange: invalid-proof/));
  assert.throws(() => meet({ mechanism, user: 'other' }), saslError(/ended the SCRAM exchange: unknown-user/));
});

test('a server that lies is not trusted', () => {
  for (const mechanism of ['SCRAM-SHA-1', 'SCRAM-SHA-512']) {
    for (const [lie, words] of [
      ['wrong-signature', /wrong SCRAM signature/],
      ['no-signature', /no SCRAM signature/],
      ['other-nonce', /nonce does not extend the client's/],
      ['same-nonce', /nonce does not extend the client's/],
      ['endless-first', /has no signature/],
      ['endless-empty', /sent more challenges than SCRAM/],
    ] as const) {
      assert.throws(() => meet({ mechanism, lie }), saslError(words), lie);
    }
  }
});

test('a 235 before the end of the exchange, or after a failure in it, does not count', () => {
  const exchange = start('SCRAM-SHA-1', { nonce: sha1.nonce });
  assert.throws(() => exchange.verifyServer(), saslError(/did not prove/));
  exchange.respond(octets(sha1.serverFirst));
  assert.throws(() => exchange.verifyServer(), saslError(/did not prove/));
  assert.throws(() => exchange.respond(octets('v=AAAA')), saslError(/wrong SCRAM signature/));
  assert.throws(() => exchange.respond(octets(`v=${sha1.signature}`)), saslError(/more challenges than/));
  assert.throws(() => exchange.verifyServer(), saslError(/had failed/));
});

test('a first message that a client must not answer ends the exchange', () => {
  const { nonce } = sha1;
  const both = `${nonce}x`;
  const tooMany = `a number from 1 to ${mostIterations}`;
  for (const [message, words] of [
    ['', /not a list of attributes/],
    ['r', /not a list of attributes/],
    [`r=${both},s=QSXC,i=1,`, /not a list of attributes/],
    [`r=${both},s=,i=1`, /not a list of attributes/],
    [`m=x,r=${both},s=QSXC,i=1`, /does not have nonce, salt and iteration count/],
    [`s=QSXC,r=${both},i=1`, /does not have nonce, salt and iteration count/],
    [`r=${both},s=QSXC`, /does not have nonce, salt and iteration count/],
    [`r=${nonce},s=QSXC,i=1`, /nonce/],
    [`r=x${both},s=QSXC,i=1`, /nonce/],
    [`r=${both.toUpperCase()},s=QSXC,i=1`, /nonce/],
    [`r=${both} ,s=QSXC,i=1`, /nonce/],
    [`r=${both}\u00e4,s=QSXC,i=1`, /nonce/],
    [`r=${both},s=QSX,i=1`, /salt/],
    [`r=${both},s=QS XC,i=1`, /salt/],
    [`r=${both},s=QSXC=,i=1`, /salt/],
    [`r=${both},s=Q_XC,i=1`, /salt/],
    ...[
      '0',
      '-1',
      '+1',
      '01',
      '1e3',
      '1.0',
      '0x10',
      ' 1',
      String(mostIterations + 1),
      '4294967295',
      '9'.repeat(400),
    ].map((count) => [`r=${both},s=QSXC,i=${count}`, new RegExp(tooMany)] as const),
  ] as const) {
    const exchange = start('SCRAM-SHA-1', { nonce });
    assert.throws(() => exchange.respond(octets(message)), saslError(words), message);
  }
});

test('the greatest permitted iteration count is computed', () => {
  const exchange = start('SCRAM-SHA-1', { nonce: sha1.nonce });
  const response = exchange.respond(octets(`r=${sha1.nonce}x,s=QSXC,i=${mostIterations}`));
  assert.match(String(response), /,p=[A-Za-z0-9+/]{27}=$/);
});

test('a final message that proves nothing ends the exchange', () => {
  for (const [message, words] of [
    ['', /not a list of attributes/],
    ['v=', /not a list of attributes/],
    ['v=!', /no signature/],
    [`x=y,v=${sha1.signature}`, /no signature/],
    [`v=${sha1.signature.slice(0, -1)}`, /no signature/],
    [`v=${sha1.signature.slice(0, -4)}`, /wrong SCRAM signature/],
    [`v=AAAA${sha1.signature}`, /wrong SCRAM signature/],
    [`v=${sha1.proof}`, /wrong SCRAM signature/],
    ['e=other-error', /ended the SCRAM exchange: other-error/],
    ['e=words of its own\r\n', /ended the SCRAM exchange: other-error/],
    [`e=${'x'.repeat(61)}`, /ended the SCRAM exchange: other-error/],
    ['e=invalid-encoding,x=y', /ended the SCRAM exchange: invalid-encoding/],
  ] as const) {
    const exchange = start('SCRAM-SHA-1', { nonce: sha1.nonce });
    exchange.respond(octets(sha1.serverFirst));
    assert.throws(() => exchange.respond(octets(message)), saslError(words), message);
  }
  const extended = start('SCRAM-SHA-1', { nonce: sha1.nonce });
  extended.respond(octets(sha1.serverFirst));
  extended.respond(octets(`v=${sha1.signature},x=y`));
  extended.verifyServer();
});

test('nonces are fresh, printable and without commas', () => {
  const nonces = Array.from(
    { length: 20 },
    () => /,r=([!-+\--~]{32})$/.exec(String(start('SCRAM-SHA-1').initial))?.[1],
  );
  assert.equal(new Set(nonces).size, 20);
  assert.ok(!nonces.includes(undefined));
});

const exporter: ChannelBinding = { type: 'tls-exporter', data: octets('exported') };
const endPoint: ChannelBinding = { type: 'tls-server-end-point', data: octets('hash of the certificate') };
const bound: Channel = { ...overTls, bindings: [exporter, endPoint] };
const plus = 'SCRAM-SHA-256-PLUS';

test('a -PLUS form binds to the first binding of the channel, or to a given one', () => {
  const { data } = endPoint;
  assert.match(meet({ mechanism: plus, bindings: { 'tls-exporter': exporter.data } }, {}, bound), /^235 /);
  assert.match(
    meet({ mechanism: plus, bindings: { 'tls-server-end-point': data } }, { binding: endPoint }, bound),
    /^235 /,
  );
  assert.match(String(start(plus, { nonce: 'x' }, bound).initial), /^p=tls-exporter,,n=user,r=x$/);
});

test('a server with another connection is distinguished from one that does not support the type', () => {
  for (const [bindings, words] of [
    [{ 'tls-exporter': octets('of another connection') }, /channel-bindings-dont-match/],
    [{ 'tls-server-end-point': endPoint.data }, /unsupported-channel-binding-type/],
  ] as const) {
    assert.throws(
      () => meet({ mechanism: plus, bindings }, {}, bound),
      (error) => error instanceof ChannelBindingError && words.test(error.message),
    );
  }
  // Other errors have nothing to do with the binding: another type would change nothing.
  assert.throws(
    () => meet({ mechanism: plus, bindings: { 'tls-exporter': exporter.data }, password: 'other' }, {}, bound),
    (error) => error instanceof SaslError && !(error instanceof ChannelBindingError),
  );
});

test('a -PLUS form without anything to bind to does not begin', () => {
  assert.throws(() => start(plus), saslError(/has no channel binding for SCRAM/));
});

test('a client that supports binding says so only if no -PLUS form was offered', () => {
  for (const [offered, channel, flag] of [
    [['SCRAM-SHA-256'], bound, 'y'],
    [['SCRAM-SHA-256', 'PLAIN'], bound, 'y'],
    [[], bound, 'y'],
    [['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'], bound, 'n'],
    [['SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS'], bound, 'n'],
    [undefined, bound, 'n'],
    [['SCRAM-SHA-256'], inClear, 'n'],
    [['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'], inClear, 'n'],
  ] as const) {
    const options = offered === undefined ? {} : { offered };
    const exchange = start('SCRAM-SHA-256', { nonce: 'x', ...options }, channel);
    assert.equal(String(exchange.initial), `${flag},,n=user,r=x`, `${offered} ${channel.bindings.length}`);
  }
  // The flag is part of what is proved.
  assert.match(meet({ mechanism: 'SCRAM-SHA-256' }, { offered: ['SCRAM-SHA-256'] }, bound), /^235 /);
});

test('the server notices when the -PLUS forms were removed from its offer on the way', () => {
  const server = { mechanism: 'SCRAM-SHA-256', bindings: { 'tls-exporter': exporter.data } };
  assert.throws(
    () => meet(server, { offered: ['SCRAM-SHA-256'] }, bound),
    saslError(/server-does-support-channel-binding/),
  );
});

test('an exchange with a user or password that cannot be prepared does not begin, and the password is not shown', () => {
  for (const secret of ['pencil\u0007', 'pencil\u0627', '\u00AD', 'pencil\u{1F511}']) {
    assert.throws(
      () => start('SCRAM-SHA-256', {}, inClear, secret),
      (error: Error) =>
        saslError(/the password contains text that SASLprep/)(error) && !error.message.includes('pencil'),
    );
  }
  assert.throws(
    () => start('SCRAM-SHA-256', {}, inClear, 'pencil', 'a\u0007'),
    saslError(/the user name contains text that SASLprep/),
  );
  assert.throws(() => start('SCRAM-SHA-256', {}, inClear, 'pencil', ''), saslError(/the user name is empty/));
});
