/** OAUTHBEARER and XOAUTH2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inClear, mechanismNamed, saslError, token } from '../support/sasl-channel.ts';

const base64 = (text: string) => Buffer.from(text, 'base64');
const channel = { ...inClear, host: 'server.example.com', port: 143 };
const theToken = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

test('OAUTHBEARER is sent as published (RFC 7628 section 4.1)', () => {
  const exchange = mechanismNamed('OAUTHBEARER').start(token('user@example.com', theToken), channel);
  assert.deepEqual(
    exchange.initial,
    base64(
      'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
    ),
  );
  exchange.verifyServer();
  assert.equal(exchange.serverError, undefined);
});

test('XOAUTH2 is sent as published by Google', () => {
  const exchange = mechanismNamed('XOAUTH2').start(
    token('someuser@example.com', 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg'),
    channel,
  );
  assert.deepEqual(
    exchange.initial,
    base64(
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==',
    ),
  );
});

test("the published errors are answered, and the server's error code is kept", () => {
  const bearer = mechanismNamed('OAUTHBEARER').start(token('user@example.com', theToken), channel);
  // RFC 7628 section 4.3
  const refusal = base64(
    'eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=',
  );
  assert.deepEqual(bearer.respond(refusal), base64('AQ=='));
  assert.equal(bearer.serverError, 'invalid_token');
  assert.throws(() => bearer.respond(refusal), saslError(/more challenges than OAUTHBEARER/));

  const xoauth2 = mechanismNamed('XOAUTH2').start(token('someuser@example.com', theToken), channel);
  const other = '{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}\n';
  assert.deepEqual(xoauth2.respond(Buffer.from(other)), Buffer.alloc(0));
  assert.equal(xoauth2.serverError, '401');
});

test('an empty user, a host without a port, and a user with commas', () => {
  const { port: _, ...portless } = channel;
  const initial = (user: string) => String(mechanismNamed('OAUTHBEARER').start(token(user, 'abc'), portless).initial);
  assert.equal(initial(''), 'n,,\x01host=server.example.com\x01auth=Bearer abc\x01\x01');
  assert.equal(initial('a,b=c'), 'n,a=a=2Cb=3Dc,\x01host=server.example.com\x01auth=Bearer abc\x01\x01');
});

test('only one word of a server error is kept, and never the token that was sent', () => {
  for (const [challenge, word] of [
    ['{"status":"insufficient_scope"}', 'insufficient_scope'],
    ['{"error":"invalid_token"}', 'invalid_token'],
    ['{"status":7,"error":"400"}', '400'],
    ['{"status":"secrettoken"}', undefined],
    ['{"status":"secret"}', undefined],
    ['{"status":"Bearer secrettoken"}', undefined],
    [`{"status":"${'a'.repeat(41)}"}`, undefined],
    ['{"status":"line\\r\\nbreak"}', undefined],
    ['{}', undefined],
    ['null', undefined],
    ['[]', undefined],
    ['"invalid_token"', undefined],
    ['invalid_token', undefined],
    ['', undefined],
  ] as const) {
    for (const [name, answer] of [
      ['OAUTHBEARER', '\x01'],
      ['XOAUTH2', ''],
    ] as const) {
      const exchange = mechanismNamed(name).start(token('u', 'secrettoken'), channel);
      assert.equal(String(exchange.respond(Buffer.from(challenge))), answer);
      assert.equal(exchange.serverError, word, challenge);
    }
  }
});

test('a token or user that would break the message is refused, and not shown', () => {
  for (const name of ['OAUTHBEARER', 'XOAUTH2']) {
    for (const secret of ['abc\x01auth=x', 'abc def', 'abc\r\n', 'täken']) {
      assert.throws(
        () => mechanismNamed(name).start(token('u', secret), channel),
        (error: Error) =>
          saslError(/the token contains a character/)(error) && !error.message.includes(secret.slice(0, 3)),
      );
    }
    assert.throws(() => mechanismNamed(name).start(token('u\x01', 'abc'), channel), saslError(/the octet 1/));
  }
});
