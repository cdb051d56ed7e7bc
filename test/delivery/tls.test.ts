/** Mail over TLS, with servers that do not offer it, refuse it, break it, or attack it. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import {
  type Asked,
  deliverTo,
  makeMessage,
  nameService,
  shortVerdicts,
  testAgent,
} from '../support/delivery-agent.ts';
import { andThen, type ScriptedServer, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import type { TlsScript } from '../support/scripted-tls.ts';
import { testSecrets } from '../support/test-secrets.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

const may = { lmtp_tls_security_level: 'may' };
const encrypt = { lmtp_tls_security_level: 'encrypt' };
const wrapped = { ...encrypt, lmtp_tls_wrappermode: 'yes' };
const secure = { lmtp_tls_security_level: 'secure', lmtp_tls_CAfile: 'secretsmanager:authority' };
const password = {
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: `static:{joe:${testSecrets.password}}`,
  lmtp_sasl_security_options: 'noanonymous',
};

/** A server with TLS and the right certificate. */
const withTls = (tls: Partial<TlsScript> = {}, script: ServerScript = {}): ServerScript => ({
  ...script,
  tls: { certificate: certificates.right, ...tls },
});

function makeAgent(parameters: Record<string, string>, given: Partial<Agent> = {}): Agent {
  const { authority, client } = certificates;
  const secrets = changingSecrets({ authority: authority.cert, client: client.key + client.cert }).store;
  return testAgent(parameters, { secrets, names: nameService({ localhost: ['127.0.0.1'] }), ...given });
}

interface Sent {
  readonly short: string;
  readonly text: string;
  readonly verdict: Awaited<ReturnType<typeof deliverTo>>['verdicts'][number];
  readonly blame: string | undefined;
}

async function sendBy(agent: Agent, server: { readonly port: number }, asked: Asked = {}): Promise<Sent> {
  const outcome = await deliverTo(`localhost:${server.port}`, ['a@x'], agent, asked);
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  return { short: shortVerdicts(outcome)[0] ?? '', text: verdict.text, verdict, blame: outcome.blame?.text };
}

/** Sends one mail to one server, and returns what both sides saw. */
async function send(script: ServerScript, parameters: Record<string, string>, asked: Asked = {}) {
  await using server = await startScriptedServer(script);
  const agent = makeAgent({ lmtp_cache_connection: 'no', ...parameters });
  const sent = await sendBy(agent, server, asked);
  await server.settled(2000);
  return { ...sent, transcript: server.transcript() };
}

/** Verbs of a connection, with `<TLS>` at a handshake; without the octets of a failed handshake. */
const verbs = (transcript: ReturnType<ScriptedServer['transcript']>, n = 1) =>
  transcript[n - 1]?.commands.flatMap((command) => /^(?:[A-Z]{4,8}|<.*>|\.)(?= |$)/.exec(command) ?? []) ?? [];

const mail = ['MAIL', 'RCPT', 'DATA', '<content>', '.', 'RSET', 'QUIT'] as const;
const strict = { strict_postfix_verdicts: 'yes' };
/** The text of Postfix. */
const strictMail = mail.filter((verb) => verb !== 'RSET');

describe('a server without TLS', () => {
  test('gets mail in plain text at level may, whether it does not offer TLS or refuses it', async () => {
    const silent = await send({}, may);
    assert.deepEqual([silent.short, verbs(silent.transcript)], ['sent 2.0.0', ['LHLO', ...mail]]);
    const refusing = await send(withTls({}, { starttls: '454 4.7.0 TLS not available' }), may);
    assert.deepEqual([refusing.short, verbs(refusing.transcript)], ['sent 2.0.0', ['LHLO', 'STARTTLS', ...mail]]);
    assert.equal(refusing.verdict.tls, undefined);
  });

  test('gets none at level encrypt if it does not offer TLS', async () => {
    const { short, text, transcript, blame } = await send({}, encrypt);
    assert.equal(short, 'deferred 4.7.4');
    assert.equal(text, 'TLS is required, but was not offered by host localhost[127.0.0.1]');
    assert.equal(blame, text);
    assert.deepEqual(verbs(transcript), ['LHLO', 'QUIT']);
  });

  for (const [reply, ours, postfixs] of [
    ['454 4.7.0 TLS not available', 'deferred 4.7.0', 'deferred 4.7.0'],
    ['502 5.5.1 Command not implemented', 'deferred 4.5.1', 'bounced 5.5.1'],
  ] as const) {
    test(`gets none at level encrypt if it refuses TLS: ${reply}`, async () => {
      const script = withTls({}, { starttls: reply });
      const { short, text, transcript } = await send(script, encrypt);
      assert.equal(short, ours);
      assert.equal(text, `TLS is required, but host localhost[127.0.0.1] refused to start TLS: ${reply}`);
      assert.deepEqual(verbs(transcript), ['LHLO', 'STARTTLS', 'QUIT']);
      assert.equal((await send(script, { ...encrypt, strict_postfix_verdicts: 'yes' })).short, postfixs);
    });
  }

  test('gets none where a certificate is required either', async () => {
    assert.equal((await send({}, secure)).short, 'deferred 4.7.4');
  });

  test('gets none if STARTTLS is discarded and TLS is required', async () => {
    const blind = { lmtp_discard_lhlo_keywords: 'starttls' };
    assert.equal((await send(withTls(), { ...encrypt, ...blind })).short, 'deferred 4.7.4');
    assert.equal((await send(withTls(), { ...may, ...blind })).verdict.tls, undefined);
  });

  test('is skipped in favour of one with TLS', async () => {
    await using first = await startScriptedServer({});
    await using second = await startScriptedServer(withTls());
    const agent = makeAgent(encrypt);
    const outcome = await deliverTo(`localhost:${first.port}, localhost:${second.port}`, ['a@x'], agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.deepEqual(verbs(first.transcript()), ['LHLO', 'QUIT']);
    assert.equal(second.transcript()[0]?.tls?.protocol, 'TLSv1.3');
  });
});

describe('a handshake that fails', { concurrency: true }, () => {
  const failures: Readonly<Record<string, readonly [Partial<TlsScript>, RegExp]>> = {
    'because the server speaks another protocol': [
      { handshake: 'garbage' },
      /spoke before the handshake|wrong version number|timed out/,
    ],
    'because the server closes the connection': [{ handshake: 'close' }, /the server closed the connection/],
    'because the server resets the connection': [{ handshake: 'reset' }, /the server closed the connection/],
    'because the server is silent': [{ handshake: 'silence' }, /timed out/],
    'because the server supports only old versions': [
      { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' },
      /alert protocol version|unsupported/,
    ],
  };
  const impatient = { lmtp_starttls_timeout: '1s' };
  const backoff = { minimal_backoff_time: '300s' };

  for (const [why, [tls, words]] of Object.entries(failures)) {
    // The others need no short time-outs, on any machine.
    const soon = words.test('timed out') ? { ...backoff, ...impatient } : backoff;
    test(`${why} defers mail at level may until the mail is old enough, and then it is sent in plain text`, async () => {
      const young = await send(withTls(tls), { ...may, ...soon }, { age: 299_999 });
      assert.equal(young.short, 'deferred 4.7.5');
      assert.match(young.text, /^Cannot start TLS with localhost\[127\.0\.0\.1\]: handshake failure: /);
      assert.match(young.text, words);
      assert.equal(young.blame, undefined, 'TLS is optional, so its failure is not held against the destination');
      assert.deepEqual(verbs(young.transcript), ['LHLO', 'STARTTLS']);

      const old = await send(withTls(tls), { ...may, ...soon }, { age: 300_000 });
      assert.equal(old.short, 'sent 2.0.0');
      assert.equal(old.verdict.tls, undefined);
      assert.deepEqual(verbs(old.transcript, 1), ['LHLO', 'STARTTLS']);
      assert.deepEqual(verbs(old.transcript, 2), ['LHLO', ...mail]);
    });

    test(`${why} defers mail at level encrypt, however old it is`, async () => {
      const { short, text, transcript, blame } = await send(withTls(tls), { ...encrypt, ...soon }, { age: 1e9 });
      assert.equal(short, 'deferred 4.7.5');
      assert.match(text, words);
      assert.equal(blame, text);
      assert.equal(transcript.length, 1);
    });

    test(`${why} defers mail at level may, however old it is, if there is a password for the server`, async () => {
      const script = withTls(tls, { capabilities: ['AUTH PLAIN'] });
      const { short, transcript } = await send(script, { ...may, ...soon, ...password }, { age: 1e9 });
      assert.equal(short, 'deferred 4.7.5');
      assert.deepEqual([transcript.length, verbs(transcript)], [1, ['LHLO', 'STARTTLS']]);
    });
  }

  test('is distinguished from a missing reply to STARTTLS', async () => {
    const script = withTls({}, { starttls: andThen('silence') });
    const { short, text } = await send(script, { ...may, ...impatient }, { age: 1e9 });
    assert.equal(short, 'deferred 4.4.2');
    assert.match(text, /timed out while receiving the STARTTLS response$/);
  });

  test('at the first server leaves the mail to the second', async () => {
    await using first = await startScriptedServer(withTls({ handshake: 'close' }));
    await using second = await startScriptedServer(withTls());
    const agent = makeAgent(encrypt);
    const outcome = await deliverTo(`localhost:${first.port}, localhost:${second.port}`, ['a@x'], agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
  });

  test('because of old versions of TLS is reported as such', async () => {
    const old = { maxVersion: 'TLSv1.2' } as const;
    const { verdict } = await send(withTls(old), { ...encrypt, lmtp_tls_mandatory_protocols: '>=TLSv1.2' });
    assert.equal(verdict.tls?.protocol, 'TLSv1.2');
    const modern = await send(withTls(old), { ...encrypt, lmtp_tls_mandatory_protocols: '>=TLSv1.3' });
    assert.equal(modern.short, 'deferred 4.7.5');
  });
});

describe('a reply in plain text', () => {
  // Read as the reply to LHLO, it would make the message too large.
  const injected = '250-localhost\r\n250 SIZE 10\r\n250 2.1.0 sender ok\r\n';

  test('in the packet of the reply to STARTTLS ends the session, and so does a second time', async () => {
    for (const level of [may, encrypt]) {
      const { short, text, transcript, blame } = await send(withTls({ injected }), level, { age: 1e9 });
      assert.equal(short, 'deferred 4.5.0');
      assert.match(
        text,
        /^replies out of step: host .* said: 250-localhost 250 SIZE 10 \(while .* STARTTLS response\)$/,
      );
      assert.equal(blame, text);
      assert.deepEqual([verbs(transcript), verbs(transcript, 2)].map(String), Array(2).fill('LHLO,STARTTLS'));
      assert.equal(transcript.length, 2);
    }
  });

  test('after the reply to STARTTLS is discarded with strict_postfix_verdicts=yes', async () => {
    const { short, transcript } = await send(withTls({ injected }), { ...encrypt, ...strict });
    assert.equal(short, 'sent 2.0.0');
    assert.deepEqual(verbs(transcript), ['LHLO', 'STARTTLS', '<TLS>', 'LHLO', ...strictMail]);
    assert.equal(transcript[0]?.commands.at(4), 'MAIL FROM:<alice@example.org>');
    assert.equal(transcript[0]?.behind_starttls, undefined, 'and we send nothing ourselves before the handshake');
  });

  test('is forgotten under TLS: LHLO is sent again, and only its reply counts', async () => {
    const script = withTls({ capabilities: ['DSN'] }, { capabilities: ['PIPELINING', 'SIZE 10', 'AUTH PLAIN'] });
    const asked = { dsn: { ret: 'FULL', envid: 'one' } } as const;
    const { short, transcript } = await send(script, { ...encrypt }, asked);
    assert.equal(short, 'sent 2.0.0');
    assert.equal(transcript[0]?.commands.at(4), 'MAIL FROM:<alice@example.org> ENVID=one RET=FULL');
    const turns = transcript[0]?.commands_by_read.filter((group) => group.length > 1) ?? [];
    assert.ok(!turns.some((group) => group.includes('DATA')), 'PIPELINING was offered in plain text only');
  });

  test('about AUTH does not count under TLS, and one about TLS counts only under TLS', async () => {
    const lost = withTls({ capabilities: ['SIZE'] }, { capabilities: ['AUTH PLAIN'] });
    const { short, text } = await send(lost, { ...encrypt, ...password });
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /does not offer AUTH/);
    const won = withTls({ capabilities: ['AUTH PLAIN'] }, { capabilities: ['SIZE'], auth: ['235 2.7.0 ok'] });
    assert.equal((await send(won, { ...encrypt, ...password })).short, 'sent 2.0.0');
  });

  test('does not replace a refused LHLO under TLS', async () => {
    const lhlo = { each: [['250-localhost', '250 STARTTLS'], '451 4.3.0 not now'] };
    const { short, text } = await send(withTls({}, { lhlo }), encrypt);
    assert.equal(short, 'deferred 4.3.0');
    assert.match(text, /refused to talk to me: 451 4\.3\.0 not now$/);
  });

  const early = () =>
    withTls(
      {},
      { lhlo: { each: [['250-localhost', '250 STARTTLS'], { raw: '250 localhost\r\n250 2.1.0 early\r\n' }] } },
    );

  test('or under TLS, injected before MAIL, ends the session', async () => {
    const { short, text, transcript } = await send(early(), encrypt);
    assert.equal(short, 'deferred 4.5.0');
    assert.match(text, /^replies out of step: host localhost\[127\.0\.0\.1\] said: 250 2\.1\.0 early /);
    for (const n of [1, 2]) assert.ok(!verbs(transcript, n).includes('MAIL'));
  });

  test('or under TLS, injected before MAIL, ends the session with strict_postfix_verdicts=yes where Postfix checks for it', async () => {
    const watching = { ...strict, lmtp_tls_block_early_mail_reply: 'yes' };
    const { short, text, transcript } = await send(early(), { ...encrypt, ...watching });
    assert.equal(short, 'deferred 4.7.0');
    assert.equal(text, 'host localhost[127.0.0.1] spoke before MAIL was sent');
    assert.ok(!verbs(transcript).includes('MAIL'));
    assert.equal((await send(withTls(), { ...encrypt, ...watching })).short, 'sent 2.0.0');
  });
});

describe('TLS from the first octet', () => {
  test('comes before the greeting, and STARTTLS is not sent', async () => {
    const script = withTls({ begins: 'implicit', capabilities: ['STARTTLS', 'PIPELINING'] });
    const { short, transcript, verdict } = await send(script, wrapped);
    assert.equal(short, 'sent 2.0.0');
    assert.deepEqual(verbs(transcript), ['<TLS>', 'LHLO', ...mail]);
    assert.equal(verdict.tls?.protocol, 'TLSv1.3');
  });

  test('fails where a server greets in plain text', async () => {
    const { short, text } = await send({}, wrapped);
    assert.equal(short, 'deferred 4.7.5');
    assert.match(text, /handshake failure: /);
  });

  test('is rejected where an entry of a policy map makes TLS optional: mail waits', async () => {
    const { short, text, transcript } = await send(
      {},
      { ...wrapped, lmtp_tls_policy_maps: 'inline:{ {localhost=may} }' },
    );
    assert.equal(short, 'deferred 4.7.5');
    assert.match(
      text,
      /^TLS policy for localhost:\d+ is unusable: lmtp_tls_wrappermode=yes needs level encrypt or higher, not may$/,
    );
    assert.deepEqual(transcript, []);
  });
});

describe('under TLS', () => {
  test('a message of megabytes arrives unchanged, and so do the replies of its recipients', async () => {
    const large = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n.${'y'.repeat(70)}\r\n`.repeat(20_000)}`;
    await using server = await startScriptedServer(withTls({}, { final: { 'b@x': '552 5.2.2 full' } }));
    const outcome = await deliverTo(`localhost:${server.port}`, ['a@x', 'b@x'], makeAgent(secure), {
      message: makeMessage(large),
    });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'bounced 5.2.2']);
    assert.equal(String(server.rawContents[0]), large);
  });

  test('a connection that is lost behind the dot leaves the recipient in doubt', async () => {
    for (const then of ['close', 'reset'] as const) {
      const { short } = await send(withTls({}, { final: { default: andThen(then) } }), encrypt);
      assert.equal(short, 'deferred 4.4.2 in doubt');
    }
  });

  test('every verdict of the session describes its TLS', async () => {
    await using server = await startScriptedServer(withTls({}, { rcpt: { 'no@x': '550 5.1.1 unknown' } }));
    const agent = makeAgent(secure);
    const { verdicts } = await deliverTo(`localhost:${server.port}`, ['a@x', 'no@x'], agent);
    assert.deepEqual(
      verdicts.map(({ status, tls }) => [status, tls?.level, tls?.matched, tls?.trusted, tls?.subject]),
      ['sent', 'bounced'].map((status) => [status, 'secure', true, true, 'CN=localhost']),
    );
    assert.equal(verdicts[0]?.tls?.certificate_ends, certificates.right.x509.validToDate.toISOString().slice(0, 10));
  });
});

describe('the server learns', () => {
  const servername = async (parameters: Record<string, string>, host = 'localhost') => {
    await using server = await startScriptedServer(withTls());
    const names = nameService({ localhost: ['127.0.0.1'], 'mail.example': ['127.0.0.1'] });
    const agent = makeAgent({ ...encrypt, ...parameters }, { names });
    await deliverTo(`${host}:${server.port}`, ['a@x'], agent);
    return server.transcript()[0]?.tls?.servername;
  };

  test('the name that was looked up, or a configured name, and never an address', async () => {
    assert.equal(await servername({}), 'localhost');
    assert.equal(await servername({}, '[127.0.0.1]'), undefined);
    assert.equal(await servername({ lmtp_tls_servername: '' }), undefined);
    assert.equal(await servername({ lmtp_tls_servername: 'other.example' }, '[127.0.0.1]'), 'other.example');
    const map = { lmtp_tls_policy_maps: 'inline:{ {mail.example=encrypt servername=told.example} }' };
    assert.equal(await servername(map, 'mail.example'), 'told.example');
  });

  const own = { lmtp_tls_chain_files: 'secretsmanager:client' };

  test('our certificate, if it requests one', async () => {
    for (const [clientCertificate, subject] of [
      ['ask', 'CN=lambda-lmtp'],
      ['require', 'CN=lambda-lmtp'],
      [undefined, undefined],
    ] as const) {
      const tls = {
        ca: certificates.authority.cert,
        ...(clientCertificate === undefined ? {} : { clientCertificate }),
      };
      const { short, transcript } = await send(withTls(tls), { ...encrypt, ...own });
      assert.equal(short, 'sent 2.0.0');
      assert.equal(transcript[0]?.tls?.client_certificate, subject);
      assert.equal(transcript[0]?.tls?.client_trusted, subject === undefined ? undefined : true);
    }
  });

  for (const protocol of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`nothing of the mail from a client without a certificate where one is required: ${protocol}`, async () => {
      const tls = { ca: certificates.authority.cert, clientCertificate: 'require', maxVersion: protocol } as const;
      const { short, text, transcript } = await send(withTls(tls), encrypt);
      assert.equal(short, 'deferred 4.7.5');
      assert.match(text, /handshake failure: .*alert/);
      assert.ok(!verbs(transcript).includes('MAIL'));
    });
  }
});

describe('a destination whose SRV record names the server', () => {
  test('is verified by that name at level verify, and by its own at level secure', async () => {
    await using server = await startScriptedServer(withTls());
    const names = nameService(
      { localhost: ['127.0.0.1'] },
      {
        '_lmtp._tcp.example.org': {
          kind: 'found',
          targets: [{ name: 'localhost', port: server.port, priority: 0, weight: 0 }],
        },
      },
    );
    const short = async (level: string) => {
      const parameters = { ...secure, lmtp_tls_security_level: level, use_srv_lookup: 'lmtp' };
      return shortVerdicts(await deliverTo('example.org:lmtp', ['a@x'], makeAgent(parameters, { names })))[0];
    };
    assert.equal(await short('verify'), 'sent 2.0.0');
    assert.equal(await short('secure'), 'deferred 4.7.5');
  });
});

describe('unusable TLS material of ours', () => {
  for (const [what, parameters, words] of [
    ['authorities', { lmtp_tls_CAfile: 'secretsmanager:nowhere' }, /lmtp_tls_CAfile: secret nowhere: there is none/],
    ['our certificate', { lmtp_tls_cert_file: 'secretsmanager:nowhere' }, /lmtp_tls_cert_file: secret nowhere/],
    ['a file', { lmtp_tls_CAfile: './nowhere.pem' }, /\.\/nowhere\.pem cannot be read \(ENOENT\)/],
  ] as const) {
    test(`${what}: mail is deferred without a connection, also at level may`, async () => {
      for (const level of [may, encrypt]) {
        const { short, text, transcript, blame } = await send(withTls(), { ...level, ...parameters }, { age: 1e9 });
        assert.equal(short, 'deferred 4.3.0');
        assert.match(text, words);
        assert.equal(blame, undefined);
        assert.deepEqual(transcript, []);
      }
    });
  }

  test('an invalid entry of a policy map: mail is deferred without a connection', async () => {
    const parameters = { ...may, lmtp_tls_policy_maps: 'inline:{ {localhost=encript} }' };
    const { short, text, transcript } = await send(withTls(), parameters, { age: 1e9 });
    assert.equal(short, 'deferred 4.7.5');
    assert.match(text, /entry "localhost": invalid security level "encript"/);
    assert.deepEqual(transcript, []);
  });
});

describe('a session under TLS serves the next mail', () => {
  /**
   * Sends with one agent after the other, which share their idle sessions; returns how often each connection
   * was used.
   */
  async function share(agents: readonly Agent[], script = withTls()): Promise<(number | undefined)[]> {
    await using server = await startScriptedServer(script);
    const sessions = agents[0]?.sessions;
    const uses: (number | undefined)[] = [];
    for (const agent of agents) {
      const { verdict, short } = await sendBy({ ...agent, ...(sessions && { sessions }) }, server);
      assert.equal(short, 'sent 2.0.0', verdict.text);
      uses.push(verdict.connUse);
    }
    return uses;
  }

  test('if it has the same TLS settings', async () => {
    assert.deepEqual(await share([makeAgent(secure), makeAgent(secure), makeAgent(secure)]), [1, 2, 3]);
  });

  test('but never if it has other TLS settings', async () => {
    const plain = makeAgent({});
    const agents = [
      makeAgent(encrypt),
      makeAgent(secure),
      plain,
      makeAgent(may),
      makeAgent({ ...encrypt, lmtp_tls_mandatory_protocols: 'TLSv1.3' }),
      makeAgent({ ...encrypt, lmtp_tls_servername: 'other.example' }),
      makeAgent({ ...encrypt, lmtp_tls_CAfile: 'secretsmanager:authority' }),
      makeAgent({ ...encrypt, lmtp_tls_chain_files: 'secretsmanager:client' }),
    ];
    assert.deepEqual(await share(agents), Array<number>(agents.length).fill(1));
  });

  test('and never if it is of another user or another password', async () => {
    const script = withTls({}, { capabilities: ['AUTH PLAIN'], auth: ['235 2.7.0 ok'] });
    const login = (map: string) => ({ ...encrypt, ...password, lmtp_sasl_password_maps: map });
    const secrets = changingSecrets({ sasl: `{"localhost": "joe:${testSecrets.password}"}` });
    const agents = [
      makeAgent(login('static:joe:one')),
      makeAgent(login('static:ann:one')),
      makeAgent(encrypt),
      makeAgent(login('secretsmanager:sasl'), { secrets: secrets.store }),
    ];
    assert.deepEqual(await share(agents, script), [1, 1, 1, 1]);

    await using server = await startScriptedServer(script);
    const agent = makeAgent(login('secretsmanager:sasl'), { secrets: secrets.store });
    const use = async () => (await sendBy(agent, server)).verdict.connUse;
    assert.deepEqual([await use(), await use()], [1, 2]);
    secrets.put('sasl', `{"localhost": "joe:${testSecrets.changedPassword}"}`);
    await secrets.store.fetch('sasl', { fresh: true });
    assert.deepEqual([await use(), await use()], [1, 2]);
  });

  test('unless sessions under TLS are not cached; those in plain text are', async () => {
    const never = { lmtp_tls_connection_reuse: 'no' };
    const twice = (parameters: Record<string, string>) => {
      const agent = makeAgent({ ...parameters, ...never });
      return share([agent, agent]);
    };
    assert.deepEqual(await twice(encrypt), [1, 1]);
    assert.deepEqual(await twice({}), [1, 2]);
    const agent = makeAgent({ ...encrypt, lmtp_tls_policy_maps: 'inline:{ {localhost=encrypt connection_reuse=no} }' });
    assert.deepEqual(await share([agent, agent]), [1, 1]);
  });

  test('and is dropped if the server has closed it meanwhile', async () => {
    await using server = await startScriptedServer(withTls({}, { rset: andThen('close'), connections: { 2: {} } }));
    const agent = makeAgent(encrypt);
    assert.equal((await sendBy(agent, server)).verdict.connUse, 1);
    const { verdict, short } = await sendBy(agent, server);
    assert.deepEqual([short, verdict.connUse], ['sent 2.0.0', 1]);
  });
});
