/** The queries that are saved with a stack, run over what its functions wrote. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deliveryLine, type LineFacts } from '../../functions/log/delivery-line.ts';
import { secretFaultNote } from '../../functions/secrets/secrets.ts';
import type { TlsFacts } from '../../functions/tls/facts.ts';
import { type SavedQueryName, savedQueries } from '../../infra/watching/measures/saved-queries.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type Answer, ask, type InsightsEvent } from '../support/logs-insights.ts';
import { awaitLines, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;
let lines: InsightsEvent[];
const begun = Date.now();

before(async () => {
  lines = [];
  stack = await startLocalStack({
    transportMap: `down.example lmtp:inet:[127.0.0.1]:${await freePort()}\n* lmtp:MAILSTORE`,
    parameters: { minimal_backoff_time: '1h' },
    sweepInterval: 0,
    mailStore: {
      verdict: (recipient) =>
        recipient.startsWith('full')
          ? { at: 'content', code: 452, text: `4.2.2 <${recipient}> Quota exceeded` }
          : undefined,
    },
    onLogLine: (functionName, message) => lines.push({ at: Date.now(), log: functionName, message }),
  });
  await submitMail(stack, { id: 'good', recipients: ['bob@example.com', 'carol@example.com'] });
  await submitMail(stack, { id: 'full', recipients: ['full1@example.com', 'full2@example.com', 'Bob@example.com'] });
  await submitMail(stack, { id: 'full-too', recipients: ['full1@example.com'] });
  await submitMail(stack, { id: 'down', recipients: ['ann@down.example'] });
  await submitMail(stack, { id: 'bad', recipients: ['bob@example.com'], body: '9BIT' } as never);
  await awaitLines(stack, 'good', 2);
  await awaitLines(stack, 'full', 3);
  await awaitLines(stack, 'full-too', 1);
  await awaitLines(stack, 'down', 1);
  await waitUntil('the corrupt request', () => lines.some(({ message }) => message.includes('corrupt request')));
  lines.push(...composed());
});
after(() => stack?.close());

/** Lines that are hard to cause, written by the same code. */
function composed(): InsightsEvent[] {
  const facts = {
    ...{ id: 'doubt', recipient: { address: 'dan@example.com', original: 'dan@old.example' } },
    ...{ arrival: 0, activated: 1, begun: 2, attempt: 2 },
  };
  const broken: LineFacts['verdict'] = {
    ...{ status: 'deferred', dsn: '4.4.2', relay: 'tls.example[10.0.1.9]:24', connUse: 2, setUp: 0.2, transfer: 4 },
    text: 'lost connection with tls.example[10.0.1.9] while sending end of data -- message may be sent more than once',
  };
  const lost = { dsn: '4.4.2', text: 'lost track of the delivery', inDoubt: true, setUp: 0, transfer: 0 } as const;
  const givenUp: LineFacts['verdict'] = { ...lost, status: 'expired' };
  const tls: TlsFacts = {
    ...{ protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', level: 'verify', matched: true, trusted: true },
    ...{ certificate_ends: '2027-03-31', subject: 'CN=tls.example', fingerprint: 'AA' },
  };
  const text = 'SASL authentication failed; server tls.example[10.0.1.9] said: 535 5.7.8 Error: authentication failed';
  const script = `
    import { makeLog } from ${JSON.stringify(resolve('functions/aws/function-log.ts'))};
    const log = makeLog('lmtp');
    log.note('error', ${JSON.stringify(secretFaultNote)}, { secret: 'mail/sasl', why: 'it is not there', servesSince: 4 });
    log.note('error', 'sweep failed for an item', { id: 'x', delivery: '0000', messageId: 'm', error: new Error('no table') });
    log.note('error', 'corrupt delivery', { id: 'gone', delivery: '0000', reason: 'there is no object' });
    log.note('info', 'changed by hand', { id: 'x', delivery: '0000', destination: 'd', by: 'ann', what: 'held', why: 'INC-1' });
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const platform = [
    // As Lambda writes them with loggingFormat JSON.
    '{"time":"2026-11-22T08:00:00Z","type":"platform.report","record":{"requestId":"1","status":"timeout","metrics":{"durationMs":300000}}}',
    '{"timestamp":"2026-11-22T08:00:00Z","level":"ERROR","requestId":"1","errorType":"Error","errorMessage":"boom","message":"boom"}',
  ];
  const messages = [
    JSON.stringify(deliveryLine({ ...facts, verdict: { ...broken, inDoubt: true } })),
    // Expired later: an earlier attempt left the doubt.
    JSON.stringify(deliveryLine({ ...facts, id: 'later', verdict: givenUp, isDoubtKnown: true })),
    JSON.stringify(deliveryLine({ ...facts, id: 'auth', verdict: { ...broken, dsn: '4.7.8', text, tls } })),
    ...`${stdout}${stderr}`.trim().split('\n'),
    ...platform,
  ];
  return messages.map((message) => ({ at: Date.now(), log: 'lmtp', message }));
}

/** The answer of a query with its placeholders filled in; every field that it names must occur in some line. */
function answer(name: SavedQueryName, filledIn: Readonly<Record<string, string>> = {}): Answer {
  const { lines: commands, logs } = savedQueries[name];
  const query = Object.entries(filledIn).reduce((text, [from, to]) => text.replaceAll(from, to), commands.join('\n| '));
  const groups = ['qmgr', 'lmtp', 'sweep'];
  const found = ask(query, logs === 'all' ? lines : lines.filter(({ log }) => groups.includes(log)));
  assert.deepEqual(found.unknown, [], `${name} names fields that no line has`);
  return found;
}

/** A column of an answer. */
function column({ rows }: Answer, field: string): readonly unknown[] {
  return rows.map((row) => row.get(field));
}

describe('the saved query', () => {
  test('by id shows the outcome of a message', () => {
    const found = answer('by id', { 'QUEUE-ID': 'full' });
    assert.deepEqual(column(found, 'recipient').toSorted(), [
      'Bob@example.com',
      'full1@example.com',
      'full2@example.com',
    ]);
    assert.deepEqual(column(found, 'status').toSorted(), ['deferred', 'deferred', 'sent']);
  });

  test('by recipient finds an address in any spelling', () => {
    const found = answer('by recipient', { 'USER@EXAMPLE\\.COM': 'bob@example\\.com' });
    assert.deepEqual(column(found, 'id').toSorted(), ['full', 'good']);
  });

  test('by destination finds deliveries with a session there, and those without one', () => {
    assert.deepEqual(column(answer('by destination', { SERVER: 'tls.example' }), 'id').toSorted(), ['auth', 'doubt']);
    const port = /\]:(\d+)/.exec(String(column(answer('by id', { 'QUEUE-ID': 'down' }), 'text')[0]))?.[1] ?? '';
    const [row] = answer('by destination', { SERVER: `]:${port}` }).rows;
    assert.equal(row?.get('id'), 'down');
    assert.equal(row?.get('relay'), undefined);
  });

  test('top deferral reasons groups by reason, whatever the names of servers and recipients', () => {
    const { rows } = answer('top deferral reasons');
    const told = rows.map((row) =>
      ['deferrals', 'messages', 'recipients', 'dsn', 'opening', 'reason', 'rest'].map((field) => row.get(field)),
    );
    assert.deepEqual(told[0], [
      ...[3, 2, 2, '4.2.2', 'host '],
      'said: 452 4.2.2 ',
      ' Quota exceeded (in reply to end of DATA command)',
    ]);
    const reasons = told
      .slice(1)
      .map((row) => row.slice(3).join('|'))
      .toSorted();
    assert.deepEqual(reasons, [
      '4.4.1|connect to |Connection refused|',
      '4.4.2|lost connection with |while sending end of data -- message may be sent more than once|',
      '4.7.8|SASL authentication failed; server |said: 535 5.7.8 Error: authentication failed|',
    ]);
  });

  test('slowest shows the longest deliveries first, and where the time went', () => {
    const found = answer('slowest');
    const delays = column(found, 'delay') as number[];
    assert.deepEqual(
      delays,
      delays.toSorted((one, other) => other - one),
    );
    assert.equal(found.rows.length, 3);
    const parts = ['before_active', 'in_active', 'set_up', 'transfer'].map((field) =>
      Number(found.rows[0]?.get(field)),
    );
    assert.ok(parts.every((part) => part >= 0));
    assert.ok(parts.reduce((sum, part) => sum + part, 0) >= (delays[0] ?? 0) * 0.5);
  });

  test('slow servers distinguishes servers', () => {
    const [slowest] = answer('slow servers').rows;
    assert.equal(slowest?.get('relay'), 'tls.example[10.0.1.9]:24');
    assert.deepEqual(
      ['set_up_slow', 'transfer_slow'].map((field) => slowest?.get(field)),
      [0.2, 4],
    );
  });

  test('in doubt shows each attempt that ended so, and nothing else', () => {
    const found = answer('in doubt');
    assert.deepEqual(column(found, 'recipient'), ['dan@example.com']);
    assert.deepEqual(column(found, 'id'), ['doubt']);
  });

  test('AUTH and TLS shows the replies of servers', () => {
    const [row, ...others] = answer('AUTH and TLS').rows;
    assert.deepEqual(others, []);
    assert.match(String(row?.get('text')), /said: 535 5\.7\.8/);
  });

  test('certificates shows the days on which they expire', () => {
    assert.deepEqual(column(answer('certificates'), 'tls.certificate_ends'), ['2027-03-31']);
  });

  test('secrets shows the name of the secret and the reason', () => {
    const [row] = answer('secrets').rows;
    assert.deepEqual([row?.get('secret'), row?.get('why'), row?.get('faults')], ['mail/sasl', 'it is not there', 1]);
  });

  test('corrupt shows requests and deliveries, each with the reason', () => {
    const found = answer('corrupt');
    assert.equal(found.rows.length, 2);
    const reasons = new Map(found.rows.map((row) => [row.get('id') === 'gone', row.get('reason')]));
    assert.equal(reasons.get(true), 'there is no object');
    assert.match(String(reasons.get(false)), /body: "9BIT"/);
  });

  test('errors shows logged errors, crashes and time-outs of functions', () => {
    const found = answer('errors');
    assert.ok(column(found, 'error.message').includes('no table'));
    assert.ok(column(found, 'errorMessage').includes('boom'));
    assert.ok(column(found, 'record.status').includes('timeout'));
    assert.ok(column(found, 'message').includes('corrupt request'));
    assert.ok(!column(found, 'message').includes('changed by hand'));
  });

  test('what people did shows author, change and reason', () => {
    const [row] = answer('what people did').rows;
    assert.deepEqual(
      ['by', 'what', 'why'].map((field) => row?.get(field)),
      ['ann', 'held', 'INC-1'],
    );
  });
});

test('lambda-lmtp log reads the same lines of a local stack', async () => {
  const { code, stdout, stderr } = await runCommand(['log', '--since', new Date(begun).toISOString()], {
    env: stack.variables,
  });
  assert.deepEqual([code, stderr], [0, '']);
  const shown = stdout.trim().split('\n');
  assert.equal(shown.length, 7);
  for (const line of shown)
    assert.match(line, /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d local postfix\/lmtp\[\d+\]: [\w-]+: to=</);
});
