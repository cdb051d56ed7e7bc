/** Notices to postmasters on the notice topic, from the real function. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Notice, parseNotice } from '../../functions/notices/notice.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, patience, submitMail } from '../support/story.ts';
import { testSecrets } from '../support/test-secrets.ts';

let odd: ScriptedServer;
let guarded: ScriptedServer;
let stack: LocalStack;

before(async () => {
  odd = await startScriptedServer({ data: '250 2.0.0 stored already' });
  guarded = await startScriptedServer({ capabilities: ['AUTH PLAIN'], auth: ['535 5.7.8 no'] });
  stack = await startLocalStack({
    transportMap: [
      `odd.test lmtp:inet:127.0.0.1:${odd.port}`,
      `guarded.test lmtp:inet:localhost:${guarded.port}`,
      '* lmtp:MAILSTORE',
    ].join('\n'),
    parameters: {
      notify_classes: 'data, policy, protocol, resource, software',
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: `inline:{ localhost=relay:${testSecrets.password} }`,
      lmtp_sasl_security_options: 'noanonymous',
      inet_protocols: 'ipv4',
      lmtp_host_lookup: 'native',
    },
  });
});
after(async () => {
  await stack?.close();
  await Promise.all([odd?.close(), guarded?.close()]);
});

async function awaitNotice(about: Notice['class']): Promise<Notice> {
  const isIt = ({ message }: { readonly message: unknown }) => (message as Notice).class === about;
  const { message, attributes } = await stack.notices.waitFor(isIt, patience.within);
  assert.equal(attributes['class'], about);
  return parseNotice(message);
}

test('a server out of step is reported once, with the dialogue, however much mail there is for it', async () => {
  for (const id of ['odd-1', 'odd-2', 'odd-3']) await submitMail(stack, { id, recipients: ['bob@odd.test'] });
  for (const id of ['odd-1', 'odd-2', 'odd-3']) await awaitLines(stack, id, 1);
  const notice = await awaitNotice('protocol');
  assert.equal(notice.destination, `inet:[127.0.0.1]:${odd.port}`);
  assert.ok(notice.transcript.includes('In:  250 2.0.0 stored already'), notice.transcript.join('\n'));
  const told = stack.notices.items.filter(({ message }) => (message as Notice).class === 'protocol');
  assert.equal(told.length, 1);
});

test('a refused AUTH is reported, without the password', async () => {
  await submitMail(stack, { id: 'guarded', recipients: ['bob@guarded.test'] });
  const [line] = await awaitLines(stack, 'guarded', 1);
  assert.partialDeepStrictEqual(line, { status: 'deferred', dsn: '4.7.8' });
  const notice = await awaitNotice('policy');
  assert.ok(notice.transcript.includes('Out: AUTH PLAIN <hidden>'), notice.transcript.join('\n'));
});
