/** Advice: every finding has a sentence, and every advised parameter value is valid. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type About, advise, findings } from '../../functions/check/advice.ts';
import { isParameterName, parseParameters } from '../../functions/parameters/parameters.ts';
import { parseDestination } from '../../functions/request/destination.ts';

const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
const certificate = { fingerprint, publicKeyFingerprint: fingerprint, names: ['*.other.example'] };
const about = (destination: string, more: Partial<About> = {}): About => ({
  hop: parseDestination(destination, 24)[0],
  place: 'command',
  certificate,
  ...more,
});

describe('every finding has a sentence for every kind of destination:', () => {
  for (const destination of ['inet:imap1.internal:24', 'inet:[2001:db8::1]:2003', 'unix:/run/lmtp']) {
    for (const place of ['command', 'function'] as const) {
      test(`${destination}, ${place}`, () => {
        for (const finding of findings) {
          for (const more of [{}, { isEncrypted: true }, { offersTls: true }]) {
            const [first = ''] = advise(finding, { ...about(destination), place, ...more }).split('\n');
            assert.match(first, /^[A-Z].*[.:)]$/, finding);
            assert.doesNotMatch(first, /undefined|\[object/, finding);
          }
        }
      });
    }
  }
});

test('every parameter in the advice exists, and accepts the advised value', () => {
  // Placeholders.
  const own = /^(?:secretsmanager:NAME|FINGERPRINT)/;
  // Parameters of Dovecot and Cyrus.
  const others = ['inet_listener', 'lmtp_admins'];
  let seen = 0;
  for (const finding of findings) {
    for (const more of [{}, { isEncrypted: true }, { offersTls: true }]) {
      const text = advise(finding, about('inet:imap1.internal:24', more));
      for (const [, name = '', braces, word = ''] of text.matchAll(
        /\b((?:lmtp|inet|allow)_\w+)(?:=(inline:\{.*?\} \}|)(\S*?)(?=[.,:;)]*(?:\s|$)))?/g,
      )) {
        if (others.includes(name)) continue;
        assert.ok(isParameterName(name), `${finding}: ${name}`);
        const value = braces || word;
        if (value === '' || own.test(value)) continue;
        seen += 1;
        const password = { lmtp_sasl_password_maps: 'static:joe:x' };
        const level = name === 'lmtp_tls_wrappermode' ? { lmtp_tls_security_level: 'encrypt' } : {};
        parseParameters({ ...password, ...level, [name]: value });
      }
    }
  }
  assert.ok(seen > 15, `${seen} values`);
});

test('the name advised for a certificate is valid in a policy, whatever the certificate contains', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.domain(), fc.constant('*.x.test')), { maxLength: 3 }), (names) => {
      const text = advise('wrong name', about('inet:imap1.internal:24', { certificate: { ...certificate, names } }));
      assert.doesNotMatch(text, /\p{Cc}/u);
      const [map = ''] = /inline:\{ \{.*?\} \}/.exec(text) ?? [];
      const { lmtp_tls_policy_maps } = parseParameters({ lmtp_tls_policy_maps: map });
      assert.match(lmtp_tls_policy_maps.find('imap1.internal:24') ?? '', /^secure match=[\w.-]+$/);
    }),
  );
});

test('advice about a password from a secret mentions rotation', () => {
  const password = { source: 'secretsmanager:mail/sasl' };
  assert.match(advise('credentials refused', about('inet:x:24', { password })), /--pending/);
  const inFunction = about('inet:x:24', { password, place: 'function' });
  assert.match(advise('credentials refused', inFunction), /pending=true/);
  const fixed = about('inet:x:24', { password: { source: 'static' } });
  assert.doesNotMatch(advise('credentials refused', fixed), /pending/);
});
