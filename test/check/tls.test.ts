/** TLS as a check reports it: what was negotiated, the certificate, and the faults. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SecretFault } from '../../functions/secrets/secrets.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { checkServer, stepNamed } from '../support/check-server.ts';
import { andThen } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { TestClock } from '../support/test-clock.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
let certificates: TestCertificates;
let verify: Readonly<Record<string, string>>;
before(async () => {
  certificates = await testCertificates();
  verify = {
    lmtp_tls_security_level: 'verify',
    lmtp_tls_CAfile: folder.write('ca.pem', certificates.authority.cert),
  };
});

test('a matching certificate is reported with names, end and fingerprint, and capabilities are those under TLS', async () => {
  const checked = await checkServer(
    { capabilities: ['SIZE'], tls: { certificate: certificates.right, capabilities: ['SIZE', 'AUTH PLAIN'] } },
    { parameters: verify },
  );
  assert.deepEqual(checked.summary, [
    'name ok',
    'port ok',
    'greeting ok',
    'TLS ok',
    'certificate ok',
    'LHLO ok',
    'AUTH ok',
  ]);
  const { level, protocol, cipher } = stepNamed(checked, 'TLS');
  assert.deepEqual([level, protocol], ['verify', 'TLSv1.3']);
  assert.match(cipher ?? '', /^TLS_/);
  const certificate = stepNamed(checked, 'certificate');
  assert.equal(certificate.fingerprint, certificates.right.x509.fingerprint256);
  assert.deepEqual(certificate.names, ['localhost', '127.0.0.1']);
  assert.equal(certificate.daysLeft, 29);
  assert.deepEqual([certificate.matched, certificate.trusted], [true, true]);
  assert.deepEqual(stepNamed(checked, 'LHLO').capabilities, ['SIZE', 'AUTH PLAIN']);
  assert.deepEqual(checked.connections[0]?.commands, [
    'LHLO client.example',
    'STARTTLS',
    '<TLS>',
    'LHLO client.example',
    'QUIT',
  ]);
});

test('TLS from the first octet comes before the greeting', async () => {
  const { summary } = await checkServer(
    { tls: { certificate: certificates.right, begins: 'implicit' } },
    { parameters: { ...verify, lmtp_tls_wrappermode: 'yes' } },
  );
  assert.deepEqual(summary.slice(2), ['TLS ok', 'certificate ok', 'greeting ok', 'LHLO ok', 'AUTH ok']);
});

describe('a certificate that is not accepted is reported with the reason and the parameter to set:', () => {
  const cases: [keyof TestCertificates, string, RegExp][] = [
    ['selfSigned', 'self-signed', /lmtp_tls_fingerprint_cert_match=(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\./],
    ['wrongName', 'wrong name', /lmtp_tls_policy_maps=inline:\{ \{127\.0\.0\.1:\d+ = secure match=other\.example\} \}/],
    ['expired', 'certificate expired', /^Renew the certificate/],
    ['notYetValid', 'certificate not yet valid', /clock/],
    ['unknownAuthority', 'unknown authority', /lmtp_tls_CAfile=/],
    ['untrustedRoot', 'unknown authority', /lmtp_tls_CAfile=/],
    ['intermediateMissing', 'unknown authority', /omits an intermediate certificate/],
    ['intermediateExpired', 'certificate not accepted', /chain/],
  ];
  for (const [name, finding, next] of cases) {
    test(name, async () => {
      const certificate = certificates[name];
      const checked = await checkServer({ tls: { certificate } }, { parameters: verify });
      const step = stepNamed(checked, 'certificate');
      assert.ok(step.result === 'failed');
      assert.equal(step.finding, finding);
      assert.match(step.next, next);
      assert.equal(step.verdict.dsn, '4.7.5');
      assert.equal(checked.report.outcome, 'deferred');
      // The client sends QUIT and nothing else.
      assert.deepEqual(checked.connections[0]?.commands.slice(2), ['<TLS>', 'QUIT']);
    });
  }
});

test('the policy entry that is advised for another name makes the check pass', async () => {
  const script = { tls: { certificate: certificates.wrongName } };
  const step = stepNamed(await checkServer(script, { parameters: verify }), 'certificate');
  assert.ok(step.result === 'failed');
  const [, advised = ''] = /lmtp_tls_policy_maps=(inline:\{.*?\} \})/.exec(step.next) ?? [];
  // Another server gets another port.
  const parameters = { ...verify, lmtp_tls_policy_maps: advised.replace(/:\d+ =/, ' =') };
  assert.equal((await checkServer(script, { parameters })).report.outcome, 'well');
});

test('a pin that does not match brings the one that does', async () => {
  const script = { tls: { certificate: certificates.selfSigned } };
  const pinned = (match: string) => ({
    lmtp_tls_security_level: 'fingerprint',
    lmtp_tls_fingerprint_cert_match: match,
  });
  const first = await checkServer(script, { parameters: pinned(certificates.right.x509.fingerprint256) });
  const step = stepNamed(first, 'certificate');
  assert.ok(step.result === 'failed');
  assert.equal(step.finding, 'fingerprint not listed');
  const [, advised = ''] = /lmtp_tls_fingerprint_cert_match=(\S+)/.exec(step.next) ?? [];
  assert.equal((await checkServer(script, { parameters: pinned(advised) })).report.outcome, 'well');
  const [, key = ''] = /same key: ([0-9A-F:]+)\./.exec(step.next) ?? [];
  assert.equal((await checkServer(script, { parameters: pinned(key) })).report.outcome, 'well');
});

test('a certificate that ends within two weeks is a warning', async () => {
  const soon = await certificates.authority.issue({ addresses: ['127.0.0.1'], validity: [-1, 13.5] });
  const checked = await checkServer({ tls: { certificate: soon } }, { parameters: verify });
  const step = stepNamed(checked, 'certificate');
  assert.ok(step.result === 'warning');
  assert.equal(step.finding, 'certificate ends soon');
  assert.equal(step.daysLeft, 13);
  assert.equal(checked.report.outcome, 'well');
  // The end of a pinned certificate does not count.
  const pinned = {
    lmtp_tls_security_level: 'fingerprint',
    lmtp_tls_fingerprint_cert_match: soon.x509.fingerprint256,
  };
  const other = await checkServer({ tls: { certificate: soon } }, { parameters: pinned });
  assert.equal(stepNamed(other, 'certificate').result, 'ok');
  const later = new TestClock(Date.parse(soon.x509.validTo) - 15 * 86_400_000);
  const patient = await checkServer({ tls: { certificate: soon } }, { parameters: verify, agent: { clock: later } });
  assert.equal(stepNamed(patient, 'certificate').result, 'ok');
});

test('a certificate is reported at a level that requires none', async () => {
  const parameters = { lmtp_tls_security_level: 'encrypt' };
  const checked = await checkServer({ tls: { certificate: certificates.expired } }, { parameters });
  const step = stepNamed(checked, 'certificate');
  assert.equal(step.result, 'ok');
  assert.match(step.text, /^not trusted \(.*\); not required at level encrypt\n/);
  assert.ok(Number(step.daysLeft) < 0);
  assert.match(step.text, /expired on \d{4}-\d\d-\d\d/);
});

describe('a server without TLS', () => {
  const encrypt = { lmtp_tls_security_level: 'encrypt' };
  const may = { lmtp_tls_security_level: 'may' };

  test('defers mail where TLS is required', async () => {
    const checked = await checkServer({}, { parameters: encrypt });
    const step = stepNamed(checked, 'TLS');
    assert.ok(step.result === 'failed');
    assert.equal(step.finding, 'TLS not offered');
    assert.match(step.next, /lmtp_tls_policy_maps=inline:\{ \{127\.0\.0\.1:\d+ = may\} \}/);
    assert.equal(step.verdict.dsn, '4.7.4');
  });

  test('passes in plain text where TLS is not required', async () => {
    const checked = await checkServer({}, { parameters: may });
    assert.match(stepNamed(checked, 'TLS').text, /^none: not offered.*level may$/);
    assert.equal(checked.report.outcome, 'well');
  });

  test('that it offers is reported with its reply to STARTTLS', async () => {
    const script = { tls: { certificate: certificates.right }, starttls: '454 4.7.0 no key' };
    const demanded = stepNamed(await checkServer(script, { parameters: encrypt }), 'TLS');
    assert.ok(demanded.result === 'failed');
    assert.equal(demanded.finding, 'TLS refused');
    assert.match(demanded.text, /454 4\.7\.0 no key/);
    const wished = await checkServer(script, { parameters: may });
    const step = stepNamed(wished, 'TLS');
    assert.ok(step.result === 'warning');
    assert.match(step.text, /offered, and then refused: 454 4\.7\.0 no key/);
    assert.equal(wished.report.outcome, 'well');
  });
});

describe('a handshake that fails', () => {
  const encrypt = { lmtp_tls_security_level: 'encrypt' };

  test('because the server speaks plain text', async () => {
    const parameters = { ...encrypt, lmtp_tls_wrappermode: 'yes' };
    assert.equal((await checkServer({}, { parameters })).summary.at(-1), 'TLS failed: plain text server');
  });

  test('because the server answers 220 to STARTTLS and continues in plain text', async () => {
    const script = { capabilities: ['STARTTLS'], starttls: '220 go ahead' };
    assert.equal((await checkServer(script, { parameters: encrypt })).summary.at(-1), 'TLS failed: handshake failed');
  });

  test('because there is no common version', async () => {
    const script = { tls: { certificate: certificates.right, maxVersion: 'TLSv1.2' } } as const;
    const parameters = { ...encrypt, lmtp_tls_mandatory_protocols: '>=TLSv1.3' };
    assert.equal((await checkServer(script, { parameters })).summary.at(-1), 'TLS failed: no common version');
  });

  test('because the server requires a client certificate, as far as it says so', async () => {
    const tls = { certificate: certificates.right, clientCertificate: 'require' } as const;
    const last = async (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      (await checkServer({ tls: { ...tls, maxVersion } }, { parameters: encrypt })).summary.at(-1);
    assert.equal(await last('TLSv1.3'), 'TLS failed: client certificate wanted');
    assert.equal(await last('TLSv1.2'), 'TLS failed: handshake failed');
  });

  test('because the server is silent', async () => {
    const tls = { certificate: certificates.right, handshake: 'stall' } as const;
    assert.match((await checkServer({ tls }, { parameters: encrypt })).summary.at(-1) ?? '', /^TLS failed: /);
    const silent = { starttls: andThen('silence'), tls: { certificate: certificates.right } };
    assert.equal((await checkServer(silent, { parameters: encrypt })).summary.at(-1), 'TLS failed: too slow');
  });
});

describe('TLS material that cannot be used is reported after the steps that need none:', () => {
  test('a missing file of authorities', async () => {
    const parameters = { ...verify, lmtp_tls_CAfile: `${folder.path}/none.pem` };
    const checked = await checkServer({ tls: { certificate: certificates.right } }, { parameters });
    assert.deepEqual(checked.summary, ['name ok', 'port ok', 'greeting ok', 'TLS failed: TLS material unusable']);
    const step = stepNamed(checked, 'TLS');
    assert.ok(step.result === 'failed');
    assert.match(step.text, /lmtp_tls_CAfile: .*none\.pem cannot be read/);
    assert.equal(step.verdict.dsn, '4.3.0');
    assert.ok(!checked.connections[0]?.commands.includes('STARTTLS'));
  });

  test('a missing file of authorities with TLS from the first octet, where only the port is tried', async () => {
    const parameters = { ...verify, lmtp_tls_CAfile: `${folder.path}/none.pem`, lmtp_tls_wrappermode: 'yes' };
    const { summary } = await checkServer(
      { tls: { certificate: certificates.right, begins: 'implicit' } },
      { parameters },
    );
    assert.deepEqual(summary, ['name ok', 'port ok', 'TLS failed: TLS material unusable']);
  });

  test('an entry of the policy map', async () => {
    const parameters = { ...verify, lmtp_tls_policy_maps: 'inline:{ {127.0.0.1 = secure colour=blue} }' };
    const { summary } = await checkServer({ tls: { certificate: certificates.right } }, { parameters });
    assert.deepEqual(summary, ['name ok', 'port ok', 'greeting ok', 'TLS failed: TLS policy unusable']);
  });

  test('a secret that cannot be read', async () => {
    const secrets = {
      fetch: () => Promise.reject(new SecretFault('the secret "mail/ca" cannot be read: AccessDenied')),
    };
    const parameters = { ...verify, lmtp_tls_CAfile: 'secretsmanager:mail/ca' };
    const checked = await checkServer({ tls: { certificate: certificates.right } }, { parameters, agent: { secrets } });
    assert.equal(checked.summary.at(-1), 'TLS failed: TLS material unusable');
    assert.match(checked.text, /mail\/ca" cannot be read: AccessDenied/);
  });
});

describe('an early reply under TLS is reported', () => {
  const script = () => ({
    tls: { certificate: certificates.right },
    lhlo: { each: [['250-lmtp.test', '250 STARTTLS'], { raw: '250 lmtp.test\r\n250 2.1.0 early\r\n' }] },
  });

  test('as a reply out of step', async () => {
    const { summary } = await checkServer(script(), { parameters: verify });
    assert.deepEqual(summary.slice(-3), ['TLS ok', 'certificate ok', 'LHLO failed: out of step']);
  });

  test('as Postfix reports it', async () => {
    const strict = { strict_postfix_verdicts: 'yes', lmtp_tls_block_early_mail_reply: 'yes' };
    const { summary } = await checkServer(script(), { parameters: { ...verify, ...strict } });
    assert.deepEqual(summary.slice(-2), ['LHLO ok', 'TLS failed: spoke before its turn']);
  });
});

test('a line injected after the 220 to STARTTLS is reported as out of step, and there is no handshake', async () => {
  const script = { tls: { certificate: certificates.right, injected: '250 injected\r\n' } };
  const checked = await checkServer(script, { parameters: verify });
  assert.deepEqual(checked.summary.slice(-2), ['greeting ok', 'LHLO failed: out of step']);
  assert.match(checked.text, /250 injected/);
  assert.ok(!checked.connections[0]?.commands.includes('<TLS>'));
});
