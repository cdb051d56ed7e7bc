/**
 * Openings over real connections: unread input at a sync point is detected, in whatever packet it arrives,
 * also under TLS.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { OpeningTerms } from '../../functions/lmtp/opening.ts';
import { type OpenOptions, openSession } from '../../functions/session/opening.ts';
import { systemClock } from '../../functions/time/clock.ts';
import type { Secured, TlsJudgement } from '../../functions/tls/secured.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';
import { type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { limitsWith } from '../support/time-limits.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

const login: NonNullable<OpeningTerms['login']> = {
  credentials: { user: 'joe', secret: 'a word', kind: 'password' },
  required: () => new Set(),
  insistsOnProof: false,
  allows: () => true,
  isRequired: true,
  names: { host: 'mail.example', port: 24, ownName: 'client.example' },
};

const judge = ({ protocol, cipher }: Secured): TlsJudgement => ({
  facts: { protocol, cipher, level: 'encrypt', matched: false, trusted: false },
});
const tls: NonNullable<OpenOptions['tls']> = {
  isWrapped: false,
  isRequired: true,
  mustMatch: false,
  request: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
  judge,
};

/** How an opening ended, and what the server saw of it. */
async function open(script: ServerScript, terms: Partial<Pick<OpenOptions, 'tls' | 'login' | 'looksForStrays'>> = {}) {
  await using server = await startScriptedServer(script);
  const peer = { host: 'mail.example', endpoint: { kind: 'inet', address: '127.0.0.1', port: server.port } } as const;
  const options = { chat: { limits: limitsWith() }, introduction: { name: 'client.example' }, clock: systemClock };
  const opened = await openSession(peer, { ...options, ...terms });
  if (opened.kind === 'ready') await opened.session.quit(options.chat, { skipReply: true });
  await server.settled(5000);
  const said = 'reply' in opened ? `${opened.kind}: ${opened.reply.text}` : opened.kind;
  const verbs = server.transcript()[0]?.commands.map((command) => command.split(' ')[0]) ?? [];
  return { said, verbs, opened };
}

const offer = { capabilities: ['AUTH PLAIN'] };
const secured = () => ({ tls: { certificate: certificates.right, ...offer } });
const twice = (line: string, other = line) => ({ raw: `${line}\r\n${other}\r\n` });
const inPlainText = '250-lmtp.test\r\n250 STARTTLS\r\n';

describe('a reply that arrives twice in one packet ends the opening with QUIT:', () => {
  test('the greeting', async () => {
    const { said, verbs } = await open({ greeting: twice('220 lmtp.test') });
    assert.deepEqual([said, verbs], ['out of step: 220 lmtp.test', ['QUIT']]);
  });

  test('the reply to LHLO', async () => {
    const { said, verbs } = await open({ lhlo: twice('250 lmtp.test') });
    assert.deepEqual([said, verbs], ['out of step: 250 lmtp.test', ['LHLO', 'QUIT']]);
  });

  test('the reply to STARTTLS', async () => {
    const injected = { ...secured().tls, injected: '220 go\r\n' };
    const { said, verbs } = await open({ tls: injected }, { tls });
    assert.equal(said, 'out of step: 220 go');
    // The server reads the next octets as a handshake.
    assert.deepEqual(verbs, ['LHLO', 'STARTTLS']);
  });

  test('the reply to LHLO under TLS', async () => {
    const script = { ...secured(), lhlo: { each: [{ raw: inPlainText }, twice('250 lmtp.test')] } };
    const { said, verbs } = await open(script, { tls });
    assert.deepEqual([said, verbs], ['out of step: 250 lmtp.test', ['LHLO', 'STARTTLS', '<TLS>', 'LHLO', 'QUIT']]);
  });

  test('the reply to AUTH, also under TLS', async () => {
    const script = { ...offer, auth: [twice('235 ok')] };
    const { said, verbs } = await open(script, { login });
    assert.deepEqual([said, verbs], ['out of step: 235 ok', ['LHLO', 'AUTH', 'QUIT']]);
    assert.equal((await open({ ...secured(), auth: script.auth }, { tls, login })).said, 'out of step: 235 ok');
  });
});

test('an incomplete line after a reply is out of step, too', async () => {
  const { said } = await open({ greeting: { raw: '220 lmtp.test\r\n250' } });
  assert.equal(said, 'out of step: (an incomplete line)');
});

describe('a 421 in the packet of a reply closes the session and is not out of step:', () => {
  const bye = '421 4.3.2 restarting';
  const scripts: Readonly<Record<string, ServerScript>> = {
    'behind the greeting': { greeting: twice('220 lmtp.test', bye) },
    'behind LHLO': { lhlo: twice('250 lmtp.test', bye) },
    'behind AUTH': { ...offer, auth: [twice('235 ok', bye)] },
  };
  for (const [where, script] of Object.entries(scripts)) {
    test(where, async () => {
      assert.equal((await open(script, where === 'behind AUTH' ? { login } : {})).said, `goodbye: ${bye}`);
    });
  }
});

describe('an opening in step', () => {
  test('is ready, with STARTTLS and AUTH', async () => {
    const { opened, verbs } = await open({ ...secured(), auth: ['235 ok'] }, { tls, login });
    assert.ok(opened.kind === 'ready');
    assert.equal(opened.session.security.tls?.protocol, 'TLSv1.3');
    assert.equal(opened.session.security.mechanism, 'PLAIN');
    assert.deepEqual(verbs, ['LHLO', 'STARTTLS', '<TLS>', 'LHLO', 'AUTH', 'QUIT']);
  });

  test('is ready with TLS from the first octet', async () => {
    const script = { tls: { ...secured().tls, begins: 'implicit' } } as const;
    const { opened, verbs } = await open(script, { tls: { ...tls, isWrapped: true } });
    assert.ok(opened.kind === 'ready');
    assert.deepEqual(verbs, ['<TLS>', 'LHLO', 'QUIT']);
  });

  test('with a failed handshake sends nothing more', async () => {
    const script = { tls: { ...secured().tls, handshake: 'garbage' } } as const;
    const { said, verbs } = await open(script, { tls });
    assert.equal(said, 'TLS failed');
    assert.ok(!verbs.includes('QUIT'));
  });
});

test('of a strict Postfix looks for no unread input, and injected input before a handshake is discarded', async () => {
  const asPostfix = { looksForStrays: false };
  assert.equal((await open({ lhlo: twice('250 lmtp.test') }, asPostfix)).said, 'ready');
  const injected = { tls: { ...secured().tls, injected: '250 SIZE 10\r\n' } };
  const { opened } = await open(injected, { tls, ...asPostfix });
  assert.ok(opened.kind === 'ready');
  assert.deepEqual(opened.session.capabilities.keywords, ['AUTH']);
});
