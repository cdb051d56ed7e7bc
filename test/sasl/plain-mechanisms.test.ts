/** The mechanisms without cryptography: PLAIN, LOGIN, EXTERNAL, ANONYMOUS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inClear, mechanismNamed, password, saslError, token } from '../support/sasl-channel.ts';

const tim = password('tim', 'tanstaaftanstaaf');
const ask = (text: string) => Buffer.from(text);

test('PLAIN sends an empty authorization identity, user and password in one response (RFC 4616 section 4)', () => {
  const exchange = mechanismNamed('PLAIN').start(tim, inClear);
  assert.equal(String(exchange.initial), '\0tim\0tanstaaftanstaaf');
  exchange.verifyServer();
});

test('PLAIN and LOGIN send UTF-8 unchanged, whatever SASLprep would make of it', () => {
  const user = 'I\u00ADX';
  const secret = '\u2168 π 🔑';
  assert.equal(String(mechanismNamed('PLAIN').start(password(user, secret), inClear).initial), `\0${user}\0${secret}`);
  const login = mechanismNamed('LOGIN').start(password(user, secret), inClear);
  assert.deepEqual([login.respond(ask('?')), login.respond(ask('?'))].map(String), [user, secret]);
});

test('PLAIN, EXTERNAL and ANONYMOUS do not answer a challenge', () => {
  for (const name of ['PLAIN', 'EXTERNAL', 'ANONYMOUS']) {
    const exchange = mechanismNamed(name).start(tim, inClear);
    assert.throws(() => exchange.respond(Buffer.alloc(0)), saslError(new RegExp(`more challenges than ${name}`)));
    assert.throws(() => exchange.verifyServer(), saslError(/had failed/));
  }
});

test('LOGIN answers in order whatever the challenge says, because every server words it differently', () => {
  for (const [first, second] of [
    ['Username:', 'Password:'],
    ['User Name\0', 'Password\0'],
    ['Password:', 'Username:'],
    ['', ''],
  ] as const) {
    const exchange = mechanismNamed('LOGIN').start(tim, inClear);
    assert.equal(exchange.initial, undefined);
    assert.equal(String(exchange.respond(ask(first))), 'tim');
    assert.equal(String(exchange.respond(ask(second))), 'tanstaaftanstaaf');
    exchange.verifyServer();
    assert.throws(() => exchange.respond(ask('Anything else?')), saslError(/more challenges than LOGIN/));
  }
});

test('EXTERNAL sends the identity to act as, or leaves it to the certificate (RFC 4422 appendix A)', () => {
  const started = (user: string) => mechanismNamed('EXTERNAL').start(password(user, ''), inClear).initial;
  assert.equal(String(started('fred@example.com')), 'fred@example.com');
  assert.deepEqual(started(''), Buffer.alloc(0));
});

test('ANONYMOUS sends our own name as its trace, and nothing of the credentials', () => {
  const exchange = mechanismNamed('ANONYMOUS').start(tim, inClear);
  assert.equal(String(exchange.initial), 'anonymous@client.example');
});

test('a user or secret with a NUL or an incomplete character is refused, and not shown', () => {
  const names = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-256', 'XOAUTH2', 'OAUTHBEARER', 'EXTERNAL'];
  for (const name of names) {
    const [kind, make] = name.includes('OAUTH') ? ['token', token] : ['password', password];
    for (const bad of ['tanst\0aaf', 'tanst\ud800aaf']) {
      for (const [part, credentials] of [
        ['user name', make(bad, 'pencil')],
        [kind, make('tim', bad)],
      ] as const) {
        assert.throws(
          () => mechanismNamed(name).start(credentials, inClear),
          (error: Error) => saslError(new RegExp(`the ${part} contains`))(error) && !error.message.includes('tanst'),
          name,
        );
      }
    }
  }
});
