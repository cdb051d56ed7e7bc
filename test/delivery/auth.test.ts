/** Mail for servers that require authentication: how they treat our password, and how we treat their replies. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { Agent } from '../../functions/delivery/agent.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { type Asked, deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { ScramServer, type ScramServerOptions } from '../support/scram-server.ts';
import {
  type AuthServer,
  andThen,
  type ScriptedServer,
  type ServerScript,
  startScriptedServer,
} from '../support/scripted-server.ts';
import { findSecrets } from '../support/secret-search.ts';
import { TestClock } from '../support/test-clock.ts';
import { testSecrets } from '../support/test-secrets.ts';

const { password, changedPassword, wrongPassword } = testSecrets;

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

/** Parameters with a map of passwords. */
const login = (maps = `static:{joe:${password}}`) => ({
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: maps,
  lmtp_sasl_security_options: 'noanonymous',
});
const fromSecret = login('secretsmanager:sasl');
const sasl = (secret: string) => `{"127.0.0.1": "joe:${secret}"}`;

/** A server that offers mechanisms, and answers AUTH with these lines. */
const offering = (
  mechanisms: string,
  auth: NonNullable<ServerScript['auth']> | AuthServer,
  script: ServerScript = {},
): ServerScript => ({
  capabilities: [`AUTH ${mechanisms}`],
  ...(typeof auth === 'function' ? { auth_server: auth } : { auth }),
  ...script,
});

const accepted = '235 2.7.0 Authentication successful';
const refused = '535 5.7.8 Authentication credentials invalid';
const challenge = (text: string) => `334 ${Buffer.from(text).toString('base64')}`;

/** Accepts the right password by PLAIN, and no other. */
const takingPlain =
  (right: () => string): AuthServer =>
  (line) => {
    const shown = Buffer.from(line.split(' ')[2] ?? '', 'base64')
      .toString()
      .split('\0');
    return shown[2] === right() ? accepted : refused;
  };

const hostWords = '127.0.0.1[127.0.0.1]';

async function sendBy(agent: Agent, server: { readonly port: number }, asked: Asked = {}) {
  const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], agent, asked);
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  return { short: shortVerdicts(outcome)[0] ?? '', text: verdict.text, verdict, outcome };
}

/** Sends one mail to one server, and returns what both sides saw. */
async function send(script: ServerScript, parameters: Record<string, string> = login(), given: Partial<Agent> = {}) {
  await using server = await startScriptedServer(script);
  const lines: string[] = [];
  const transcript = (side: string, line: string) => lines.push(`${side}: ${line}`);
  const agent = testAgent({ lmtp_cache_connection: 'no', ...parameters }, { transcript, ...given });
  const sent = await sendBy(agent, server);
  await server.settled(2000);
  return { ...sent, lines, commands: commandsOf(server) };
}

/** The commands of each connection, without the secrets of AUTH: `AUTH PLAIN`. */
function commandsOf(server: ScriptedServer): readonly string[] {
  return server
    .transcript()
    .flatMap(({ commands }) => commands.map((command) => command.replace(/^(AUTH \S+).*/, '$1')));
}

const authsOf = (commands: readonly string[]) => commands.filter((command) => command.startsWith('AUTH'));
const isSilentOnMail = (commands: readonly string[]) => !commands.some((command) => command.startsWith('MAIL'));

describe('a server that breaks the rules of AUTH', () => {
  const cannot = `SASL authentication failed; cannot authenticate to server ${hostWords}: `;

  for (const [what, mechanism, auth, words] of [
    [
      'sends a challenge that is not base64',
      'CRAM-MD5',
      ['334 <12.34@host>', '501 5.5.2 what'],
      'the challenge is not base64',
    ],
    ['sends an empty challenge', 'CRAM-MD5', ['334 ', '501 5.5.2 what'], 'the CRAM-MD5 challenge is empty'],
    [
      'asks for another digest',
      'DIGEST-MD5',
      [challenge('realm="x"'), '501 no'],
      'the DIGEST-MD5 challenge has no nonce',
    ],
    ['asks on and on', 'LOGIN', ['334 '], 'the server sent more challenges than LOGIN has'],
    ['asks after PLAIN', 'PLAIN', ['334 '], 'the server sent more challenges than PLAIN has'],
    ['has no SCRAM message', 'SCRAM-SHA-256', [challenge('hello')], 'a SCRAM message of the server is not a list'],
    [
      'ends SCRAM early',
      'SCRAM-SHA-256',
      [challenge('e=other-error'), refused],
      'the server ended the SCRAM exchange: other-error',
    ],
    ['accepts SCRAM at once', 'SCRAM-SHA-256', [accepted], 'the server did not prove that it knows the password'],
  ] as const) {
    test(`and ${what} gets no mail`, async () => {
      const { short, text, commands } = await send(offering(mechanism, auth));
      assert.equal(short, 'deferred 4.7.0');
      assert.ok(text.startsWith(`${cannot}${words}`), text);
      assert.deepEqual(authsOf(commands), [`AUTH ${mechanism}`]);
      assert.equal(commands.includes('*'), auth[0] !== accepted, 'the exchange is cancelled');
      assert.ok(isSilentOnMail(commands));
    });
  }

  test('and accepts an exchange that we have cancelled gets no mail', async () => {
    const { short, commands } = await send(offering('CRAM-MD5', ['334 ', accepted]));
    assert.equal(short, 'deferred 4.7.0');
    assert.ok(isSilentOnMail(commands));
  });
});

/** The server's side of SCRAM, for any number of connections, one after the other. */
function scramServer(options: Omit<ScramServerOptions, 'bindings'>, bindingsOf: BindingsOf = () => ({})): AuthServer {
  let server: ScramServer | undefined;
  return (line, connection) => {
    if (line.startsWith('AUTH ')) {
      server = new ScramServer({ user: 'joe', password, ...options, bindings: bindingsOf(connection) });
    }
    if (line === '*' || server === undefined) return '501 5.7.0 cancelled';
    return server.answer(line);
  };
}
type BindingsOf = (connection: Parameters<AuthServer>[1]) => Readonly<Record<string, Buffer>>;

describe('a server of SCRAM', () => {
  for (const mechanism of ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    test(`that knows the password gets mail: ${mechanism}`, async () => {
      const { short, text } = await send(offering(mechanism, scramServer({ mechanism })));
      assert.equal(short, 'sent 2.0.0', text);
    });
  }

  const mechanism = 'SCRAM-SHA-256';
  for (const [lie, words] of [
    ['wrong-signature', /the server does not know the password \(wrong SCRAM signature\)$/],
    ['no-signature', /the server did not prove that it knows the password \(no SCRAM signature\)$/],
    ['other-nonce', /the server's SCRAM nonce does not extend the client's$/],
    ['same-nonce', /the server's SCRAM nonce does not extend the client's$/],
    ['endless-first', /: .*SCRAM/],
    ['endless-empty', /the server sent more challenges than SCRAM-SHA-256 has$/],
  ] as const) {
    test(`that lies gets none: ${lie}`, async () => {
      const { short, text, commands } = await send(offering(mechanism, scramServer({ mechanism, lie })));
      assert.equal(short, 'deferred 4.7.0');
      assert.match(text, words);
      assert.ok(isSilentOnMail(commands));
    });
  }

  test('that knows another password refuses, in its words', async () => {
    const { short, text } = await send(offering(mechanism, scramServer({ mechanism, password: changedPassword })));
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /the server ended the SCRAM exchange: invalid-proof$/);
    const mute = scramServer({ mechanism, password: changedPassword, tellsErrors: false });
    const { short: other, text: said } = await send(offering(mechanism, mute));
    assert.equal(other, 'deferred 4.7.8');
    assert.equal(said, `SASL authentication failed; server ${hostWords} said: ${refused}`);
  });

  test('that requests an excessive iteration count is refused before the computation', async () => {
    const { short, text } = await send(offering(mechanism, scramServer({ mechanism, iterations: 4_294_967_295 })));
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /the SCRAM iteration count must be a number from 1 to 600000$/);
  });
});

describe('a server that binds SCRAM to the channel', () => {
  const plus = 'SCRAM-SHA-256-PLUS';
  const names = ['tls-unique', 'tls-exporter', 'tls-server-end-point'] as const;

  /** The server's own bindings of its connection, those that it supports. */
  const bindingsOf =
    (...known: readonly string[]): BindingsOf =>
    (connection) => {
      assert.ok(connection instanceof TLSSocket);
      const all: Readonly<Record<string, Buffer | undefined>> = {
        'tls-unique': connection.getPeerFinished(),
        'tls-exporter': connection.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
        'tls-server-end-point': createHash('sha256').update(new X509Certificate(certificates.right.cert).raw).digest(),
      };
      return Object.fromEntries(known.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
    };

  const bound = (
    known: readonly string[],
    options: Partial<ScramServerOptions> = {},
    mechanism: string = plus,
  ): ServerScript =>
    offering(`${plus} ${mechanism}`, scramServer({ mechanism, ...options }, bindingsOf(...known)), {
      tls: { certificate: certificates.right },
    });
  const encrypted = { ...login(), lmtp_tls_security_level: 'encrypt' };
  const times = (count: number) => Array<string>(count).fill(`AUTH ${plus}`);

  for (const protocol of ['TLSv1.2', 'TLSv1.3']) {
    for (const [index, name] of names.entries()) {
      test(`by ${name} gets mail, after it has refused what it does not support: ${protocol}`, async () => {
        const parameters = { ...encrypted, lmtp_tls_mandatory_protocols: protocol };
        const { short, text, commands } = await send(bound([name], { tellsErrors: true }), parameters);
        assert.equal(short, 'sent 2.0.0', text);
        assert.deepEqual(authsOf(commands), times(index + 1));
      });
    }
  }

  test('and refuses an unsupported binding without a reason is tried with one more binding', async () => {
    const mute = { tellsErrors: false };
    const second = await send(bound(['tls-exporter'], mute), encrypted);
    assert.deepEqual([second.short, authsOf(second.commands)], ['sent 2.0.0', times(2)]);
    const third = await send(bound(['tls-server-end-point'], mute), encrypted);
    assert.deepEqual([third.short, authsOf(third.commands)], ['deferred 4.7.8', times(2)]);
    assert.ok(isSilentOnMail(third.commands));
  });

  test('but not to this one gets no mail: an attacker may be in between', async () => {
    const elsewhere: BindingsOf = () =>
      Object.fromEntries(names.map((name) => [name, Buffer.from('another connection')]));
    const script = offering(`${plus} SCRAM-SHA-256 PLAIN`, scramServer({ mechanism: plus }, elsewhere), {
      tls: { certificate: certificates.right },
    });
    const { short, text, commands } = await send(script, encrypted);
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /channel-bindings-dont-match$/);
    // An attacker who could make the client drop the binding would succeed.
    assert.deepEqual([...new Set(authsOf(commands))], [`AUTH ${plus}`]);
    assert.ok(isSilentOnMail(commands));
  });

  test('and whose offer of -PLUS was removed notices, because we say that we saw none', async () => {
    const mechanism = 'SCRAM-SHA-256';
    const script = offering(mechanism, scramServer({ mechanism }, bindingsOf('tls-exporter')), {
      tls: { certificate: certificates.right },
    });
    const { short, text } = await send(script, encrypted);
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /server-does-support-channel-binding$/);
  });

  test('is used without a binding if a filter of ours excludes the -PLUS mechanisms', async () => {
    const mechanism = 'SCRAM-SHA-256';
    const filter = { lmtp_sasl_mechanism_filter: mechanism };
    const { short, text } = await send(bound(['tls-exporter'], {}, mechanism), { ...encrypted, ...filter });
    assert.equal(short, 'sent 2.0.0', text);
  });
});

describe('a connection that ends during AUTH', () => {
  for (const [how, auth, verdict, words] of [
    ['with 421', [andThen('close', '421 4.3.2 closing')], 'deferred 4.3.2', /said: 421 4\.3\.2 closing$/],
    ['without a word', [andThen('close')], 'deferred 4.4.2', /^lost connection with .* performing the LHLO handshake$/],
    ['by a reset', [andThen('reset')], 'deferred 4.4.2', /^lost connection with .* performing the LHLO handshake$/],
    ['after a challenge', ['334 ', andThen('close')], 'deferred 4.4.2', /^lost connection with /],
    ['in silence', [andThen('silence')], 'deferred 4.4.2', /timed out while performing the LHLO handshake$/],
  ] as const) {
    test(`${how} defers the mail, and the password is not remembered as refused`, async () => {
      await using server = await startScriptedServer(
        offering('LOGIN', auth, { connections: { 2: { auth: ['334 ', '334 ', accepted] } } }),
      );
      const timeouts = how === 'in silence' ? { lmtp_lhlo_timeout: '1s' } : {};
      const agent = testAgent({ ...login(), ...timeouts });
      const { short, text } = await sendBy(agent, server);
      assert.equal(short, verdict);
      assert.match(text, words);
      assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
    });
  }
});

describe('a password that a server refuses', () => {
  test('temporarily is tried again with the next mail, and bounces nothing', async () => {
    const temporary = '454 4.7.0 Temporary authentication failure';
    await using server = await startScriptedServer(
      offering('PLAIN', [temporary], { connections: { 2: { auth: [accepted] } } }),
    );
    const secrets = changingSecrets({ sasl: sasl(password) });
    const agent = testAgent({ ...fromSecret, lmtp_sasl_auth_soft_bounce: 'no' }, { secrets: secrets.store });
    assert.equal((await sendBy(agent, server)).short, 'deferred 4.7.0');
    assert.equal(secrets.reads, 1, 'the refusal is not evidence against the password');
    assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
  });

  test('is read afresh once, tried again only if it was changed, and then remembered', async () => {
    let right = changedPassword as string;
    await using server = await startScriptedServer(
      offering(
        'PLAIN',
        takingPlain(() => right),
      ),
    );
    const secrets = changingSecrets({ sasl: sasl(wrongPassword) });
    const agent = testAgent({ ...fromSecret, lmtp_cache_connection: 'no' }, { secrets: secrets.store });
    const connections = () => server.transcript().length;

    // It has not changed: one connection, one fresh read.
    assert.equal((await sendBy(agent, server)).short, 'deferred 4.7.8');
    assert.deepEqual([connections(), secrets.reads], [1, 2]);
    const cached = await sendBy(agent, server);
    assert.equal(cached.text, `SASL [CACHED] authentication failed; server ${hostWords} said: ${refused}`);
    assert.equal(cached.short, 'deferred 4.7.8');
    assert.equal(connections(), 1);

    // It has changed, and the cache knows: the new password is tried.
    secrets.put('sasl', sasl(changedPassword));
    await secrets.store.fetch('sasl', { fresh: true });
    assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
    assert.equal(connections(), 2);

    // It has changed, and only the fresh read shows it: two connections for one mail.
    right = password;
    secrets.put('sasl', sasl(password));
    const { short, verdict } = await sendBy(agent, server);
    assert.deepEqual([short, verdict.connUse, connections()], ['sent 2.0.0', 1, 4]);
  });

  test('and whose successor is refused too is remembered as the successor', async () => {
    await using server = await startScriptedServer(offering('PLAIN', [refused]));
    const secrets = changingSecrets({ sasl: sasl(wrongPassword) });
    const agent = testAgent(fromSecret, { secrets: secrets.store });
    await secrets.store.fetch('sasl');
    secrets.put('sasl', sasl(changedPassword));
    assert.equal((await sendBy(agent, server)).short, 'deferred 4.7.8');
    assert.equal(server.transcript().length, 2);
    assert.match((await sendBy(agent, server)).text, /\[CACHED\]/);
    assert.equal(server.transcript().length, 2);
  });

  test('is forgotten after an hour, or at once where nothing is to be remembered', async () => {
    await using server = await startScriptedServer(offering('PLAIN', [refused]));
    const clock = new TestClock();
    const agent = testAgent(login(), { clock });
    await sendBy(agent, server);
    clock.advance(3_599_999);
    assert.match((await sendBy(agent, server)).text, /\[CACHED\]/);
    clock.advance(1);
    assert.doesNotMatch((await sendBy(agent, server)).text, /\[CACHED\]/);
    const forgetful = testAgent({ ...login(), lmtp_sasl_auth_cache_time: '0s' });
    for (const _ of [1, 2]) assert.doesNotMatch((await sendBy(forgetful, server)).text, /\[CACHED\]/);
    assert.equal(server.transcript().length, 4);
  });

  test('does not stop other servers of the destination, nor another user', async () => {
    await using first = await startScriptedServer(offering('PLAIN', [refused]));
    await using second = await startScriptedServer(offering('PLAIN', [accepted]));
    const agent = testAgent(login());
    const both = `[127.0.0.1]:${first.port}, [127.0.0.1]:${second.port}`;
    for (const uses of [1, 2]) {
      const { verdicts } = await deliverTo(both, ['a@x'], agent);
      assert.deepEqual([verdicts[0]?.status, verdicts[0]?.connUse], ['sent', uses]);
    }
    assert.equal(first.transcript().length, 1, 'the refusal of the first is remembered, and the second is tried');
    const other = testAgent(login(`static:{ann:${password}}`), { refusedCredentials: agent.refusedCredentials });
    assert.equal((await sendBy(other, first)).short, 'deferred 4.7.8');
    assert.equal(first.transcript().length, 2);
  });

  test('bounces, where lmtp_sasl_auth_soft_bounce=no, if no other server accepts the mail', async () => {
    const hard = { ...login(), lmtp_sasl_auth_soft_bounce: 'no' };
    assert.equal((await send(offering('PLAIN', [refused]), hard)).short, 'bounced 5.7.8');
    assert.equal((await send(offering('PLAIN', ['454 4.7.0 later']), hard)).short, 'deferred 4.7.0');
  });
});

describe('an unusable secret', () => {
  for (const [what, text, words] of [
    ['that does not exist', undefined, 'secret sasl: there is none'],
    ['that is no JSON', '{"127.0.0.1": "joe:', 'a value that begins with { must be a JSON object'],
    ['that is empty', '', 'it has no entries'],
    ['that has another form', '{"username": "joe", "password": "x"}', 'it contains a user and a password, but no host'],
  ] as const) {
    test(`${what}: mail is deferred without a connection, and never sent without AUTH`, async () => {
      const faults: string[] = [];
      const secrets = changingSecrets(text === undefined ? {} : { sasl: text });
      const given = { secrets: secrets.store, onSecretFault: (why: string) => faults.push(why) };
      const script = offering('PLAIN', [accepted]);
      const { short, text: told, commands, outcome } = await send(script, fromSecret, given);
      assert.equal(short, 'deferred 4.3.0');
      assert.ok(told.includes(words), told);
      assert.ok(faults[0]?.includes(words));
      assert.equal(outcome.blame, undefined, 'the destination is not to blame');
      assert.deepEqual(commands, []);
    });
  }

  test('is replaced by the version that was read last', async () => {
    const clock = new TestClock();
    const secrets = changingSecrets({ sasl: sasl(password) }, clock);
    await using server = await startScriptedServer(
      offering(
        'PLAIN',
        takingPlain(() => password),
      ),
    );
    const agent = testAgent({ ...fromSecret, lmtp_cache_connection: 'no' }, { secrets: secrets.store, clock });
    assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
    secrets.withhold('sasl', 'AccessDeniedException');
    clock.advance(3_600_000);
    assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
  });

  test('without a password for this server: mail is sent without AUTH, as in Postfix', async () => {
    const secrets = changingSecrets({ sasl: '{"other.example": "joe:x"}' });
    const { short, commands } = await send(offering('PLAIN', [accepted]), fromSecret, { secrets: secrets.store });
    assert.deepEqual([short, authsOf(commands)], ['sent 2.0.0', []]);
  });
});

describe('a server that does not offer AUTH', () => {
  test('defers mail if it has a password, unless the parameters permit mail without AUTH', async () => {
    const { short, text } = await send({});
    assert.equal(short, 'deferred 4.7.0');
    assert.equal(
      text,
      `SASL authentication failed: server ${hostWords} does not offer AUTH, and there is a password for it`,
    );
    for (const lax of [{ lmtp_sasl_auth_required: 'no' }, { strict_postfix_verdicts: 'yes' }]) {
      assert.equal((await send({}, { ...login(), ...lax })).short, 'sent 2.0.0');
    }
  });

  test('and is the first of two leaves the mail to the second', async () => {
    await using first = await startScriptedServer({});
    await using second = await startScriptedServer(offering('PLAIN', [accepted]));
    const both = `[127.0.0.1]:${first.port}, [127.0.0.1]:${second.port}`;
    assert.deepEqual(shortVerdicts(await deliverTo(both, ['a@x'], testAgent(login()))), ['sent 2.0.0']);
  });
});

describe('a password is sent in clear', () => {
  const script = () => offering('PLAIN LOGIN', [accepted], { tls: { certificate: certificates.right } });
  const strict = { ...login(), lmtp_sasl_security_options: 'noplaintext, noanonymous' };
  const relaxed = { lmtp_sasl_tls_security_options: 'noanonymous' };
  const verified = { lmtp_sasl_tls_verified_security_options: 'noanonymous' };
  const encrypt = { lmtp_tls_security_level: 'encrypt' };
  const secure = { lmtp_tls_security_level: 'secure', lmtp_tls_CAfile: 'secretsmanager:authority' };

  for (const [when, parameters, verdict] of [
    ['not by default, not even over TLS', encrypt, 'deferred 4.7.0'],
    ['not without TLS, if it may over TLS', relaxed, 'deferred 4.7.0'],
    ['over TLS, if it may', { ...relaxed, ...encrypt }, 'sent 2.0.0'],
    ['not to an unverified server, if only to a verified one', { ...verified, ...encrypt }, 'deferred 4.7.0'],
    ['to a server that was verified, if it may', { ...verified, ...secure }, 'sent 2.0.0'],
  ] as const) {
    test(when, async () => {
      const secrets = changingSecrets({ authority: certificates.authority.cert }).store;
      const { short, commands } = await send(script(), { ...strict, ...parameters }, { secrets });
      assert.equal(short, verdict);
      assert.deepEqual(authsOf(commands), verdict === 'sent 2.0.0' ? ['AUTH PLAIN'] : []);
    });
  }
});

describe('a certificate in place of a password', () => {
  test('is what EXTERNAL refers to, and no other mechanism is tried', async () => {
    const tls = { certificate: certificates.right, clientCertificate: 'ask', ca: certificates.authority.cert } as const;
    const secrets = changingSecrets({ client: certificates.client.key + certificates.client.cert }).store;
    const parameters = {
      ...login('static:joe:'),
      lmtp_tls_security_level: 'encrypt',
      lmtp_tls_chain_files: 'secretsmanager:client',
    };
    const { short, commands } = await send(offering('EXTERNAL PLAIN', [accepted], { tls }), parameters, { secrets });
    assert.deepEqual([short, authsOf(commands)], ['sent 2.0.0', ['AUTH EXTERNAL']]);
    const without = await send(offering('PLAIN', [accepted], { tls }), parameters, { secrets });
    assert.equal(without.short, 'deferred 4.7.0');
  });
});

describe('the AUTH parameter of MAIL', () => {
  const mailOf = (commands: readonly string[]) => commands.find((command) => command.startsWith('MAIL'));
  const dummy = { ...login(), lmtp_send_dummy_mail_auth: 'yes' };

  test('is AUTH=<> with lmtp_send_dummy_mail_auth, if the server offers AUTH', async () => {
    const script = offering('PLAIN', [accepted]);
    assert.equal(mailOf((await send(script)).commands), 'MAIL FROM:<alice@example.org>');
    assert.equal(mailOf((await send(script, dummy)).commands), 'MAIL FROM:<alice@example.org> AUTH=<>');
    const unoffered = { ...dummy, lmtp_sasl_auth_required: 'no' };
    assert.equal(mailOf((await send({}, unoffered)).commands), 'MAIL FROM:<alice@example.org>');
  });
});

describe('a server that repeats our password', () => {
  const plain = Buffer.from(`\0joe\0${password}`).toString('base64');
  const repeated = `535 5.7.8 not ${password}, nor ${Buffer.from(password).toString('base64')} of ${plain}`;

  /** Fails if a secret occurs in any of the output. */
  function assertHidden(sent: Awaited<ReturnType<typeof send>>): void {
    const all = JSON.stringify([sent.lines, sent.outcome]);
    assert.deepEqual(findSecrets(all), []);
    assert.ok(!all.includes(plain));
  }

  test('in a refusal does not reveal it: not in the verdict, not in the dialogue, nor when it is remembered', async () => {
    const sent = await send(offering('PLAIN', [repeated]));
    assert.equal(
      sent.text,
      `SASL authentication failed; server ${hostWords} said: 535 5.7.8 not <hidden>, nor <hidden> of <hidden>`,
    );
    assert.ok(sent.lines.includes('C: AUTH PLAIN <hidden>'));
    assertHidden(sent);

    await using server = await startScriptedServer(offering('PLAIN', [repeated]));
    const agent = testAgent(login());
    await sendBy(agent, server);
    const { text } = await sendBy(agent, server);
    assert.match(text, /\[CACHED\].*535 5\.7\.8 not <hidden>, nor <hidden> of <hidden>$/);
  });

  test('by LOGIN, in a challenge or in its lines, does not reveal it either', async () => {
    const sent = await send(offering('LOGIN', [challenge(`password ${password}?`), '334 UGFzc3dvcmQ6', repeated]));
    assert.match(sent.text, /said: 535 5\.7\.8 not <hidden>, nor <hidden> of <hidden>$/);
    assertHidden(sent);
  });

  test('in the first lines of a multi-line reply does not reveal it', async () => {
    for (const script of [
      offering('PLAIN', [[`334-${password}`, `235-${plain}`, refused]]),
      offering('PLAIN', [accepted], { lhlo: [`250-${password}`, `250-${plain}`, '550 5.3.0 no'] }),
    ]) {
      const sent = await send(script);
      assert.match(sent.text, /\d{3}-<hidden> \d{3}-<hidden> 5/);
      assertHidden(sent);
    }
  });

  test('by chance, in a challenge or a keyword, is still understood', async () => {
    for (const [secret, mechanism, auth] of [
      ['PLAIN', 'PLAIN', [accepted]],
      ['SIZE 1000', 'PLAIN', [accepted]],
      // Of "Username:" in base64.
      ['VXNlcm5hbWU6', 'LOGIN', ['334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', accepted]],
    ] as const) {
      const script = { capabilities: [`AUTH ${mechanism}`, 'SIZE 1000'], auth };
      const { short, lines, commands } = await send(script, login(`static:{joe:${secret}}`));
      assert.equal(short, 'sent 2.0.0', secret);
      assert.ok(commands.some((command) => command.includes(' SIZE=')));
      assert.ok(!lines.some((line) => line.startsWith('S: ') && line.includes(secret)), lines.join('\n'));
    }
  });

  test('long after AUTH, in any reply about the mail, does not reveal it', async () => {
    for (const script of [
      { mail: `550 5.7.1 ${password} ${plain}` },
      { rcpt: { default: `550 5.7.1 ${password} ${plain}` } },
      { data: `554 5.7.1 ${password} ${plain}` },
      { final: { default: `550 5.7.1 ${password} ${plain}` } },
      { final: { default: `250 2.0.0 ${password} ${plain}` } },
    ]) {
      const sent = await send(offering('PLAIN', [accepted], script));
      assert.match(sent.text, /<hidden> <hidden>/);
      assertHidden(sent);
    }
  });

  test('on a session that serves a later mail does not reveal it', async () => {
    const each = ['250 2.1.0 ok', `550 5.7.1 ${password} ${plain}`];
    await using server = await startScriptedServer(offering('PLAIN', [accepted], { mail: { each } }));
    const agent = testAgent(login());
    assert.equal((await sendBy(agent, server)).short, 'sent 2.0.0');
    const { text, verdict } = await sendBy(agent, server);
    assert.equal(verdict.connUse, 2);
    assert.match(text, /said: 550 5\.7\.1 <hidden> <hidden> \(/);
  });

  test('that was changed in between reveals neither the old one nor the new', async () => {
    const words = `550 5.7.1 ${wrongPassword} and ${password} as ${plain}`;
    const secrets = changingSecrets({ sasl: sasl(wrongPassword) });
    await secrets.store.fetch('sasl');
    secrets.put('sasl', sasl(password));
    const script = offering(
      'PLAIN',
      takingPlain(() => password),
      { rcpt: { default: words } },
    );
    const sent = await send(script, fromSecret, { secrets: secrets.store });
    assert.equal(sent.short, 'bounced 5.7.1');
    assert.match(sent.text, /said: 550 5\.7\.1 <hidden> and <hidden> as <hidden> \(/);
    assertHidden(sent);
  });
});
