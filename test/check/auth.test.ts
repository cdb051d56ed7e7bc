/** AUTH as a check reports it: mechanism, user, secret and its version; never the password. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SecretFault, type SecretStore } from '../../functions/secrets/secrets.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { type Checked, type Checking, checkServer, stepNamed } from '../support/check-server.ts';
import { andThen, type ServerScript } from '../support/scripted-server.ts';
import { findSecrets } from '../support/secret-search.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { testSecrets } from '../support/test-secrets.ts';

const { password, changedPassword, token } = testSecrets;
const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
let certificates: TestCertificates;
let encrypted: Readonly<Record<string, string>>;
before(async () => {
  certificates = await testCertificates();
  encrypted = { lmtp_tls_security_level: 'encrypt', lmtp_sasl_tls_security_options: 'noanonymous' };
});

const own = (map: string, more: Readonly<Record<string, string>> = {}) => ({
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: map,
  lmtp_sasl_security_options: 'noanonymous',
  ...more,
});
const joe = own(`static:joe:${password}`);

/** Checks, and asserts that no output and no transcript contains a secret. */
async function checkAuth(script: ServerScript, checking: Checking): Promise<Checked> {
  const heard: string[] = [];
  const transcript = (_: string, line: string) => void heard.push(line);
  const checked = await checkServer(script, { ...checking, agent: { ...checking.agent, transcript } });
  const told = [checked.text, JSON.stringify(checked.report), ...heard].join('\n');
  assert.deepEqual(findSecrets(told), []);
  return checked;
}

/** A secret in two versions. */
const rotating: SecretStore = {
  fetch: async (name, { stage = 'AWSCURRENT' } = {}) => {
    if (name !== 'mail/sasl') throw new SecretFault(`the secret "${name}" (${stage}) cannot be read: not found`);
    const isPending = stage === 'AWSPENDING';
    return {
      text: JSON.stringify({ '127.0.0.1': `relay:${isPending ? changedPassword : password}` }),
      version: isPending ? 'version-2' : 'version-1',
    };
  },
};

/** The password that a server received. */
function shown({ connections }: Checked): string | undefined {
  const [response] = connections.flatMap(({ commands }) =>
    commands.flatMap((command) => /^AUTH PLAIN (\S+)/.exec(command)?.[1] ?? []),
  );
  return response && Buffer.from(response, 'base64').toString().split('\0')[2];
}

const plain = { capabilities: ['AUTH PLAIN'], auth: ['235 2.7.0 ok'] };

describe('a server that accepts AUTH', () => {
  test('is reported with mechanism, user, source and version', async () => {
    const parameters = own('secretsmanager:mail/sasl');
    const checked = await checkAuth(plain, { parameters, agent: { secrets: rotating } });
    const { text, mechanism, user, source, version, stage } = stepNamed(checked, 'AUTH');
    assert.equal(text, 'PLAIN as relay (secretsmanager:mail/sasl, version version-1)');
    assert.deepEqual(
      [mechanism, user, source, version, stage],
      ['PLAIN', 'relay', 'secretsmanager:mail/sasl', 'version-1', 'AWSCURRENT'],
    );
    assert.equal(shown(checked), password);
  });

  test('is tried with the AWSPENDING password on request', async () => {
    const parameters = own('secretsmanager:mail/sasl');
    const checked = await checkAuth(plain, { parameters, agent: { secrets: rotating }, pending: true });
    const step = stepNamed(checked, 'AUTH');
    assert.equal(step.text, 'PLAIN as relay (secretsmanager:mail/sasl, version version-2 (AWSPENDING))');
    assert.equal(step.stage, 'AWSPENDING');
    assert.equal(shown(checked), changedPassword);
  });

  test('is tried with AWSPENDING while the authorities stay at AWSCURRENT', async () => {
    const secrets: SecretStore = {
      fetch: async (name, options = {}) => {
        if (name !== 'mail/ca') return await rotating.fetch(name, options);
        if (options.stage === 'AWSPENDING') throw new SecretFault('no such version');
        return { text: certificates.authority.cert, version: 'ca-1' };
      },
    };
    const parameters = own('secretsmanager:mail/sasl', {
      lmtp_tls_security_level: 'verify',
      lmtp_tls_CAfile: 'secretsmanager:mail/ca',
      lmtp_sasl_tls_security_options: 'noanonymous',
    });
    const script = { ...plain, tls: { certificate: certificates.right } };
    const checked = await checkAuth(script, { parameters, agent: { secrets }, pending: true });
    assert.equal(checked.report.outcome, 'well');
    assert.equal(shown(checked), changedPassword);
  });

  test('is reported with the file that contains the password', async () => {
    const file = folder.write('sasl_passwd', `127.0.0.1 mx-relay:${password}\n`);
    const checked = await checkAuth(plain, { parameters: own(`texthash:${file}`) });
    assert.match(stepNamed(checked, 'AUTH').text, /^PLAIN as mx-relay \(texthash:.*sasl_passwd\)$/);
  });
});

describe('a server that refuses AUTH', () => {
  const refused = (reply: string, parameters: Readonly<Record<string, string>> = joe) =>
    checkAuth({ capabilities: ['AUTH PLAIN'], auth: [reply] }, { parameters });

  test('with 535 is reported with its reply, and mail is deferred', async () => {
    const checked = await refused('535 5.7.8 authentication failed');
    const step = stepNamed(checked, 'AUTH');
    assert.ok(step.result === 'failed');
    assert.equal(step.finding, 'credentials refused');
    assert.equal(step.text, 'PLAIN as joe (static): 535 5.7.8 authentication failed');
    assert.equal(step.mechanism, 'PLAIN');
    assert.equal(checked.report.outcome, 'deferred');
    assert.ok(!checked.summary.includes('MAIL ok'));
  });

  test('would bounce mail with lmtp_sasl_auth_soft_bounce=no', async () => {
    const parameters = { ...joe, lmtp_sasl_auth_soft_bounce: 'no' };
    assert.equal((await refused('535 5.7.8 no', parameters)).report.outcome, 'bounced');
  });

  test('for a password from a secret brings advice about rotation', async () => {
    const script = { capabilities: ['AUTH PLAIN'], auth: ['501 5.5.4 undefined error!'] };
    const parameters = own('secretsmanager:mail/sasl');
    const step = stepNamed(await checkAuth(script, { parameters, agent: { secrets: rotating } }), 'AUTH');
    assert.ok(step.result === 'failed');
    assert.match(step.next, /the value in secretsmanager:mail\/sasl\..*--pending/);
  });

  test('for now is distinguished from one that requires TLS', async () => {
    assert.match((await refused('454 4.7.0 later')).summary.at(-1) ?? '', /^AUTH failed: AUTH deferred$/);
    assert.match((await refused('538 5.7.11 encrypt')).summary.at(-1) ?? '', /^AUTH failed: encryption wanted$/);
  });

  test('and repeats the password has it hidden', async () => {
    const response = Buffer.from(`\0joe\0${password}`).toString('base64');
    const checked = await refused(`535 5.7.8 ${response} is not ${password}`);
    assert.match(checked.text, /<hidden> is not <hidden>/);
  });

  test('after a challenge that is not base64 is reported as a failed exchange', async () => {
    const script = { capabilities: ['AUTH CRAM-MD5'], auth: ['334 no base64 at all!', '501 5.0.0 cancelled'] };
    const checked = await checkAuth(script, { parameters: joe });
    assert.equal(checked.summary.at(-1), 'AUTH failed: exchange failed');
    assert.match(stepNamed(checked, 'AUTH').text, /^CRAM-MD5 as joe \(static\): the challenge is not base64$/);
  });

  test('by closing the connection is reported as out of step', async () => {
    const script = { capabilities: ['AUTH PLAIN'], auth: [andThen('close')] };
    const checked = await checkAuth(script, { parameters: joe });
    assert.deepEqual(checked.summary.slice(-3), ['TLS ok', 'LHLO ok', 'AUTH failed: out of step']);
  });
});

describe('no mechanism can be used:', () => {
  const none = async (words: string, parameters: Readonly<Record<string, string>>, tls = false) => {
    const script = { capabilities: [`AUTH ${words}`], ...(tls && { tls: { certificate: certificates.right } }) };
    const checked = await checkAuth(script, { parameters });
    const step = stepNamed(checked, 'AUTH');
    assert.ok(step.result === 'failed');
    assert.equal(step.verdict.dsn, '4.7.0');
    assert.ok(!checked.connections[0]?.commands.some((command) => command.startsWith('AUTH')));
    return step;
  };
  const strict = { lmtp_sasl_security_options: 'noplaintext, noanonymous' };

  test('all send the password, without TLS', async () => {
    const step = await none('PLAIN LOGIN GSSAPI', { ...joe, ...strict });
    assert.equal(step.finding, 'plaintext refused');
    assert.equal(
      step.text,
      'no mechanism can be used (lmtp_sasl_security_options)\nPLAIN: lacks noplaintext\nLOGIN: lacks noplaintext\nGSSAPI: not implemented',
    );
    assert.match(step.next, /lmtp_tls_security_level=encrypt.*lmtp_sasl_tls_security_options=noanonymous/);
  });

  test('all send the password, under TLS; the advised parameter allows them', async () => {
    const parameters = { ...joe, ...strict, lmtp_tls_security_level: 'encrypt' };
    const step = await none('PLAIN LOGIN', parameters, true);
    assert.equal(step.finding, 'plaintext refused');
    assert.match(step.text, /^no mechanism can be used \(lmtp_sasl_tls_security_options\)/);
    const [, name = '', value = ''] = /(lmtp_sasl_tls_security_options)=(\w+)/.exec(step.next) ?? [];
    const script = { ...plain, tls: { certificate: certificates.right } };
    const advised = await checkAuth(script, { parameters: { ...parameters, [name]: value } });
    assert.equal(advised.report.outcome, 'well');
  });

  test('all lack another required property', async () => {
    const step = await none('CRAM-MD5 PLAIN', { ...joe, lmtp_sasl_security_options: 'mutual_auth' });
    assert.equal(step.finding, 'options too strict');
    assert.match(step.text, /CRAM-MD5: lacks mutual_auth/);
  });

  test('the filter allows none', async () => {
    const step = await none('PLAIN LOGIN', { ...joe, lmtp_sasl_mechanism_filter: 'scram-sha-256' });
    assert.equal(step.finding, 'no mechanism offered');
    assert.match(step.text, /PLAIN LOGIN/);
  });

  test('a token fits none of them', async () => {
    const file = folder.write('token', `127.0.0.1 ${JSON.stringify({ user: 'joe', token })}\n`);
    const step = await none('PLAIN SCRAM-SHA-256', own(`texthash:${file}`));
    assert.equal(step.finding, 'credentials fit none');
  });
});

describe('AUTH that is not offered', () => {
  test('defers mail where there is a password', async () => {
    const checked = await checkAuth({}, { parameters: joe });
    const step = stepNamed(checked, 'AUTH');
    assert.ok(step.result === 'failed');
    assert.equal(step.finding, 'AUTH not offered');
    assert.match(step.next, /lmtp_sasl_auth_required=no/);
  });

  test('in plain text may be offered under TLS, and the advice says so', async () => {
    const tls = { certificate: certificates.right, capabilities: ['AUTH PLAIN'] };
    const bare = stepNamed(await checkAuth({ tls, auth: plain.auth }, { parameters: joe }), 'AUTH');
    assert.ok(bare.result === 'failed');
    assert.match(bare.next, /lmtp_tls_security_level=encrypt/);
    const parameters = { ...joe, ...encrypted };
    assert.equal((await checkAuth({ tls, auth: plain.auth }, { parameters })).report.outcome, 'well');
  });

  test('is a warning where mail is sent without AUTH', async () => {
    const checked = await checkAuth({}, { parameters: { ...joe, lmtp_sasl_auth_required: 'no' } });
    assert.equal(checked.summary.at(-1), 'AUTH warning: AUTH not offered');
    assert.equal(checked.report.outcome, 'well');
  });
});

describe('no password', () => {
  test('is a warning with the keys that were looked up', async () => {
    const checked = await checkAuth(plain, { parameters: own('inline:{ {other.test = joe:x} }') });
    const step = stepNamed(checked, 'AUTH');
    assert.ok(step.result === 'warning');
    assert.equal(step.finding, 'no password');
    assert.match(step.next, /127\.0\.0\.1, 127\.0\.0\.1:\d+\.$/);
    assert.equal(checked.report.outcome, 'well');
  });

  test('is ok with lmtp_sasl_auth_enable=no', async () => {
    const step = stepNamed(await checkAuth(plain, {}), 'AUTH');
    assert.equal(step.result, 'ok');
    assert.equal(step.text, 'none: lmtp_sasl_auth_enable=no; the server offers PLAIN');
  });
});

describe('a secret that cannot be read defers mail, and the other steps are reported:', () => {
  test('the current version', async () => {
    const parameters = own('secretsmanager:mail/none', encrypted);
    const script = { ...plain, tls: { certificate: certificates.right } };
    const checked = await checkAuth(script, { parameters, agent: { secrets: rotating } });
    assert.deepEqual(checked.summary.slice(-4), [
      'TLS ok',
      'certificate ok',
      'LHLO ok',
      'AUTH failed: secret unreadable',
    ]);
    assert.match(checked.text, /"mail\/none" \(AWSCURRENT\) cannot be read: not found/);
    assert.match(checked.text, /secretsmanager:GetSecretValue/);
    assert.equal(checked.report.outcome, 'deferred');
  });

  test('a pending version that does not exist', async () => {
    const parameters = own('secretsmanager:mail/none');
    const checked = await checkAuth(plain, { parameters, agent: { secrets: rotating }, pending: true });
    assert.equal(checked.summary.at(-1), 'AUTH failed: no pending version');
  });
});

test('recipients are asked about only after AUTH', async () => {
  const probe = { sender: '', recipients: ['a@x.test'] };
  const inside = await checkAuth(plain, { parameters: joe, probe });
  assert.deepEqual(inside.summary.slice(-3), ['AUTH ok', 'MAIL ok', 'RCPT ok']);
  const outside = await checkAuth({ ...plain, auth: ['535 5.7.8 no'] }, { parameters: joe, probe });
  assert.equal(outside.summary.at(-1), 'AUTH failed: credentials refused');
  const parameters = own('secretsmanager:mail/none');
  const unread = await checkAuth(plain, { parameters, probe, agent: { secrets: rotating } });
  assert.equal(unread.summary.at(-1), 'AUTH failed: secret unreadable');
});
