import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inClear, mechanismNamed, password, saslError } from '../support/sasl-channel.ts';

const start = (user: string, secret: string) => mechanismNamed('CRAM-MD5').start(password(user, secret), inClear);

test("CRAM-MD5 keys the server's challenge with the password (RFC 2195 section 3)", () => {
  const exchange = start('tim', 'tanstaaftanstaaf');
  assert.equal(exchange.initial, undefined);
  assert.equal(
    String(exchange.respond(Buffer.from('<1896.697170952@postoffice.reston.mci.net>'))),
    'tim b913a602c7eda7a495b4e6e7334d3890',
  );
  exchange.verifyServer();
  assert.throws(() => exchange.respond(Buffer.from('<again>')), saslError(/more challenges than CRAM-MD5/));
});

test('user and password are UTF-8, and the challenge is used octet for octet', () => {
  const challenge = Buffer.from([0xff, 0x00, 0x80]);
  assert.match(String(start('jörg', 'geheim').respond(challenge)), /^jörg [0-9a-f]{32}$/);
  assert.notDeepEqual(
    start('joe', 'secret').respond(challenge),
    start('joe', 'secret').respond(Buffer.from([0xfe, 0x00, 0x80])),
  );
});

test('a challenge that is empty, or longer than Cyrus accepts, is not answered', () => {
  assert.throws(() => start('tim', 's').respond(Buffer.alloc(0)), saslError(/is empty/));
  assert.equal(start('tim', 's').respond(Buffer.alloc(1024, 'x')).length, 36);
  assert.throws(() => start('tim', 's').respond(Buffer.alloc(1025, 'x')), saslError(/longer than 1024 octets/));
});
