/** Any challenge can at most end the exchange. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mechanisms } from '../../functions/sasl/choice.ts';
import type { Credentials } from '../../functions/sasl/credentials.ts';
import { SaslError } from '../../functions/sasl/errors.ts';
import type { Exchange } from '../../functions/sasl/mechanism.ts';
import { parseServerFirst } from '../../functions/sasl/scram-messages.ts';
import { mechanismNamed, overTls, password, token } from '../support/sasl-channel.ts';

const secret = 'tanstaaftanstaaf';
const nonce = 'fyko+d2lbbFgONRv9qkxdawL';
const credentialsFor = (name: string): Credentials =>
  name.includes('OAUTH') ? token('tim', secret) : password('tim', name === 'EXTERNAL' ? '' : secret);

/** Parts of challenges, chosen so that many pass the first check. */
const words = [
  ...[
    `r=${nonce}`,
    `r=${nonce}x`,
    's=QSXCR+Q6sek8bf92',
    'i=1',
    'i=99999999',
    'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    'e=other-error',
  ],
  ...['realm="x"', 'nonce="a"', 'qop="auth"', 'algorithm=md5-sess', 'charset=utf-8', 'rspauth=00', 'nonce="a\\', '"'],
  ...['{"status":"401"', '"error":"invalid_token"', '}', `"${secret}"`, secret, Buffer.from(secret).toString('base64')],
  ...['<1@a>', 'Username:', '=', ' ', '\0', '\r\n', '\u00ff', '\u{1F511}'],
];
const challenge = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets)),
  fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => Buffer.from(parts.join(','))),
  fc.array(fc.constantFrom(...words), { maxLength: 5 }).map((parts) => Buffer.from(parts.join(''))),
);

/** Plays challenges until one is refused; returns the words of the refusal. */
function refusal(exchange: Exchange, challenges: readonly Buffer[]): string {
  try {
    for (const octets of challenges) assert.ok(Buffer.isBuffer(exchange.respond(octets)));
    exchange.verifyServer();
    return '';
  } catch (error) {
    if (!(error instanceof SaslError)) throw error;
    return error.message;
  }
}

/** Whether a text contains the secret, in one of its forms on the wire. */
function tells(text: string): boolean {
  return [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')].some((form) =>
    text.includes(form),
  );
}

for (const { name } of mechanisms) {
  test(`${name}: every challenge is answered or refused, and the refusal does not contain the secret`, () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const exchange = mechanismNamed(name).start(credentialsFor(name), overTls, { nonce });
        const said = refusal(exchange, challenges);
        assert.ok(!tells(`${said}${exchange.serverError ?? ''}`), said);
        assert.match(said, /^[ -~]*$/);
        assert.ok(said.length < 200, said);
      }),
      { numRuns: 400 },
    );
  });
}

test('SCRAM never trusts a server that does not know the password, whatever it sends', () => {
  const first = Buffer.from(`r=${nonce}x,s=QSXC,i=1`);
  fc.assert(
    fc.property(fc.oneof(challenge, fc.uint8Array({ minLength: 20, maxLength: 20 }).map(signed)), (last) => {
      const exchange = mechanismNamed('SCRAM-SHA-1').start(password('tim', secret), overTls, { nonce });
      exchange.respond(first);
      assert.notEqual(refusal(exchange, [last]), '');
      assert.throws(() => exchange.verifyServer(), SaslError);
    }),
    { numRuns: 1000 },
  );
});

function signed(octets: Uint8Array): Buffer {
  return Buffer.from(`v=${Buffer.from(octets).toString('base64')}`);
}

test('for any user and secret, the exchange begins or is refused with a reason that does not show them', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...mechanisms.map(({ name }) => name)),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'binary', minLength: 12, maxLength: 40 }),
      (name, user, random) => {
        const credentials = { ...credentialsFor(name), user, secret: random };
        try {
          mechanismNamed(name).start(credentials, overTls);
        } catch (error) {
          if (!(error instanceof SaslError)) throw error;
          assert.ok(!error.message.includes(random));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('a challenge of the greatest length is read only once', () => {
  const long = [
    'a'.repeat(200_000),
    ','.repeat(200_000),
    'x=y,'.repeat(50_000),
    `r=${nonce}${'x'.repeat(200_000)},s=QSXC,i=1`,
    `r=${nonce}x,s=${'AAAA'.repeat(50_000)},i=4096`,
    `nonce="${'\\"'.repeat(100_000)}`,
    `${'['.repeat(200_000)}`,
    `{"status":"${'a_'.repeat(100_000)}"}`,
  ];
  for (const { name } of mechanisms) {
    for (const text of long) {
      const exchange = mechanismNamed(name).start(credentialsFor(name), overTls, { nonce });
      assert.ok(refusal(exchange, [Buffer.from(text)]).length < 200);
    }
  }
});

test('our password in the place of a SCRAM error is not shown', () => {
  assert.throws(
    () => parseServerFirst(`e=other-error${secret}`, 'nonce'),
    (error: Error) => error instanceof SaslError && !tells(error.message) && error.message.endsWith(': other-error'),
  );
});
