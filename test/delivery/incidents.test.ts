/** Incidents of an attempt for the postmaster: trouble by class, with the dialogue that led to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DialogueRecorder, type Incident, withTranscripts } from '../../functions/delivery/incidents.ts';
import { SecretFault } from '../../functions/secrets/secrets.ts';
import { deliverTo, makeMessage, testAgent } from '../support/delivery-agent.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { testSecrets } from '../support/test-secrets.ts';
import { deadlineIn } from '../support/time-limits.ts';

/** Delivers to a scripted server and returns the incidents. */
async function incidentsOf(
  script: ServerScript,
  parameters: Record<string, string> = {},
  asked: Parameters<typeof deliverTo>[3] = {},
): Promise<readonly Incident[]> {
  await using server = await startScriptedServer(script);
  const incidents: Incident[] = [];
  const agent = testAgent(
    { lmtp_cache_connection: 'no', ...parameters },
    {
      onIncident: (incident) => incidents.push(incident),
      secrets: { fetch: (name) => Promise.reject(new SecretFault(`the secret "${name}" cannot be read: NoSuchThing`)) },
    },
  );
  await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x', 'b@x'], agent, asked);
  return incidents.map((incident) => ({ ...incident, peer: incident.peer.replace(/:\d+$/, ':PORT') }));
}

const password = {
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: `static:joe:${testSecrets.password}`,
  lmtp_sasl_security_options: 'noanonymous',
};

describe('a postmaster is notified', () => {
  test('of a server that does not speak LMTP, with what it said', async () => {
    const [incident, ...others] = await incidentsOf({ lhlo: '502 5.5.1 what is LHLO?' });
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(incident, {
      class: 'protocol',
      peer: '127.0.0.1[127.0.0.1]:PORT',
      subject: 'host 127.0.0.1[127.0.0.1] refused to talk to me: 502 5.5.1 what is LHLO?',
      transcript: [
        'In:  220 lmtp.test LMTP ready',
        'Out: LHLO client.example',
        'In:  502 5.5.1 what is LHLO?',
        'Out: QUIT',
      ],
    });
  });
  test('of a reply that does not fit its command', async () => {
    const [incident] = await incidentsOf({ data: '250 2.0.0 stored already' });
    assert.equal(incident?.class, 'protocol');
    assert.ok(incident?.transcript.includes('In:  250 2.0.0 stored already'));
  });
  test('of a refused AUTH, without the password', async () => {
    const script: ServerScript = { capabilities: ['AUTH PLAIN'], auth: ['535 5.7.8 no'] };
    const [incident] = await incidentsOf(script, password);
    assert.equal(incident?.class, 'policy');
    assert.ok(incident?.transcript.includes('Out: AUTH PLAIN <hidden>'), incident?.transcript.join('\n'));
  });
  test('of required TLS that is not offered', async () => {
    const [incident] = await incidentsOf({}, { lmtp_tls_security_level: 'encrypt' });
    assert.equal(incident?.class, 'policy');
    assert.match(incident?.subject ?? '', /^TLS is required, but was not offered/);
  });
  test('of a secret that cannot be read: no connection was made', async () => {
    const parameters = { ...password, lmtp_sasl_password_maps: 'secretsmanager:mail/sasl' };
    const [incident] = await incidentsOf({}, parameters);
    assert.equal(incident?.class, 'data');
    assert.deepEqual(incident?.transcript, []);
  });
  test('of a body that broke off', async () => {
    const message = {
      ...makeMessage(),
      async *open() {
        yield Buffer.from('Subject: x\r\n');
        throw new Error('S3 went away');
      },
    };
    const [incident] = await incidentsOf({}, {}, { message });
    assert.equal(incident?.class, 'data');
  });
  test('of an expired deadline', async () => {
    const deadline = deadlineIn(300);
    const silence: ServerScript = { mail: andThen('silence', '250 ok') };
    const [incident] = await incidentsOf({ ...silence, capabilities: [] }, {}, { deadline });
    assert.equal(incident?.class, 'resource');
  });
});

describe('a postmaster is not notified', () => {
  const everyday: Readonly<Record<string, ServerScript>> = {
    'of mail that is delivered': {},
    'of a busy server': { greeting: '421 4.3.2 come again' },
    'of an unknown user': { rcpt: { default: '550 5.1.1 unknown' } },
    'of a connection that is lost': { mail: andThen('reset', '250 ok') },
  };
  for (const [name, script] of Object.entries(everyday)) {
    test(name, async () => assert.deepEqual(await incidentsOf(script), []));
  }
  test('of a message that cannot be converted for the server: it bounces', async () => {
    const parts = [...'abcdefghi'].map((name) => `Content-Type: multipart/mixed; boundary=${name}\n\n--${name}\n`);
    const part = 'Content-Transfer-Encoding: 8bit\n\ngr\u00fc\u00dfe\n';
    const message = makeMessage(`MIME-Version: 1.0\n${parts.join('')}${part}`);
    assert.deepEqual(await incidentsOf({ capabilities: ['PIPELINING'] }, { mime_nesting_limit: '3' }, { message }), []);
  });
});

describe('a postmaster is not notified of trouble', () => {
  for (const sender of ['', 'Double-Bounce@mx.example']) {
    test(`with mail from <${sender}>`, async () => {
      const script: ServerScript = { lhlo: '502 5.5.1 what is LHLO?' };
      assert.deepEqual(await incidentsOf(script, { myhostname: 'mx.example' }, { sender }), []);
    });
  }
});

test('a long dialogue is kept from both its ends', () => {
  const dialogue = new DialogueRecorder(true);
  const listen = dialogue.listen(undefined);
  for (let n = 0; n < 1000; n += 1) listen?.('C', `line ${n}`);
  const notes = ['odd', 'odder'].map((subject) => ({ class: 'protocol', subject }) as const);
  const peer = { host: 'mail.example', endpoint: { kind: 'inet', address: '10.0.0.1', port: 24 } } as const;
  const incidents = withTranscripts(notes, dialogue, peer, 'mail.example');
  assert.equal(incidents.length, 1);
  const [{ transcript, subject } = { transcript: [], subject: '' }] = incidents;
  assert.equal(subject, 'odd');
  assert.equal(transcript.length, 201);
  assert.deepEqual(
    [transcript[0], transcript[39], transcript[40], transcript[41], transcript.at(-1)],
    ['Out: line 0', 'Out: line 39', '(800 lines)', 'Out: line 840', 'Out: line 999'],
  );
});
