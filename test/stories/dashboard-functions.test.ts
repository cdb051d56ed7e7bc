/** The functions of the dashboard as CloudWatch calls them: from their bundles, on a stack with waiting mail. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { actionsOf, skeleton } from '../support/html.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitState, itemsOf, submitMail } from '../support/story.ts';

let stack: LocalStack;
before(async () => {
  stack = await startLocalStack({
    parameters: { minimal_backoff_time: '1h', lmtp_initial_destination_concurrency: '1' },
    sweepInterval: 0,
    mailStore: { verdict: () => ({ at: 'RCPT', code: 452, text: '4.2.2 <b>full</b>' }) },
  });
  await submitMail(stack, { id: 'waits', recipients: ['bob@example.com'] });
  await awaitState(stack, 'waits', 'deferred');
});
after(() => stack?.close());

/** What CloudWatch sends beside the parameters. */
const widgetContext = {
  dashboardName: 'mail',
  theme: 'dark',
  timeRange: {},
  forms: { all: { reason: 'INC-1' } },
  width: 588,
};

async function call(name: 'showq' | 'postsuper', event: object): Promise<string> {
  const result = await stack.functions[name].invoke({ ...event, widgetContext });
  assert.ok(result.kind === 'returned', JSON.stringify(result));
  return String(result.value);
}

const destination = () => stack.mailStore.destination;

test('showq documents itself, and shows waiting mail with buttons that call postsuper', async () => {
  assert.match(await call('showq', { describe: true }), /^## Mail that waits\n.*``` yaml\nscreen: all\nlate: 1h\n/s);
  const html = await call('showq', { screen: 'all' });
  assert.ok(skeleton(html).length > 50);
  assert.match(html, /All is well: nothing is late, nothing is lost\. 1 delivery waits/);
  assert.match(html, /&lt;b&gt;full&lt;\/b&gt;/);
  const called = new Set(actionsOf(html).map(({ endpoint }) => endpoint.split(':').at(-1)));
  assert.deepEqual([...called].toSorted(), ['postsuper', 'showq']);
});

test('showq reports the fault of a request', async () => {
  assert.match(
    await call('showq', { screen: 'mailbox' }),
    /<p>Nothing is shown: screen: &quot;mailbox&quot; is not allowed/,
  );
});

test('postsuper does only what has a button, and only to destinations', async () => {
  for (const [event, words] of [
    [
      { action: 'delete', destination: destination() },
      /<p>Nothing was changed: action: &quot;delete&quot; is not allowed/,
    ],
    [{ action: 'flush', destination: 'a:b:c' }, /<p>Nothing was changed: /],
    [{ action: 'check', destination: 'inet:127.0.0.1:1' }, /<p>Nothing was changed: .*127\.0\.0\.1/],
  ] as const) {
    assert.match(await call('postsuper', event), words);
  }
  assert.equal((await itemsOf(stack, 'waits'))[0]?.history, undefined);
});

test('a change by postsuper has the id of its request in its history, and the typed reason', async () => {
  assert.match(await call('postsuper', { action: 'hold', destination: destination() }), /1 changed\./);
  const name = destination().replace('127.0.0.1', '[127.0.0.1]');
  const destinations = new DynamoDbDestinations(stack.clients.documents, stack.outputs.QueueTableName);
  const { holds, history } = await destinations.read(name);
  assert.match(history[0]?.by ?? '', /^dashboard \(request [0-9a-f-]{36}\)$/);
  assert.deepEqual([holds[0]?.reason, history[0]?.why, history[0]?.what], ['INC-1', 'INC-1', 'held (dashboard)']);
  const [, request] = /request ([0-9a-f-]{36})/.exec(history[0]?.by ?? '') ?? [];
  assert.ok(
    stack.log.items.some(({ functionName, line }) => functionName === 'postsuper' && line.includes(request ?? '?')),
  );
});
