/** Maps that change or classify the replies of a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { type ServerScript, startScriptedServer } from '../support/scripted-server.ts';

async function play(script: ServerScript, parameters: Record<string, string>) {
  await using server = await startScriptedServer(script);
  const agent = testAgent({ lmtp_cache_connection: 'no', ...parameters });
  const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], agent);
  return {
    verdicts: shortVerdicts(outcome),
    text: outcome.verdicts[0]?.text,
    commands: server.transcript()[0]?.commands,
  };
}

const overQuota: ServerScript = { final: { default: '452 4.2.2 mailbox full' } };

test('a status filter makes a full mailbox bounce, in words of its own', async () => {
  const filter = 'regexp:{ {/^4\\.2\\.2 (.*)/ 5.2.2 given up: $$1} }';
  const { verdicts, text } = await play(overQuota, { lmtp_delivery_status_filter: filter });
  assert.deepEqual(verdicts, ['bounced 5.2.2']);
  assert.match(text ?? '', /^given up: host .* 452 4\.2\.2 mailbox full/);
});

test('a status filter can neither undo a delivery nor invent one', async () => {
  const toSent = { lmtp_delivery_status_filter: 'static:{2.0.0 all is well}' };
  assert.deepEqual((await play(overQuota, toSent)).verdicts, ['deferred 4.2.2']);
  const toBounced = { lmtp_delivery_status_filter: 'static:{5.0.0 no}' };
  assert.deepEqual((await play({}, toBounced)).verdicts, ['sent 2.0.0']);
});

test('a reply filter rewrites a reply before it is classified', async () => {
  const filter = 'regexp:{ {/^452 4\\.2\\.2 (.*)/ 250 2.0.0 kept elsewhere: $$1} }';
  const { verdicts, text } = await play(overQuota, { lmtp_reply_filter: filter });
  assert.deepEqual([verdicts, text], [['sent 2.0.0'], '250 2.0.0 kept elsewhere: mailbox full']);
});

test('keywords are discarded by the address of the server, in place of the general list', async () => {
  const script: ServerScript = { capabilities: ['PIPELINING', '8BITMIME', 'SIZE 1000000'] };
  const general = { lmtp_discard_lhlo_keywords: 'pipelining' };
  const isSized = async (parameters: Record<string, string>) => {
    const { commands = [] } = await play(script, parameters);
    return commands.some((command) => /^MAIL .*SIZE=/.test(command));
  };
  assert.equal(await isSized(general), true);
  const byAddress = { ...general, lmtp_discard_lhlo_keyword_address_maps: 'inline:{ {127.0.0.1 = size} }' };
  assert.equal(await isSized(byAddress), false);
});

test('the dialogue with a peer of debug_peer_list is logged, and with no other', async () => {
  const logged = async (list: string) => {
    await using server = await startScriptedServer({});
    const lines: string[] = [];
    const debugPeer = (peer: string, side: string, line: string) => lines.push(`${peer.slice(0, 20)} ${side}: ${line}`);
    const agent = testAgent({ lmtp_cache_connection: 'no', debug_peer_list: list }, { debugPeer });
    await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], agent);
    return lines;
  };
  const lines = await logged('127.0.0.0/8');
  assert.ok(lines.includes('127.0.0.1[127.0.0.1] C: RCPT TO:<a@x>'), lines.join('\n'));
  assert.ok(lines.some((line) => line.startsWith('127.0.0.1[127.0.0.1] S: 220 ')));
  assert.deepEqual(await logged('10.0.0.0/8'), []);
});
