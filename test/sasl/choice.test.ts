import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseMechanism, mechanisms } from '../../functions/sasl/choice.ts';
import type { Credentials } from '../../functions/sasl/credentials.ts';
import type { Channel } from '../../functions/sasl/mechanism.ts';
import { type SecurityOption, securityOptions } from '../../functions/sasl/security-options.ts';
import { inClear, overTls, password, token } from '../support/sasl-channel.ts';

const hashes = ['SHA-512', 'SHA-384', 'SHA-256', 'SHA-224', 'SHA-1'];
const plusForms = hashes.map((hash) => `SCRAM-${hash}-PLUS`);
const scramForms = hashes.map((hash) => `SCRAM-${hash}`);
const forPasswords = [...plusForms, ...scramForms, 'DIGEST-MD5', 'CRAM-MD5', 'PLAIN', 'LOGIN', 'ANONYMOUS'];
const forTokens = ['OAUTHBEARER', 'XOAUTH2'];
const all = [...forPasswords, ...forTokens, 'EXTERNAL'];

const withCertificate: Channel = { ...overTls, hasClientCertificate: true };
const joe = password('joe', 'secret');

function choose(
  offered: readonly string[],
  required: readonly SecurityOption[],
  credentials: Credentials,
  channel: Channel,
) {
  return chooseMechanism(offered, new Set(required), credentials, channel)?.name;
}

/** Credentials and a channel that a mechanism can use. */
function circumstances(name: string): [Credentials, Channel] {
  if (forTokens.includes(name)) return [token('joe', 'ya29.x'), overTls];
  return name === 'EXTERNAL' ? [password('joe', ''), withCertificate] : [joe, overTls];
}

test('eighteen mechanisms, each by its own name', () => {
  assert.deepEqual(mechanisms.map(({ name }) => name).sort(), [...all].sort());
  assert.equal(new Set(all).size, 18);
});

/** The columns in which a mechanism has an x, from the flags of the Cyrus client; -PLUS as SCRAM, tokens as PLAIN. */
const table: Readonly<Record<string, readonly SecurityOption[]>> = {
  PLAIN: ['noanonymous'],
  LOGIN: ['noanonymous'],
  OAUTHBEARER: ['noanonymous'],
  XOAUTH2: ['noanonymous'],
  ANONYMOUS: ['noplaintext'],
  'CRAM-MD5': ['noplaintext', 'noanonymous'],
  'DIGEST-MD5': ['noplaintext', 'noanonymous', 'mutual_auth'],
  EXTERNAL: ['noplaintext', 'nodictionary', 'noanonymous'],
};
const scramRow: readonly SecurityOption[] = ['noplaintext', 'noactive', 'noanonymous', 'mutual_auth'];

test('every option excludes the mechanisms that Postfix with Cyrus excludes, and no others', () => {
  for (const name of all) {
    const [credentials, channel] = circumstances(name);
    const survives = table[name] ?? scramRow;
    assert.equal(choose([name], [], credentials, channel), name);
    for (const option of securityOptions) {
      const expected = survives.includes(option) ? name : undefined;
      assert.equal(choose([name], [option], credentials, channel), expected, `${name} ${option}`);
    }
    // All its properties may be required at once, and one more is too many.
    assert.equal(choose([name], survives, credentials, channel), name);
    for (const option of securityOptions.filter((option) => !survives.includes(option))) {
      assert.equal(choose([name], [...survives, option], credentials, channel), undefined);
    }
  }
});

test("the strongest offered mechanism is chosen, whatever the server's order", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(all), (offered) => {
      const best = forPasswords.find((name) => offered.includes(name));
      assert.equal(choose(offered, [], joe, overTls), best);
    }),
  );
});

test('the strongest remaining one is chosen if options exclude others', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(all), fc.subarray([...securityOptions]), (offered, required) => {
      const best = forPasswords.find(
        (name) => offered.includes(name) && required.every((option) => (table[name] ?? scramRow).includes(option)),
      );
      assert.equal(choose(offered, required, joe, overTls), best);
    }),
  );
});

test('with the default options no mechanism is chosen if the server offers only PLAIN or LOGIN', () => {
  assert.equal(choose(['PLAIN', 'LOGIN', 'ANONYMOUS'], ['noplaintext', 'noanonymous'], joe, inClear), undefined);
  assert.equal(choose(['PLAIN', 'CRAM-MD5'], ['noplaintext', 'noanonymous'], joe, inClear), 'CRAM-MD5');
});

test('without a channel binding, -PLUS forms are skipped', () => {
  assert.equal(choose(all, [], joe, inClear), 'SCRAM-SHA-512');
  assert.equal(choose(plusForms, [], joe, inClear), undefined);
});

test('a token is used only with mechanisms for tokens, and a password never is', () => {
  const bearer = token('joe', 'ya29.x');
  assert.equal(choose(all, [], bearer, withCertificate), 'OAUTHBEARER');
  assert.equal(choose(['XOAUTH2', 'PLAIN'], [], bearer, overTls), 'XOAUTH2');
  assert.equal(choose([...forPasswords, 'EXTERNAL'], [], bearer, withCertificate), undefined);
  assert.equal(choose(all, [], token('joe', ''), withCertificate), undefined);
  assert.equal(choose(forTokens, [], joe, overTls), undefined);
});

test('a certificate replaces only a missing password, and then no other mechanism is used', () => {
  assert.equal(choose(all, [], password('joe', ''), withCertificate), 'EXTERNAL');
  assert.equal(choose([...forPasswords, ...forTokens], [], password('joe', ''), withCertificate), undefined);
  assert.equal(choose(['EXTERNAL'], [], joe, withCertificate), undefined);
  assert.equal(choose(['EXTERNAL'], [], password('joe', ''), overTls), undefined);
  assert.equal(choose(['EXTERNAL', 'PLAIN'], [], joe, withCertificate), 'PLAIN');
});

test('an empty password without a certificate is tried, as in Postfix', () => {
  assert.equal(choose(['PLAIN', 'EXTERNAL'], [], password('joe', ''), overTls), 'PLAIN');
});

test('unknown mechanisms, and an empty offer, yield no mechanism', () => {
  assert.equal(choose([], [], joe, overTls), undefined);
  assert.equal(choose(['GSSAPI', 'NTLM', 'SCRAM-SHA3-512', '', 'PLAIN-PLUS'], [], joe, overTls), undefined);
});
