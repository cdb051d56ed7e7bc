/**
 * AUTH with a real Cyrus: by every mechanism that it has, in plain text and under TLS, and the effects of a
 * wrong password.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { testCertificates } from '../support/certificates.ts';
import { type ChangingSecrets, changingSecrets } from '../support/changing-secrets.ts';
import { type Cyrus, cyrusPackages, isCyrusInstalled, startCyrus } from '../support/cyrus.ts';
import { installLine } from '../support/debian-packages.ts';
import { type Asked, deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { testSecrets } from '../support/test-secrets.ts';

const skip = isCyrusInstalled() ? false : `Cyrus is not installed: ${installLine(cyrusPackages)}`;

const scram = ['1', '224', '256', '384', '512'].map((size) => `SCRAM-SHA-${size}`);
const inClear = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', ...scram];
const underTls = [...inClear, ...scram.map((name) => `${name}-PLUS`)];

const { password, wrongPassword, changedPassword, oddPassword } = testSecrets;
const wrongWords = 'SASL authentication failed; server 127.0.0.1[127.0.0.1] said: 501 5.5.4 undefined error!';

let cyrus: Cyrus;
/** Trusts the authority of the server's certificate. */
let trusting: { readonly secrets: ChangingSecrets['store'] };
before(async () => {
  if (skip !== false) return;
  const { authority, right } = await testCertificates();
  // The SASLprep result of the odd one: the server stores passwords unprepared, and should not.
  const accounts = { lmtpuser: password, relay: oddPassword.replace('Ⅸ', 'IX').replace('ª', 'a') };
  cyrus = await startCyrus({ guarded: { accounts, certificate: right } });
  trusting = { secrets: changingSecrets({ authority: authority.cert }).store };
});
after(() => cyrus?.stop());

/** A server that falls silent fails a test, and does not delay it. */
const patience = { lmtp_starttls_timeout: '30s', lmtp_lhlo_timeout: '30s' };
const passwords = (secret: string, user = 'lmtpuser') => ({
  ...patience,
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: `static:{${user}:${secret}}`,
});
/** Everything but ANONYMOUS, which Cyrus does not offer here. */
const anyMechanism = { lmtp_sasl_security_options: '' };
const only = (mechanism: string) => ({ ...anyMechanism, lmtp_sasl_mechanism_filter: mechanism });
const secured = (protocols = '>=TLSv1.2') => ({
  lmtp_tls_security_level: 'secure',
  lmtp_tls_CAfile: 'secretsmanager:authority',
  lmtp_tls_mandatory_protocols: protocols,
});

let sent = 0;

/** Sends a message to alice and returns what was observed. */
async function send(parameters: Record<string, string>, destination = cyrus.guardedDestination) {
  const dialogue = recordDialogue();
  const agent = testAgent({ lmtp_cache_connection: 'no', ...parameters }, { ...trusting, ...dialogue });
  return { ...(await sendBy(agent, destination)), ...summary(dialogue) };
}

async function sendBy(agent: Agent, destination = cyrus.guardedDestination, asked: Asked = {}) {
  sent += 1;
  const subject = `Subject: number ${sent}.`;
  const outcome = await deliverTo(destination, ['alice@cyrus.test'], agent, {
    message: makeMessage(`${subject}\n\nHello.\n`),
    ...asked,
  });
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  const isThere = async () => (await cyrus.mailbox('alice')).some((message) => message.includes(subject));
  return { verdict, short: shortVerdicts(outcome)[0], isThere };
}

function summary(dialogue: ReturnType<typeof recordDialogue>) {
  const commands = dialogue.commands();
  return { commands, asked: commands.flatMap((command) => /^AUTH (\S+)/.exec(command)?.[1] ?? []) };
}

describe('a Cyrus accepts us', { skip }, () => {
  const figures: Record<string, string[]> = {};
  after(() => {
    const rows = Object.entries(figures).map(([channel, names]) => `${channel}: ${names.join(' ')}`);
    console.log(`mechanisms accepted by Cyrus, a message delivered by each: ${rows.join('; ')}`);
  });

  for (const [channel, parameters, mechanisms] of [
    ['plain text', {}, inClear],
    ['TLSv1.3', secured('TLSv1.3'), underTls],
    ['TLSv1.2', secured('TLSv1.2'), underTls],
  ] as const) {
    for (const mechanism of mechanisms) {
      test(`by ${mechanism} in ${channel}`, async () => {
        const { verdict, short, asked, isThere } = await send({
          ...parameters,
          ...passwords(password),
          ...only(mechanism),
        });
        assert.equal(short, 'sent 2.1.5', verdict.text);
        // The first attempt must succeed: a server that counts failures must see none.
        assert.deepEqual(asked, [mechanism]);
        assert.equal(verdict.tls?.protocol ?? 'plain text', channel);
        assert.equal(verdict.tls?.matched ?? true, true);
        assert.ok(await isThere());
        figures[channel] = [...(figures[channel] ?? []), mechanism];
      });
    }
  }

  for (const [channel, parameters, mechanism] of [
    ['plain text', {}, 'SCRAM-SHA-512'],
    ['TLSv1.3', secured('TLSv1.3'), 'SCRAM-SHA-512-PLUS'],
    ['TLSv1.2', secured('TLSv1.2'), 'SCRAM-SHA-512-PLUS'],
  ] as const) {
    test(`by ${mechanism} in ${channel}, with the default options`, async () => {
      const { short, asked } = await send({ ...parameters, ...passwords(password) });
      assert.deepEqual([short, asked], ['sent 2.1.5', [mechanism]]);
    });
  }

  test('with a password that SASLprep changes, if the server has the prepared form', async () => {
    const { short } = await send({ ...passwords(oddPassword, 'relay'), ...only('SCRAM-SHA-256') });
    assert.equal(short, 'sent 2.1.5');
  });
});

describe('a wrong password', { skip }, () => {
  for (const [channel, parameters, mechanisms] of [
    ['plain text', {}, inClear],
    ['TLS', secured(), underTls],
  ] as const) {
    for (const mechanism of mechanisms) {
      test(`in ${mechanism} over ${channel} defers the mail in the server's words, and nothing is sent`, async () => {
        const outcome = await send({ ...parameters, ...passwords(wrongPassword), ...only(mechanism) });
        assert.equal(outcome.short, 'deferred 4.5.4');
        assert.equal(outcome.verdict.text, wrongWords);
        assert.ok(!outcome.commands.some((command) => command.startsWith('MAIL')));
        // Cyrus does not say whether the password or the binding is wrong: two bindings are tried, and no
        // more.
        const tries = mechanism.endsWith('-PLUS') ? 2 : 1;
        assert.deepEqual(outcome.asked, Array<string>(tries).fill(mechanism));
      });
    }
  }

  test('bounces the mail with lmtp_sasl_auth_soft_bounce=no', async () => {
    const { short } = await send({ ...passwords(wrongPassword), lmtp_sasl_auth_soft_bounce: 'no' });
    assert.equal(short, 'bounced 5.5.4');
  });

  test('is remembered: the next mail is deferred in the same words, without a connection', async () => {
    const dialogue = recordDialogue();
    const agent = testAgent(passwords(wrongPassword), dialogue);
    await sendBy(agent);
    assert.equal(summary(dialogue).asked.length, 1);
    dialogue.replies();
    const { verdict, short } = await sendBy(agent);
    assert.equal(short, 'deferred 4.5.4');
    assert.equal(verdict.text, wrongWords.replace('SASL', 'SASL [CACHED]'));
    assert.deepEqual(dialogue.commands(), []);
    assert.deepEqual(dialogue.replies(), []);
  });

  test('that is corrected in its secret takes effect with the next mail', async () => {
    const secrets = changingSecrets({ sasl: `{"127.0.0.1": "lmtpuser:${wrongPassword}"}` });
    const parameters = { ...passwords(''), lmtp_sasl_password_maps: 'secretsmanager:sasl' };
    const dialogue = recordDialogue();
    const agent = testAgent(parameters, { secrets: secrets.store, ...dialogue });
    assert.equal((await sendBy(agent)).short, 'deferred 4.5.4');
    assert.equal(secrets.reads, 2, 'it was read again before the refusal counted');
    assert.match((await sendBy(agent)).verdict.text, /\[CACHED\]/);
    dialogue.commands();
    secrets.put('sasl', `{"127.0.0.1": "lmtpuser:${password}"}`);
    // The cached password of up to five minutes is all that the client has.
    await secrets.store.fetch('sasl', { fresh: true });
    const { short, isThere } = await sendBy(agent);
    assert.equal(short, 'sent 2.1.5');
    assert.ok(await isThere());
  });

  test('that was changed since it was read is read again after the refusal, and the mail is sent at once', async () => {
    const secrets = changingSecrets({ sasl: `{"127.0.0.1": "lmtpuser:${changedPassword}"}` });
    const parameters = { ...passwords(''), lmtp_sasl_password_maps: 'secretsmanager:sasl' };
    const agent = testAgent(parameters, { secrets: secrets.store });
    await secrets.store.fetch('sasl');
    secrets.put('sasl', `{"127.0.0.1": "lmtpuser:${password}"}`);
    const { short, isThere } = await sendBy(agent);
    assert.equal(short, 'sent 2.1.5');
    assert.ok(await isThere());
    assert.equal(secrets.reads, 2);
  });
});

describe('a Cyrus and a client without a common mechanism', { skip }, () => {
  test('because the options exclude those that reveal the password: the mail waits', async () => {
    const parameters = { lmtp_sasl_mechanism_filter: 'plain, login' };
    const { verdict, short, asked } = await send({ ...passwords(password), ...parameters });
    assert.equal(short, 'deferred 4.7.0');
    assert.match(verdict.text, /cannot authenticate to server 127\.0\.0\.1\[127\.0\.0\.1\]: no mechanism available$/);
    assert.deepEqual(asked, []);
  });

  test('because of the filter: the mail waits', async () => {
    const { verdict, short, asked } = await send({ ...passwords(password), ...only('xoauth2') });
    assert.equal(short, 'deferred 4.7.0');
    assert.match(verdict.text, /offered no compatible authentication mechanisms/);
    assert.deepEqual(asked, []);
  });

  test('because there is no password at all: the server refuses the mail temporarily, in its words', async () => {
    const { verdict, short } = await send({});
    assert.match(short ?? '', /^deferred 4\./);
    assert.match(verdict.text, /said: 430 Authentication required \(in reply to MAIL FROM command\)$/);
  });
});

describe('a port where Cyrus trusts every client and offers only EXTERNAL', { skip }, () => {
  test('gets no mail while there is a password for it, since that cannot be used', async () => {
    const { short, verdict } = await send(passwords(password), cyrus.destination);
    assert.equal(short, 'deferred 4.7.0');
    assert.match(verdict.text, /no mechanism available$/);
  });

  const unoffered = { lmtp_discard_lhlo_keywords: 'auth' };

  test('gets none either if its AUTH is discarded', async () => {
    const { short, verdict } = await send({ ...passwords(password), ...unoffered }, cyrus.destination);
    assert.equal(short, 'deferred 4.7.0');
    assert.match(verdict.text, /does not offer AUTH, and there is a password for it$/);
  });

  test('gets mail then if authentication is not required', async () => {
    const parameters = { ...passwords(password), ...unoffered, lmtp_sasl_auth_required: 'no' };
    const { short, isThere } = await send(parameters, cyrus.destination);
    assert.equal(short, 'sent 2.1.5');
    assert.ok(await isThere());
  });
});

describe('a session with a Cyrus under TLS, with a login', { skip }, () => {
  test('serves mail after mail, and each verdict describes its TLS', async () => {
    const dialogue = recordDialogue();
    const agent = testAgent({ ...secured(), ...passwords(password) }, { ...trusting, ...dialogue });
    const uses: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      const { verdict, short } = await sendBy(agent);
      uses.push([short, verdict.connUse, verdict.tls?.protocol, verdict.tls?.matched]);
    }
    assert.deepEqual(
      uses,
      [1, 2, 3].map((use) => ['sent 2.1.5', use, 'TLSv1.3', true]),
    );
    const { commands, asked } = summary(dialogue);
    assert.equal(commands.filter((command) => command === 'STARTTLS').length, 1);
    assert.equal(asked.length, 1);
  });

  test('ends when its password changes', async () => {
    const secrets = changingSecrets({ sasl: `{"127.0.0.1": "lmtpuser:${password}"}` });
    const agent = testAgent(
      { ...passwords(''), lmtp_sasl_password_maps: 'secretsmanager:sasl' },
      { secrets: secrets.store },
    );
    assert.equal((await sendBy(agent)).verdict.connUse, 1);
    assert.equal((await sendBy(agent)).verdict.connUse, 2);
    secrets.put('sasl', `{"127.0.0.1": "lmtpuser:${wrongPassword}"}`);
    await secrets.store.fetch('sasl', { fresh: true });
    assert.equal((await sendBy(agent)).short, 'deferred 4.5.4');
  });
});
