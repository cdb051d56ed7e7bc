/**
 * A real Dovecot over TLS: every level of security against every kind of certificate, by STARTTLS and with
 * TLS from the first octet.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { fingerprintOf } from '../../functions/tls/fingerprint.ts';
import { publicKeyOf } from '../../functions/tls/public-key.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { installLine } from '../support/debian-packages.ts';
import {
  type Asked,
  deliverTo,
  makeMessage,
  nameService,
  shortVerdicts,
  testAgent,
} from '../support/delivery-agent.ts';
import { type Dovecot, dovecotPackages, isDovecotInstalled, startDovecot } from '../support/dovecot.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';

const skip = isDovecotInstalled() ? false : `Dovecot is not installed: ${installLine(dovecotPackages)}`;

/** The certificate of a server that is not here. */
const otherFingerprint = Array<string>(32).fill('AB').join(':');

/** Levels, with the fingerprint that is listed at level fingerprint. */
const columns = ['none', 'may', 'encrypt', 'certificate', 'public key', "another's", 'verify', 'secure'] as const;
type Column = (typeof columns)[number];

/**
 * Certificates of a server, and the outcome of mail for it, column by column: + is sent, - is deferred with
 * 4.7.5.
 */
const matrix = {
  right: '+ + + + + - + +',
  intermediate: '+ + + + + - + +',
  selfSigned: '+ + + + + - - -',
  wrongName: '+ + + + + - - -',
  expired: '+ + + + + - - -',
  notYetValid: '+ + + + + - - -',
  unknownAuthority: '+ + + + + - - -',
  untrustedRoot: '+ + + + + - - -',
  intermediateMissing: '+ + + + + - - -',
  intermediateExpired: '+ + + + + - - -',
} as const satisfies Partial<Record<keyof TestCertificates, string>>;
type Kind = keyof typeof matrix;
const kinds = Object.keys(matrix) as Kind[];

/** Why a certificate fails verification, in the words of the verdict. */
const reasons: Record<Kind, RegExp> = {
  right: /^never$/,
  intermediate: /^never$/,
  selfSigned: /^Server certificate not trusted: self-signed \(host localhost\[127\.0\.0\.1\]\)$/,
  wrongName: /^Server certificate not verified: it is for other\.example, \*\.other\.example; wanted localhost \(/,
  expired: /^Server certificate not trusted: expired on \d{4}-\d\d-\d\d \(/,
  notYetValid: /^Server certificate not trusted: not valid before \d{4}-\d\d-\d\d \(/,
  unknownAuthority: /^Server certificate not trusted: unknown authority, .* \(issuer CN=Unknown authority\)/,
  untrustedRoot: /^Server certificate not trusted: its chain ends at an untrusted authority \(issuer CN=Unknown/,
  intermediateMissing:
    /^Server certificate not trusted: .*omits an intermediate certificate \(issuer CN=Authority between\)/,
  intermediateExpired: /^Server certificate not trusted: a certificate above it has expired/,
};

let certificates: TestCertificates;
/** The settings of every agent here: it trusts the tests' authority, and knows one name. */
let given: Partial<Agent>;
before(async () => {
  certificates = await testCertificates();
  given = {
    secrets: changingSecrets({ authority: certificates.authority.cert }).store,
    names: nameService({ localhost: ['127.0.0.1'] }),
  };
});

function agentFor(column: Column, kind: Kind, parameters: Record<string, string> = {}): Agent {
  const { raw } = certificates[kind].x509;
  const pins: Partial<Record<Column, string>> = {
    certificate: fingerprintOf(raw, 'sha256'),
    'public key': fingerprintOf(publicKeyOf(raw), 'sha256'),
    "another's": otherFingerprint,
  };
  const pin = pins[column];
  const level = pin === undefined ? column : 'fingerprint';
  return testAgent(
    {
      // A server that falls silent fails a test, and does not delay it.
      lmtp_starttls_timeout: '30s',
      lmtp_lhlo_timeout: '30s',
      lmtp_tls_security_level: level,
      lmtp_tls_CAfile: 'secretsmanager:authority',
      ...(pin === undefined ? {} : { lmtp_tls_fingerprint_cert_match: pin }),
      ...parameters,
    },
    given,
  );
}

let sent = 0;

/** Sends one message, and returns whether it is in the Maildir. */
async function send(dovecot: Dovecot, port: number, agent: Agent, asked: Asked = {}) {
  sent += 1;
  const subject = `Subject: number ${sent}.`;
  const outcome = await deliverTo(`inet:localhost:${port}`, ['alice@dovecot.test'], agent, {
    message: makeMessage(`${subject}\n\nHello.\n`),
    ...asked,
  });
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  const isThere = (await dovecot.maildir('alice')).some((file) => file.includes(subject));
  assert.equal(isThere, verdict.status === 'sent', 'mail reported sent is there, and nothing else');
  return { verdict, short: shortVerdicts(outcome)[0] };
}

describe('a Dovecot whose certificate is', { skip }, () => {
  const table: string[] = [];
  after(() => {
    const head = columns.map((column) => column.padEnd(12)).join('');
    console.log(`TLS level x certificate, ${cellCount} cells:\n  ${' '.repeat(30)}${head}\n  ${table.join('\n  ')}`);
  });
  let cellCount = 0;

  for (const kind of kinds) {
    for (const [way, isWrapped] of [
      ['STARTTLS', false],
      ['TLS from the start', true],
    ] as const) {
      describe(`${kind}, by ${way}`, () => {
        let dovecot: Dovecot;
        const row = columns.map(() => '');
        before(async () => {
          dovecot = await startDovecot({ users: ['alice'], certificate: certificates[kind] });
        });
        after(async () => {
          await dovecot?.stop();
          const cells = row.map((cell) => cell.padEnd(12)).join('');
          table.push(`${kind.padEnd(20)}${(isWrapped ? 'implicit' : 'STARTTLS').padEnd(10)}${cells}`);
        });

        for (const [index, column] of columns.entries()) {
          // Optional TLS cannot be TLS from the first octet.
          if (isWrapped && index < 2) continue;
          const isGood = matrix[kind].split(' ')[index] === '+';
          test(`at ${column} ${isGood ? 'gets' : 'does not get'} mail`, async () => {
            const isKept = { lmtp_cache_connection: 'no', lmtp_tls_wrappermode: isWrapped ? 'yes' : 'no' };
            const port = isWrapped ? dovecot.tlsPort : dovecot.port;
            const { short = '', verdict } = await send(dovecot, port, agentFor(column, kind, isKept));
            row[index] = short.replace(/^sent .*/, 'sent').replace('deferred ', '');
            cellCount += 1;
            assert.equal(short, isGood ? 'sent 2.0.0' : 'deferred 4.7.5', verdict.text);
            if (isGood) assert.equal(verdict.tls?.matched, column === 'none' ? undefined : isMatching(column));
            else assert.match(verdict.text, column === "another's" ? /fingerprint .* not listed/ : reasons[kind]);
          });
        }
      });
    }
  }
});

function isMatching(column: Column): boolean {
  return column !== 'may' && column !== 'encrypt';
}

describe('a Dovecot over TLS', { skip }, () => {
  for (const [way, parameters, port] of [
    ['STARTTLS', {}, 'port'],
    ['TLS from the start', { lmtp_tls_wrappermode: 'yes' }, 'tlsPort'],
  ] as const) {
    test(`serves mail after mail on one session, after one handshake: ${way}`, async () => {
      await using dovecot = await startDovecot({ users: ['alice'], certificate: certificates.right });
      const dialogue = recordDialogue();
      const agent = testAgent(
        { lmtp_tls_security_level: 'secure', lmtp_tls_CAfile: 'secretsmanager:authority', ...parameters },
        { ...given, ...dialogue },
      );
      for (const use of [1, 2, 3]) {
        const { verdict, short } = await send(dovecot, dovecot[port], agent);
        assert.deepEqual([short, verdict.connUse, verdict.tls?.protocol], ['sent 2.0.0', use, 'TLSv1.3']);
      }
      const commands = dialogue.commands().map((command) => command.slice(0, 4));
      const isStartTls = way === 'STARTTLS';
      assert.equal(commands.filter((verb) => verb === 'STAR').length, isStartTls ? 1 : 0);
      assert.equal(commands.filter((verb) => verb === 'LHLO').length, isStartTls ? 2 : 1);
      assert.equal(commands.filter((verb) => verb === 'RSET').length, 3);
    });
  }

  test('without a common version closes during the handshake without a reply, and the mail waits', async () => {
    const furtherLines = ['ssl_min_protocol = TLSv1.3'];
    await using dovecot = await startDovecot({ users: ['alice'], certificate: certificates.right, furtherLines });
    const { short, verdict } = await send(
      dovecot,
      dovecot.port,
      agentFor('encrypt', 'right', { lmtp_tls_mandatory_protocols: 'TLSv1.2' }),
    );
    assert.equal(short, 'deferred 4.7.5');
    const words = 'handshake failure: the server closed the connection';
    assert.equal(verdict.text, `Cannot start TLS with localhost[127.0.0.1]: ${words}`);
  });

  test('behaves the same where TLS is optional: mail waits at first, and is sent in plain text when it is old enough', async () => {
    const furtherLines = ['ssl_min_protocol = TLSv1.3'];
    await using dovecot = await startDovecot({ users: ['alice'], certificate: certificates.right, furtherLines });
    const agent = agentFor('may', 'right', { lmtp_tls_protocols: 'TLSv1.2', minimal_backoff_time: '300s' });
    assert.equal((await send(dovecot, dovecot.port, agent, { age: 299_000 })).short, 'deferred 4.7.5');
    const { short, verdict } = await send(dovecot, dovecot.port, agent, { age: 300_000 });
    assert.deepEqual([short, verdict.tls], ['sent 2.0.0', undefined]);
  });

  test('accepts TLS from the first octet only on the port for it: on its other port the handshake fails', async () => {
    await using dovecot = await startDovecot({ users: ['alice'], certificate: certificates.right });
    const agent = agentFor('encrypt', 'right', { lmtp_tls_wrappermode: 'yes' });
    const { short, verdict } = await send(dovecot, dovecot.port, agent);
    assert.equal(short, 'deferred 4.7.5');
    assert.match(verdict.text, /handshake failure: /);
  });

  test('sends no greeting on the port for TLS, and the client times out', async () => {
    await using dovecot = await startDovecot({ users: ['alice'], certificate: certificates.right });
    const agent = agentFor('encrypt', 'right', { lmtp_lhlo_timeout: '1s' });
    const { short, verdict } = await send(dovecot, dovecot.tlsPort, agent);
    assert.equal(short, 'deferred 4.4.2');
    assert.match(verdict.text, /timed out while receiving the initial server greeting$/);
  });
});

describe('a Dovecot without TLS', { skip }, () => {
  test('gets mail in plain text where TLS is optional, and none where it is required', async () => {
    await using dovecot = await startDovecot({ users: ['alice'] });
    const { short, verdict } = await send(dovecot, dovecot.port, agentFor('may', 'right'));
    assert.deepEqual([short, verdict.tls], ['sent 2.0.0', undefined]);
    for (const column of ['encrypt', 'certificate', 'verify', 'secure'] as const) {
      const { short, verdict } = await send(dovecot, dovecot.port, agentFor(column, 'right'));
      assert.equal(short, 'deferred 4.7.4');
      assert.equal(verdict.text, 'TLS is required, but was not offered by host localhost[127.0.0.1]');
    }
  });
});
