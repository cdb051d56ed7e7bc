/** The screens of the dashboard in a real browser, on a local stack with mail in every state. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { serveScreens } from '../../infra/local/screens.ts';
import { chromiumMissing, startChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { ScreensPage } from '../support/screens-page.ts';
import { andThen, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, awaitState, itemsOf, submitMail } from '../support/story.ts';

/** A server's reply that contains markup. */
const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script></td> over quota';

describe('the screens', { skip: chromiumMissing }, () => {
  let stack: LocalStack;
  let doubtful: ScriptedServer;
  let browser: Browser;
  let screens: ScreensPage;
  let address: string;
  const names = { store: '', dead: '', doubt: '' };
  let isFull = true;
  const closing = new AsyncDisposableStack();

  before(async () => {
    doubtful = closing.use(await startScriptedServer({ final: { default: andThen('close') } }));
    const dead = await freePort();
    stack = await startLocalStack({
      transportMap: `dead.example lmtp:inet:127.0.0.1:${dead}\ndoubt.example lmtp:inet:127.0.0.1:${doubtful.port}\n* lmtp:MAILSTORE`,
      // No retry unless a button is pressed.
      parameters: { minimal_backoff_time: '1h', lmtp_initial_destination_concurrency: '1' },
      sweepInterval: 0,
      mailStore: {
        verdict: (recipient) =>
          recipient.startsWith('never') || (isFull && recipient.startsWith('full'))
            ? { at: 'RCPT', code: 452, text: `4.2.2 ${hostile}` }
            : undefined,
      },
    });
    closing.defer(() => stack.close());
    const named = (port: number) => `inet:[127.0.0.1]:${port}`;
    Object.assign(names, { store: named(stack.mailStore.port), dead: named(dead), doubt: named(doubtful.port) });
    await submitMail(stack, { id: 'sent', recipients: ['bob@example.com'] });
    await submitMail(stack, { id: 'full', recipients: ['full1@example.com', 'full2@example.com'] });
    await submitMail(stack, { id: 'never', recipients: ['never@example.com'] });
    await submitMail(stack, { id: 'dead', recipients: ['ann@dead.example'] });
    await submitMail(stack, { id: 'doubt', recipients: ['joe@doubt.example'] });
    const server = await serveScreens(stack.functions);
    closing.defer(() => server.close());
    address = `${server.endpoint}/`;
    [browser] = await Promise.all([startChromium(), awaitState(stack, 'sent', 'done')]);
    closing.defer(() => browser.close());
    for (const id of ['full', 'never', 'dead', 'doubt']) await awaitState(stack, id, 'deferred');
    screens = await ScreensPage.open(browser, address);
  });
  after(() => closing.disposeAsync());

  const destination = (name: string) => screens.row('Destinations', name);
  const record = (name: string) =>
    new DynamoDbDestinations(stack.clients.documents, stack.outputs.QueueTableName).read(name);

  test('give a summary in one line, and name what needs attention', async () => {
    const text = await screens.text();
    assert.match(text, /Some mail may be delivered twice; nothing is lost\. 4 deliveries wait, the oldest for \d+s\./);
    assert.match(text, /1 recipient in doubt \(since \d+s\)/);
    assert.match(text, /0 deliveries late \(over 1h\)/);
    assert.match(text, /2 destinations suspended: inet:/);
    screens.assertQuiet();
  });

  test('show which mail waits, where and how long', async () => {
    const rows = await screens.rows('Waiting by age and destination');
    const stopped = [names.dead, names.doubt].map((name) => [`${name} suspended`, 1]);
    const counts = { 'all destinations': 4, ...Object.fromEntries(stopped), [names.store]: 2 };
    assert.deepEqual(
      rows.map((row) => row.replaceAll(' ·', '')).toSorted(),
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count} ${count}`)
        .toSorted(),
    );
    const row = screens.row('Waiting by age and destination', names.store);
    await row.locator('td:nth-child(3) .lmtp-more').click();
    const listed = await screens.popup();
    assert.match(listed, /Mail for inet:\[127\.0\.0\.1\]:\d+ waiting for less than 5m: 2 id/);
    assert.match(listed, /full\/0000 deferred \d+s 1 in (?:59m \d+s|1h) .*<alice@example\.org> <full1@example\.com>/);
  });

  test('show markup in the reply of a server as text', async () => {
    const causes = await screens.rows('Causes');
    assert.match(causes[0] ?? '', /^452 4\.2\.2 <img src=x … 2 1 \d+s explain/);
    assert.ok(
      (await screens.text()).includes('said: 452 4.2.2 <img src=x onerror="document.title=1"><script>document'),
    );
    assert.deepEqual(
      [await screens.page.title(), await screens.page.locator('#widget :is(img, script)').count()],
      ['Mail that waits', 0],
    );
  });

  test('show the state of a destination, with the last reply of its server', async () => {
    const row = (await destination(names.dead).innerText()).replace(/\s+/g, ' ');
    assert.match(
      row,
      /suspended for \d+s, after 1 failure in a row; tried again in (?:59m \d+s|1h) 1 \d+s not known 4\.4\.1/,
    );
    assert.match(row, /4\.4\.1 connect to \S+: Connection refused/);
  });

  test('do nothing after the answer no to the question', async () => {
    const asked = await screens.press(destination(names.store), 'hold 1h', 'Cancel');
    assert.equal(asked, `Hold ${names.store} for an hour? Nothing is sent to it, and nothing is returned meanwhile.`);
    await screens.refresh();
    assert.equal(await screens.isAsking(), false);
    assert.deepEqual([(await record(names.store)).holds, stack.functions.postsuper.started], [[], 0]);
  });

  test('flush a destination: its server gets the mail', async () => {
    isFull = false;
    await screens.press(destination(names.store), 'flush', 'Confirm');
    assert.match(await screens.popup(), /^Flush inet:\S+ 2 changed\..*full\/0000: will be tried now/);
    const lines = await awaitLines(stack, 'full', 4);
    await awaitState(stack, 'full', 'done');
    await awaitLines(stack, 'never', 2);
    await awaitState(stack, 'never', 'deferred');
    await screens.refresh();
    assert.deepEqual(
      lines.slice(2).map(({ status }) => status),
      ['sent', 'sent'],
    );
  });

  test('hold a destination for an hour, with a reason: the table shows it, and later mail waits', async () => {
    await screens.giveReason('INC-4711 disk full');
    await screens.press(destination(names.store), 'hold 1h', 'Confirm');
    assert.match(
      await screens.popup(),
      /^Hold inet:\S+ 1 changed\. The hold ends by itself \S+Z\..* held \(dashboard\); its mail will not be tried until \S+Z, or until it is released$/,
    );
    await screens.refresh();
    const row = (await destination(names.store).innerText()).replace(/\s+/g, ' ');
    assert.match(
      row,
      /held \(dashboard\) by dashboard \(request [-0-9a-f]+\), until \S+ \(in (?:59m \d+s|1h)\): INC-4711 disk full/,
    );
    assert.match(await screens.text(), /1 destination held: inet:/);
    // Containers that have just sent to it read the hold after three seconds.
    await sleep(3100);
    await submitMail(stack, { id: 'later', recipients: ['bob@example.com'] });
    await awaitState(stack, 'later', 'held');
  });

  test('release it over five minutes: the held mail is retried at some time within them', async () => {
    await screens.press(destination(names.store), 'release', 'Confirm');
    assert.match(await screens.popup(), /1 changed\. 1 delivery will be tried within five minutes\./);
    await screens.refresh();
    assert.match(await destination(names.store).innerText(), /open/);
    const [item] = await itemsOf(stack, 'later');
    const left = (item?.due ?? 0) - Date.now();
    assert.ok(item?.state !== 'held' && left <= 300_000, JSON.stringify(item));
  });

  test('hold the messages with one cause, and no others', async () => {
    const cause = screens.row('Causes', 'Connection refused');
    assert.match(
      await screens.press(cause, 'hold 1h', 'Confirm'),
      /Hold the mail with the reply "4\.4\.1 connect to \S+: Connection refused" for an hour\? That is 1 now/,
    );
    assert.match(await screens.popup(), /1 changed\..*dead\/0000: held \(dashboard\)/);
    const [held] = await awaitState(stack, 'dead', 'held');
    assert.match(held?.holds?.[0]?.by ?? '', /^dashboard \(request [-0-9a-f]+\)$/);
    assert.equal((await itemsOf(stack, 'never'))[0]?.state, 'deferred');
  });

  test('check a destination, step by step', async () => {
    await screens.press(destination(names.dead), 'check', 'Confirm');
    assert.match(
      await screens.popup(),
      /^Check of inet:\S+ .*✗ port refused: Connection refused .*Mail would be deferred \(4\.4\.1\)/,
    );
  });

  test('explain a destination in the words of the command line, and its oldest message by its id', async () => {
    await screens.refresh();
    await screens.press(destination(names.dead), names.dead, undefined);
    const popup = screens.page.locator('#popup[open]');
    await popup.getByText('dead', { exact: true }).click();
    await popup.getByText('The story of dead').waitFor();
    assert.match(await screens.popup(), /^The story of dead dead from <alice@example\.org>, .* 4\.4\.1 connect to /);
    screens.assertQuiet();
  });
});
