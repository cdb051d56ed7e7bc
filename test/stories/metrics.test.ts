/** The metrics of a whole stack, compared with its delivery log, the server and the table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Watch } from '../../infra/local/watch.ts';
import { type EmfLine, isEmf, MetricReader } from '../support/emf.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, awaitState, patience, smallMessage, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

const namespace = 'LambdaLmtp/StoryDelivery';

let server: ScriptedServer;
let stack: LocalStack;
/** Has its own metrics. */
let watched: string;
/** No server listens there. */
let closed: string;
/** What an observer of the stack sees. */
const printed: string[] = [];
let watch: Watch;

before(async () => {
  server = await startScriptedServer({
    rcpt: {
      default: '250 2.1.5 ok',
      'nobody@one': '550 5.1.1 unknown',
      'busy@one': { each: ['452 4.2.2 full', '250 2.1.5 ok'] },
    },
    // It is never silent for long, so it is not to blame, and it never finishes.
    final: { default: '250 2.0.0 ok', 'slow@one': { pad_to: 200, reply: '250 2.0.0 ok', byte_gap_ms: 500 } },
  });
  const port = await freePort();
  watched = `inet:[127.0.0.1]:${server.port}`;
  closed = `inet:[127.0.0.1]:${port}`;
  stack = await startLocalStack({
    transportMap: `one lmtp:${watched}\ntwo lmtp:MAILSTORE\nthree lmtp:${closed}`,
    environment: { METRICS_NAMESPACE: namespace, WATCHED_DESTINATIONS: `${watched} inet:never.example:24` },
    parameters: { minimal_backoff_time: '600s', maximal_backoff_time: '600s' },
    timeouts: { lmtp: 9000 },
    maximumConcurrency: { lmtp: 1 },
    sweepInterval: 0,
  });
  watch = new Watch(stack, [], (line) => printed.push(line));
});
after(async () => {
  watch?.close();
  await stack?.close();
  await server?.close();
});

/** The lines of metrics that functions have written so far. */
function metricLines(name?: string): readonly EmfLine[] {
  return stack.log.items
    .filter(({ functionName }) => name === undefined || functionName === name)
    .flatMap(({ line }) => parse(line))
    .filter(isEmf);
}

function parse(line: string): readonly unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

const read = (name?: string) => new MetricReader(metricLines(name));

/** Lines of the delivery log. */
const countLines = (...statuses: readonly string[]) =>
  stack.deliveries.items.filter(({ status }) => statuses.includes(status)).length;

test('numbers agree with the delivery log, the server and the table', async () => {
  const dots = 'Subject: dots\r\n\r\n.\r\n.two\r\nend\r\n';
  for (let n = 0; n < 6; n += 1)
    await submitMail(stack, { id: `a${n}`, recipients: [`bob${n}@one`, `carol${n}@one`] }, dots);
  await submitMail(
    stack,
    { id: 'large', recipients: ['dora@one'] },
    `Subject: x\r\n\r\n${'x'.repeat(76)}\r\n`.repeat(2000),
  );
  await submitMail(stack, { id: 'mixed', recipients: ['busy@one', 'nobody@one', 'bad\u0007@one', 'erin@two'] });
  await submitMail(stack, { id: 'nowhere', recipients: ['frank@three'] });
  await stack.submit('{"version": 1, "no": "request"}');
  for (let n = 0; n < 6; n += 1) await awaitLines(stack, `a${n}`, 2);
  await awaitLines(stack, 'large', 1);
  await awaitLines(stack, 'mixed', 4);
  await awaitLines(stack, 'nowhere', 1);
  // Alone in its invocation, so that no other delivery runs out of time.
  await submitMail(stack, { id: 'slow', recipients: ['slow@one'] });
  await awaitLines(stack, 'slow', 1);
  await waitUntil('the corrupt request is counted', () => read().sum('Corrupt') > 0, patience);
  await waitUntil('metrics are written', () => read().sum('DeadlineClamped') > 0, patience);

  const metrics = read();
  assert.deepEqual(
    ['Arrived', 'Sent', 'Deferred', 'Bounced', 'InDoubt', 'Corrupt'].map((name) => metrics.sum(name)),
    [
      19,
      countLines('sent'),
      countLines('deferred'),
      countLines('bounced', 'expired'),
      stack.deliveries.items.filter((line) => line.in_doubt === true).length,
      1,
    ],
  );
  assert.deepEqual([countLines('sent'), countLines('deferred'), countLines('bounced')], [14, 3, 2]);
  assert.equal(metrics.sum('InDoubt'), 1);
  assert.deepEqual(
    [metrics.sum('DeferredMailbox'), metrics.sum('DeferredNetwork'), metrics.sum('BouncedAddress')],
    [1, 2, 2],
  );

  // One line for each attempt that was made, those to the mail store included.
  assert.equal(metrics.sum('Attempts'), 11);
  assert.deepEqual([metrics.sum('ConnectFailures'), metrics.sum('DeadlineClamped')], [1, 1]);

  const sent = stack.deliveries.items.filter(({ status }) => status === 'sent');
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  assert.equal(metrics.values('Delay').length, sent.length);
  assert.ok(Math.abs(metrics.sum('Delay') - total(sent.map(({ delay }) => delay))) < 1e-6);
  for (const [index, name] of ['DelayBeforeActive', 'DelayInActive', 'DelaySetUp', 'DelayTransfer'].entries()) {
    assert.ok(Math.abs(metrics.sum(name) - total(sent.map(({ delays }) => delays[index] ?? 0))) < 1e-6, name);
  }
});

test('a watched destination has its share, and the sessions are those that its server saw', () => {
  const metrics = read();
  const lines = stack.deliveries.items.filter(({ relay }) => relay?.endsWith(`:${server.port}`));
  const count = (status: string) => lines.filter((line) => line.status === status).length;
  assert.equal(metrics.sum('Sent', watched), count('sent'));
  assert.equal(metrics.sum('Deferred', watched), count('deferred'));
  assert.equal(metrics.sum('Bounced', watched), count('bounced'));
  assert.equal(metrics.sum('Attempts', watched), 9);
  const connections = server.transcript();
  const said = connections.flatMap(({ commands }) => commands);
  assert.equal(metrics.sum('SessionsOpened', watched), connections.length);
  assert.equal(metrics.sum('SessionsReused', watched), said.filter((command) => command === 'RSET').length);
  assert.equal(metrics.sum('SessionsOpened', watched) + metrics.sum('SessionsReused', watched), 9);
  assert.equal(metrics.sum('SessionsOpened') - metrics.sum('SessionsOpened', watched), 1, 'the mail store');
  const doubled = (content: Buffer) => content.length + (content.toString('latin1').match(/^\./gm)?.length ?? 0);
  const received = server.rawContents.reduce((sum, content) => sum + doubled(content), 0);
  assert.equal(
    metrics.sum('Bytes'),
    received + Buffer.byteLength(smallMessage),
    'the mail store had one small message',
  );
});

test('the sweep reports the contents of the table', async () => {
  await awaitState(stack, 'nowhere', 'deferred');
  await awaitState(stack, 'slow', 'deferred');
  await stack.sweep();
  await waitUntil('the sweep has measured', () => metricLines('sweep').length > 0, patience);
  const metrics = read('sweep');
  assert.deepEqual(metrics.values('Waiting'), [3]);
  assert.deepEqual(metrics.values('Held'), [0]);
  assert.deepEqual(metrics.values('ExpiringSoon'), [0]);
  const [age = -1] = metrics.values('OldestDeferred', watched);
  assert.ok(age >= 0 && age < 120);
});

test('each container counts its start once, and no invocation counts the work of another', async () => {
  const lines = metricLines('lmtp');
  assert.equal(read('lmtp').sum('ColdStarts'), 1);
  const sentBefore = read('lmtp').sum('Sent');
  await submitMail(stack, { id: 'again', recipients: ['gina@one'] });
  await awaitLines(stack, 'again', 1);
  await waitUntil('another invocation', () => metricLines('lmtp').length > lines.length, patience);
  assert.equal(read('lmtp').sum('Sent'), sentBefore + 1);
  assert.equal(read('lmtp').sum('ColdStarts'), 1);
});

test('no line names a recipient, a message or a host, and none has a dimension that was not configured', () => {
  const lines = metricLines();
  assert.ok(lines.length > 5);
  for (const line of lines) {
    assert.equal(line._aws.CloudWatchMetrics[0]?.Namespace, namespace);
    assert.equal(line['transport'], 'lmtp');
    assert.ok(line['destination'] === undefined || line['destination'] === watched);
    const text = JSON.stringify(line);
    for (const word of ['@one', '@two', 'a0', 'mixed', closed]) assert.ok(!text.includes(word), text);
  }
});

test('a search of the log for mail does not show them', async () => {
  assert.ok(!printed.some((line) => line.includes('_aws')), 'watching');
  const log = stack.log.items.map(({ line }) => line).join('\n');
  assert.ok(log.includes('"_aws"'));
  const { stdout, code } = await runCommand(['log'], { input: log });
  assert.equal(code, 0);
  assert.equal(stdout.trimEnd().split('\n').length, stack.deliveries.items.length);
});
