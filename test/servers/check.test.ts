/** The check with real servers: Cyrus and Dovecot, healthy and misconfigured. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { type Checking, checkDestination, stepNamed } from '../support/check-server.ts';
import { type Cyrus, cyrusPackages, isCyrusInstalled, startCyrus } from '../support/cyrus.ts';
import { installLine } from '../support/debian-packages.ts';
import { type Dovecot, dovecotPackages, isDovecotInstalled, startDovecot } from '../support/dovecot.ts';
import { findSecrets } from '../support/secret-search.ts';
import { testSecrets } from '../support/test-secrets.ts';

const patience = { lmtp_connect_timeout: '10s', lmtp_lhlo_timeout: '10s', lmtp_starttls_timeout: '10s' };

describe('a Cyrus', { skip: isCyrusInstalled() ? false : `not installed: ${installLine(cyrusPackages)}` }, () => {
  let cyrus: Cyrus;
  let trusting: { readonly secrets: ReturnType<typeof changingSecrets>['store'] };
  before(async () => {
    const { authority, right } = await testCertificates();
    const accounts = { lmtpuser: testSecrets.password };
    cyrus = await startCyrus({ guarded: { accounts, certificate: right } });
    trusting = { secrets: changingSecrets({ authority: authority.cert }).store };
  });
  after(() => cyrus?.stop());

  const checkAs = async (secret: string, more: Checking = {}) => {
    const parameters = {
      ...patience,
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: `static:{lmtpuser:${secret}}`,
      lmtp_tls_security_level: 'verify',
      lmtp_tls_CAfile: 'secretsmanager:authority',
    };
    const checked = await checkDestination(cyrus.guardedDestination, { parameters, agent: trusting, ...more });
    assert.deepEqual(findSecrets(checked.text + JSON.stringify(checked.report)), []);
    return checked;
  };

  test('accepts us by its best mechanism, and knows its recipients', async () => {
    const probe = { sender: '', recipients: ['alice@cyrus.test', 'nobody@cyrus.test'] };
    const checked = await checkAs(testSecrets.password, { probe });
    assert.equal(stepNamed(checked, 'AUTH').mechanism, 'SCRAM-SHA-512-PLUS');
    assert.deepEqual(checked.summary.slice(-3), ['MAIL ok', 'RCPT ok', 'RCPT failed: recipient unknown']);
    assert.equal(checked.report.outcome, 'bounced');
    assert.deepEqual(await cyrus.mailbox('alice'), []);
  });

  test('replies 501 to a wrong password, and that is recognised', async () => {
    const checked = await checkAs(testSecrets.wrongPassword);
    assert.equal(checked.summary.at(-1), 'AUTH failed: credentials refused');
    assert.match(stepNamed(checked, 'AUTH').text, /501 5\.5\.4 undefined error!/);
    assert.equal(checked.report.outcome, 'deferred');
  });

  test('without a password leads to the missing parameter', async () => {
    const probe = { sender: '', recipients: ['alice@cyrus.test'] };
    const { summary } = await checkDestination(cyrus.guardedDestination, { parameters: patience, probe });
    assert.deepEqual(summary.slice(-2), ['AUTH ok', 'MAIL failed: AUTH wanted']);
  });
});

describe('a Dovecot', { skip: isDovecotInstalled() ? false : `not installed: ${installLine(dovecotPackages)}` }, () => {
  let dovecot: Dovecot;
  before(async () => {
    dovecot = await startDovecot();
  });
  after(() => dovecot?.stop());

  test('reports its capabilities, and knows its recipients', async () => {
    const probe = { sender: 'me@example.org', recipients: ['alice@dovecot.test', 'nobody@dovecot.test'] };
    const checked = await checkDestination(`inet:127.0.0.1:${dovecot.port}`, { parameters: patience, probe });
    assert.match(stepNamed(checked, 'greeting').said ?? '', /Dovecot/);
    assert.ok(stepNamed(checked, 'LHLO').capabilities?.includes('PIPELINING'));
    assert.deepEqual(checked.summary.slice(-3), ['MAIL ok', 'RCPT ok', 'RCPT failed: recipient unknown']);
  });

  test('without AUTH is reported as such if there is a password for it', async () => {
    const parameters = {
      ...patience,
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: `static:joe:${testSecrets.password}`,
    };
    const { summary } = await checkDestination(`inet:127.0.0.1:${dovecot.port}`, { parameters });
    assert.equal(summary.at(-1), 'AUTH failed: AUTH not offered');
  });
});
