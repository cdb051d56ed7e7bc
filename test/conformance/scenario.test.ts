/** The scenarios are recorded data: these tests show that we read them as they were meant. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { playDialogue } from '../support/play-dialogue.ts';
import { completeScript } from '../support/server-script.ts';
import { fillPlaceholders, placeholdersIn, restorePlaceholders } from './placeholders.ts';
import { assembleMessage, canonicalForm, loadScenario, messageToDeliver, scenarioNames } from './scenario.ts';
import { setStage } from './stage.ts';

const sha256 = (octets: Buffer) => createHash('sha256').update(octets).digest('hex');

test('there are scenarios, each with the name of its file', () => {
  const names = scenarioNames();
  assert.ok(names.length >= 371);
  for (const name of names) assert.equal(loadScenario(name).name, name);
});

test('a message that we assemble is the one that was recorded', () => {
  let compared = 0;
  for (const name of scenarioNames()) {
    const scenario = loadScenario(name);
    const canonical = scenario.requests.map((request) => sha256(canonicalForm(assembleMessage(request.message))));
    for (const content of scenario.observed.connections.flatMap((connection) => connection.contents)) {
      if (!content.complete) continue;
      assert.equal(canonical.includes(content.sha256), content.same_as_request, name);
      compared++;
    }
  }
  assert.ok(compared > 200);
});

test('where Postfix changed a message before lmtp(8), the changed one is delivered', () => {
  for (const name of scenarioNames()) {
    const scenario = loadScenario(name);
    const { queued } = scenario.observed;
    if (queued === undefined) continue;
    assert.equal(sha256(canonicalForm(messageToDeliver(scenario))), queued.sha256, name);
  }
});

test('the canonical form ends every line with CRLF, the last one too', () => {
  assert.equal(String(canonicalForm(Buffer.from('a\nb\r\n\nc'))), 'a\r\nb\r\n\r\nc\r\n');
  assert.equal(String(canonicalForm(Buffer.from('a\rb\n'))), 'a\rb\r\n');
  assert.equal(String(canonicalForm(Buffer.alloc(0))), '');
});

test('placeholders are replaced and put back; the braces of Postfix tables are left alone', () => {
  const places = {
    ports: new Map([
      ['', 1234],
      ['two', 123],
    ]),
    paths: new Map([['', '/run/lmtp']]),
    closedPorts: [61001, 61002],
    blackHolePort: 7,
    noSocket: '/run/absent',
  };
  const text =
    'inline:{ {inet:[127.0.0.1]:{port}=joe} } a:{port:two} {unix} b:{closed_port} c:{closed_port:2} d:{blackhole_port} {no_socket}';
  const filled = fillPlaceholders(text, places);
  assert.equal(filled, 'inline:{ {inet:[127.0.0.1]:1234=joe} } a:123 /run/lmtp b:61001 c:61002 d:7 /run/absent');
  assert.equal(restorePlaceholders(filled, places), text);
  assert.throws(() => fillPlaceholders('{port:three}', places), /\{port:three\} stands for nothing/);
  assert.deepEqual(placeholdersIn('{port} {port} {qid}'), new Set(['{port}']));
});

test('every scenario uses only what a scripted server understands', () => {
  const keys = new Set<string>();
  for (const name of scenarioNames()) {
    for (const script of Object.values(loadScenario(name).servers)) {
      for (const n of ['1', '2', 'default']) keys.add(Object.keys(completeScript(script, Number(n) || 99)).join(' '));
    }
  }
  const known =
    /^(?:greeting|capabilities|lhlo|mail|rcpt|rcpt_no_mail|data|data_no_rcpt|content|final|final_count|final_extra|rset|quit|unknown|auth|digest_password|listen|path|ehlo|helo|x\w+)$/;
  const strange = new Set([...keys].flatMap((line) => line.split(' ')).filter((key) => !known.test(key)));
  assert.deepEqual([...strange], []);
});

test('every scenario has a stage to be played on', async () => {
  for (const name of scenarioNames()) {
    const scenario = loadScenario(name);
    await using stage = await setStage(scenario);
    assert.deepEqual(placeholdersIn(stage.destination + JSON.stringify(stage.params)), new Set(), name);
    assert.deepEqual(stage.transcript(), []);
  }
});

test('the connections of a stage are shown with the names of their servers', async () => {
  const scenario = loadScenario('dest-list-first-refused');
  await using stage = await setStage(scenario);
  const port = Number(stage.destination.match(/\d+$/)?.[0]);
  await playDialogue({ port }, [{ await: '220 ' }, { send: 'QUIT\r\n' }, { await_end: true }]);
  assert.ok(await stage.settled(1000));
  assert.deepEqual(
    stage.transcript().map(({ server, commands }) => ({ server, commands })),
    [{ server: 'two', commands: ['QUIT'] }],
  );
  assert.equal(stage.restore(stage.destination), scenario.destination);
});
