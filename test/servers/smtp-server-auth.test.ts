/**
 * AUTH with nodemailer's smtp-server: by password and by token, under TLS and without, and with a client
 * certificate.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SMTPServerAuthentication, SMTPServerOptions } from 'smtp-server';
import type { Agent } from '../../functions/delivery/agent.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { type LmtpSmtpServer, type LmtpSmtpServerOptions, startLmtpSmtpServer } from '../support/lmtp-smtp-server.ts';
import { playDialogue } from '../support/play-dialogue.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { testSecrets } from '../support/test-secrets.ts';

const { password, wrongPassword, oddPassword, token } = testSecrets;
const passwordMechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

/** The authentication in smtp-server's types, and the extra fields of a server with CRAM-MD5. */
type Shown = Omit<SMTPServerAuthentication, 'method'> & { readonly method: string };

/** Whether the client is `relay`. */
function isRelay({ method, username, password: shown, accessToken, validatePassword }: Shown): boolean {
  if (username !== 'relay') return false;
  if (method === 'XOAUTH2') return accessToken === token;
  return method === 'CRAM-MD5' ? validatePassword(password) : shown === password;
}

/** A server that accepts only `relay`. */
function startGuarded(options: LmtpSmtpServerOptions['server'] = {}): Promise<LmtpSmtpServer> {
  const { cert, key } = certificates.right;
  return startLmtpSmtpServer({
    server: {
      authOptional: false,
      authMethods: [...passwordMechanisms, 'XOAUTH2'],
      disabledCommands: [],
      cert,
      key,
      onAuth: (auth, _session, callback) => {
        if (isRelay(auth)) callback(null, { user: 'relay' });
        // The JSON error of OAuth servers.
        else if (auth.method === 'XOAUTH2') callback(null, { data: { status: '401', schemes: 'bearer' } });
        else callback(new Error('Authentication failed'));
      },
      ...options,
    },
  });
}

const secured = {
  // A server that falls silent fails a test, and does not delay it.
  lmtp_starttls_timeout: '30s',
  lmtp_lhlo_timeout: '30s',
  lmtp_tls_security_level: 'secure',
  lmtp_tls_CAfile: 'secretsmanager:authority',
  lmtp_sasl_tls_security_options: 'noanonymous',
};

/** An agent with the credentials for `127.0.0.1` in a secret. */
function agentWith(credentials: unknown, parameters: Record<string, string> = {}, given: Partial<Agent> = {}): Agent {
  const { authority, client } = certificates;
  const secrets = changingSecrets({
    sasl: JSON.stringify({ '127.0.0.1': credentials }),
    authority: authority.cert,
    client: client.key + client.cert,
  });
  const login = { lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: 'secretsmanager:sasl' };
  return testAgent(
    { ...(credentials === undefined ? {} : login), ...secured, lmtp_cache_connection: 'no', ...parameters },
    { secrets: secrets.store, ...given },
  );
}

async function send(server: LmtpSmtpServer, agent: Agent) {
  const outcome = await deliverTo(server.destination, ['a@x.test'], agent);
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  return { verdict, short: shortVerdicts(outcome)[0] };
}

const authCommands = (commands: readonly string[]) =>
  commands.flatMap((command) => /^AUTH (\S+)/.exec(command)?.[1] ?? []);

describe('smtp-server', () => {
  const accepted: string[] = [];
  after(() => console.log(`mechanisms accepted by smtp-server, a message delivered by each: ${accepted.join(' ')}`));

  for (const [channel, parameters, options] of [
    ['TLS', {}, {}],
    [
      'plain text',
      { lmtp_tls_security_level: 'none', lmtp_sasl_security_options: 'noanonymous' },
      { allowInsecureAuth: true },
    ],
  ] as const satisfies readonly (readonly [string, Record<string, string>, SMTPServerOptions])[]) {
    for (const mechanism of [...passwordMechanisms, 'XOAUTH2']) {
      const isToken = mechanism === 'XOAUTH2';
      const filter = { lmtp_sasl_mechanism_filter: mechanism };

      test(`accepts us by ${mechanism} in ${channel}`, async () => {
        await using server = await startGuarded(options);
        const dialogue = recordDialogue();
        const credentials = isToken ? { user: 'relay', token } : `relay:${password}`;
        const { short, verdict } = await send(server, agentWith(credentials, { ...parameters, ...filter }, dialogue));
        assert.equal(short, 'sent 2.6.0', verdict.text);
        assert.deepEqual(authCommands(dialogue.commands()), [mechanism]);
        assert.equal(server.messages.length, 1);
        accepted.push(channel === 'TLS' ? `${mechanism}(TLS)` : mechanism);
      });

      test(`refuses a wrong ${isToken ? 'token' : 'password'} by ${mechanism} in ${channel}: the mail waits`, async () => {
        await using server = await startGuarded(options);
        const credentials = isToken ? { user: 'relay', token: 'no-token' } : `relay:${wrongPassword}`;
        const { short, verdict } = await send(server, agentWith(credentials, { ...parameters, ...filter }));
        assert.equal(short, 'deferred 4.7.8');
        assert.match(
          verdict.text,
          /^SASL authentication failed; server 127\.0\.0\.1\[127\.0\.0\.1\] said: 535 5\.7\.8 /,
        );
        // An OAuth server gives its reason in a challenge.
        assert.equal(verdict.text.endsWith('(401)'), isToken);
        assert.deepEqual(server.messages, []);
      });
    }
  }

  test('gets a password by CRAM-MD5 if that is offered, and a token only by XOAUTH2', async () => {
    await using server = await startGuarded();
    for (const [credentials, mechanism] of [
      [`relay:${password}`, 'CRAM-MD5'],
      [{ user: 'relay', password }, 'CRAM-MD5'],
      [{ user: 'relay', token }, 'XOAUTH2'],
    ] as const) {
      const dialogue = recordDialogue();
      assert.equal((await send(server, agentWith(credentials, {}, dialogue))).short, 'sent 2.6.0');
      assert.deepEqual(authCommands(dialogue.commands()), [mechanism]);
    }
  });

  test('without a mechanism for tokens does not get one in place of a password', async () => {
    const seen: unknown[] = [];
    await using server = await startGuarded({
      authMethods: passwordMechanisms,
      onAuth: (auth, _session, callback) => {
        seen.push(auth);
        callback(new Error('no'));
      },
    });
    const { short, verdict } = await send(server, agentWith({ user: 'relay', token }));
    assert.equal(short, 'deferred 4.7.0');
    assert.match(verdict.text, /no mechanism available$/);
    assert.deepEqual(seen, []);
  });

  test('gets a password in UTF-8 unchanged, by PLAIN', async () => {
    const shown: unknown[] = [];
    await using server = await startGuarded({
      onAuth: (auth, _session, callback) => {
        shown.push(auth.password);
        callback(null, { user: 'relay' });
      },
    });
    const agent = agentWith({ user: 'relay', password: oddPassword }, { lmtp_sasl_mechanism_filter: 'plain' });
    assert.equal((await send(server, agent)).short, 'sent 2.6.0');
    assert.deepEqual(shown, [oddPassword]);
  });

  test('requires TLS before AUTH: without it the mail waits, with its words', async () => {
    await using server = await startGuarded();
    const { short, verdict } = await send(server, agentWith(`relay:${password}`, { lmtp_tls_security_level: 'none' }));
    assert.match(short ?? '', /^deferred 4\./);
    assert.match(verdict.text, /said: 538 .*Must issue a STARTTLS command first/);
  });

  test('does not offer AUTH again after authentication; mail after mail still uses that session', async () => {
    await using server = await startGuarded({ allowInsecureAuth: true });
    const plain = Buffer.from(`\0relay\0${password}`).toString('base64');
    const { received } = await playDialogue({ port: server.port }, [
      { await: '220 ' },
      { send: 'LHLO one\r\n' },
      { await: 'AUTH PLAIN' },
      { send: `AUTH PLAIN ${plain}\r\n` },
      { await: '235 ' },
      { send: 'LHLO two\r\nQUIT\r\n' },
      { await_end: true },
    ]);
    assert.equal(received.match(/^250.AUTH /gm)?.length, 1);

    const dialogue = recordDialogue();
    const parameters = { lmtp_cache_connection: 'yes', lmtp_send_dummy_mail_auth: 'yes' };
    const agent = agentWith(`relay:${password}`, parameters, dialogue);
    for (const use of [1, 2, 3]) {
      const { short, verdict } = await send(server, agent);
      assert.deepEqual([short, verdict.connUse], ['sent 2.6.0', use]);
    }
    const commands = dialogue.commands();
    assert.equal(authCommands(commands).length, 1);
    assert.deepEqual(
      commands.filter((command) => command.startsWith('MAIL')).map((command) => command.endsWith(' AUTH=<>')),
      [true, true, true],
    );
  });
});

describe('a server that requests a client certificate', () => {
  const asking = () => ({
    authOptional: true,
    disabledCommands: ['AUTH'],
    requestCert: true,
    rejectUnauthorized: true,
    ca: certificates.authority.cert,
  });
  const shown = { lmtp_tls_chain_files: 'secretsmanager:client' };

  for (const [way, parameters, options] of [
    ['STARTTLS', {}, {}],
    ['TLS from the start', { lmtp_tls_wrappermode: 'yes' }, { secure: true }],
  ] as const) {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const protocols = { lmtp_tls_mandatory_protocols: version };

      test(`gets it, from a secret: ${way}, ${version}`, async () => {
        await using server = await startGuarded({ ...asking(), ...options });
        const { short, verdict } = await send(server, agentWith(undefined, { ...shown, ...parameters, ...protocols }));
        assert.equal(short, 'sent 2.6.0', verdict.text);
        assert.equal(verdict.tls?.protocol, version);
      });

      test(`gets no mail from a client without one: ${way}, ${version}`, async () => {
        await using server = await startGuarded({ ...asking(), ...options });
        const { short, verdict } = await send(server, agentWith(undefined, { ...parameters, ...protocols }));
        assert.equal(short, 'deferred 4.7.5');
        // With TLS 1.3 the server reports the fault after the client's side of the handshake.
        const words = version === 'TLSv1.3' ? 'tlsv13 alert certificate required' : 'ssl/tls alert handshake failure';
        const host = '127.0.0.1[127.0.0.1]';
        assert.equal(verdict.text, `Cannot start TLS with ${host}: handshake failure: ${words}`);
        assert.deepEqual(server.messages, []);
      });
    }
  }
});
