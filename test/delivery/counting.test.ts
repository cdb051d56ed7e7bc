/** The metrics of an attempt: sessions, connection failures, octets, and our own time. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { type Asked, deliverTo, makeMessage, nameService, testAgent } from '../support/delivery-agent.ts';
import { freePort } from '../support/free-port.ts';
import { MemoryMetrics } from '../support/memory-metrics.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { testSecrets } from '../support/test-secrets.ts';
import { deadlineIn } from '../support/time-limits.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

/** An agent, and what it counts. */
function counting(parameters: Readonly<Record<string, string>> = {}, given: Partial<Agent> = {}) {
  const metrics = new MemoryMetrics();
  const names = nameService({ localhost: ['127.0.0.1'] });
  return { metrics, agent: testAgent(parameters, { metrics, names, ...given }) };
}

/** Returns what is counted when mails are sent to a server one after the other. */
async function countMails(
  script: ServerScript,
  { parameters = {}, mails = 1, ...asked }: Asked & { parameters?: Record<string, string>; mails?: number } = {},
) {
  await using server = await startScriptedServer(script);
  const { agent, metrics } = counting(parameters);
  for (let n = 0; n < mails; n += 1) await deliverTo(`localhost:${server.port}`, ['a@x', 'b@x'], agent, asked);
  const { Bytes, ...sums } = metrics.sums();
  return { sums, bytes: Bytes, server, metrics };
}

describe('sessions', () => {
  test('are opened once and used again, as the server sees it', async () => {
    const { sums, server } = await countMails({}, { mails: 3 });
    assert.deepEqual(sums, { Attempts: 3, SessionsOpened: 1, SessionsReused: 2 });
    assert.equal(server.transcript().length, 1);
    assert.equal(server.transcript()[0]?.commands.filter((command) => command === 'RSET').length, 3);
  });

  test('that the server closed meanwhile are counted as dead, and others are opened', async () => {
    const closing = { final: { default: andThen('close', '250 2.0.0 ok') } };
    const { sums } = await countMails(closing, { mails: 2 });
    assert.equal(sums.SessionsOpened, 2);
    assert.equal(sums.SessionsReused, undefined);
  });

  test('whose server refuses RSET are not used again', async () => {
    const { sums } = await countMails({ rset: '421 4.3.2 closing' }, { mails: 2 });
    assert.deepEqual(sums, { Attempts: 2, SessionsOpened: 2 });
  });

  test('that fail before the first reply are counted as dead although they were reused', async () => {
    const { sums } = await countMails(
      { connections: { '1': { mail: { each: ['250 2.1.0 ok', andThen('close', '421 4.3.2 closing')] } } } },
      { mails: 2 },
    );
    assert.deepEqual(sums, { Attempts: 2, SessionsOpened: 2, SessionsReused: 1, SessionsStale: 1 });
  });

  test('that are too old for reuse are not counted as dead', async () => {
    const { sums } = await countMails({}, { mails: 2, parameters: { max_use: '1' } });
    assert.deepEqual(sums, { Attempts: 2, SessionsOpened: 2 });
  });
});

describe('a session failure', () => {
  test('is counted for the connection: refused, a bad greeting, a missing name', async () => {
    const closed = counting();
    await deliverTo(`localhost:${await freePort()}`, ['a@x'], closed.agent);
    assert.deepEqual(closed.metrics.sums(), { Attempts: 1, ConnectFailures: 1 });
    assert.deepEqual((await countMails({ greeting: '421 4.3.2 busy' })).sums, { Attempts: 1, ConnectFailures: 1 });
    assert.deepEqual((await countMails({ greeting: andThen('close') })).sums, { Attempts: 1, ConnectFailures: 1 });
    const unknown = counting();
    await deliverTo('nowhere.example:24', ['a@x'], unknown.agent);
    assert.deepEqual(unknown.metrics.sums(), { Attempts: 1, ConnectFailures: 1 });
  });

  test('is counted for each host that was tried', async () => {
    const names = nameService({ localhost: ['127.0.0.1', '127.0.0.2'] });
    const { agent, metrics } = counting({}, { names });
    await deliverTo(`localhost:${await freePort()}`, ['a@x'], agent);
    assert.deepEqual(metrics.sums(), { Attempts: 1, ConnectFailures: 2 });
  });

  test('is counted for TLS that is required and not available', async () => {
    const parameters = { lmtp_tls_security_level: 'encrypt' };
    assert.deepEqual((await countMails({}, { parameters })).sums, { Attempts: 1, TlsFailures: 1 });
  });

  test('is counted for TLS that failed, even if mail is then sent without it', async () => {
    const script: ServerScript = { tls: { certificate: certificates.right, handshake: 'close' } };
    const parameters = { lmtp_tls_security_level: 'may' };
    assert.deepEqual((await countMails(script, { parameters })).sums, { Attempts: 1, TlsFailures: 1 });
    const { sums } = await countMails(script, { parameters, age: 1e9 });
    assert.deepEqual(sums, { Attempts: 1, TlsFailures: 1, SessionsOpened: 1 });
  });

  test('is counted for a refused AUTH, even if it is not tried again', async () => {
    const parameters = {
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: `static:{joe:${testSecrets.password}}`,
      lmtp_sasl_security_options: 'noanonymous',
    };
    const { sums, server } = await countMails(
      { capabilities: ['AUTH PLAIN'], auth: ['535 5.7.8 no'] },
      { parameters, mails: 3 },
    );
    assert.deepEqual(sums, { Attempts: 3, AuthFailures: 3 });
    assert.equal(server.transcript().length, 1);
    assert.deepEqual((await countMails({}, { parameters })).sums, { Attempts: 1, AuthFailures: 1 });
  });
});

test('is not counted for a password that was just changed: the new one is read, and the mail is sent', async () => {
  const secrets = changingSecrets({ sasl: `{"localhost": "joe:${testSecrets.password}"}` });
  const { agent, metrics } = counting(
    {
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: 'secretsmanager:sasl',
      lmtp_sasl_security_options: 'noanonymous',
    },
    { secrets: secrets.store },
  );
  await using server = await startScriptedServer({
    capabilities: ['AUTH PLAIN'],
    auth: ['235 2.7.0 ok'],
    connections: { '1': { auth: ['535 5.7.8 no'] } },
  });
  await secrets.store.fetch('sasl');
  secrets.put('sasl', `{"localhost": "joe:${testSecrets.changedPassword}"}`);
  await deliverTo(`localhost:${server.port}`, ['a@x'], agent);
  assert.equal(server.transcript().length, 2);
  const { Bytes, ...sums } = metrics.sums();
  assert.deepEqual(sums, { Attempts: 1, SessionsOpened: 1 });
});

test('a certificate reports its remaining days when a session is opened, and the earliest expiry counts', async () => {
  const script = { tls: { certificate: certificates.right } };
  const secrets = changingSecrets({ authority: certificates.authority.cert }).store;
  await using server = await startScriptedServer(script);
  const { agent, metrics } = counting(
    { lmtp_tls_security_level: 'secure', lmtp_tls_CAfile: 'secretsmanager:authority' },
    { secrets },
  );
  const { verdicts } = await deliverTo(`localhost:${server.port}`, ['a@x'], agent);
  const ends = Date.parse(verdicts[0]?.tls?.certificate_ends ?? '');
  const [days] = metrics.of('CertificateDays');
  assert.ok(
    days !== undefined && days <= (ends - Date.now()) / 86_400_000 && days >= (ends - Date.now()) / 86_400_000 - 1.01,
  );
  await deliverTo(`localhost:${server.port}`, ['a@x'], agent);
  assert.equal(metrics.of('CertificateDays').length, 1);
});

describe('octets', () => {
  const text = 'Subject: dots\n\n.\n.two\nend\n';

  test('are those of the content as it was sent, doubled dots included', async () => {
    const { bytes, server } = await countMails({}, { message: makeMessage(text), mails: 2 });
    const [content] = server.rawContents;
    assert.equal(content?.toString(), text.replaceAll('\n', '\r\n'));
    assert.equal(bytes, 2 * (content.length + 2));
  });

  test('of content are not counted if it was incomplete, or no recipient was accepted', async () => {
    const broken: Partial<Asked> = {
      message: {
        ...makeMessage(text),
        async *open() {
          yield Buffer.from(text);
          throw new Error('the body broke off');
        },
      },
    };
    assert.equal((await countMails({}, broken)).bytes, undefined);
    assert.equal((await countMails({ rcpt: { default: '550 5.1.1 unknown' } })).bytes, undefined);
  });
});

test('an attempt that our own deadline ended counts once, and as no failure of a server', async () => {
  const { sums } = await countMails({ greeting: andThen('silence') }, { deadline: deadlineIn(100) });
  assert.deepEqual(sums, { Attempts: 1, DeadlineClamped: 1 });
  const late = await countMails({ final: { default: andThen('silence') } }, { deadline: deadlineIn(300) });
  assert.deepEqual(late.sums, { Attempts: 1, SessionsOpened: 1, DeadlineClamped: 1 });
});

test('a time-out of a server is not counted as our own deadline', async () => {
  const { sums } = await countMails({ greeting: andThen('silence') }, { parameters: { lmtp_lhlo_timeout: '1s' } });
  assert.deepEqual(sums, { Attempts: 1, ConnectFailures: 1 });
});

test('mail that the transport map ends is not counted as an attempt', async () => {
  const { agent, metrics } = counting();
  await deliverTo('error:5.1.6 moved', ['a@x'], agent);
  assert.deepEqual(metrics.sums(), {});
});

test('every count carries the destination of the delivery', async () => {
  const { metrics, server } = await countMails({}, { mails: 2 });
  assert.deepEqual(new Set(metrics.added.map(({ destination }) => destination)), new Set([`localhost:${server.port}`]));
});
