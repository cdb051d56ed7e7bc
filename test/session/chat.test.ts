import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Envelope } from '../../functions/lmtp/commands.ts';
import { type Answer, Interrupted } from '../../functions/lmtp/dialogue.ts';
import { probe, quit } from '../../functions/lmtp/rset-and-quit.ts';
import { transaction } from '../../functions/lmtp/transaction.ts';
import type { WireContent } from '../../functions/session/chat.ts';
import type { TimedStage, TimeLimits } from '../../functions/session/limit.ts';
import { openSession } from '../../functions/session/opening.ts';
import type { Session } from '../../functions/session/session.ts';
import { ConnectError, type Endpoint } from '../../functions/session/transport.ts';
import { systemClock } from '../../functions/time/clock.ts';
import { startBlackHole } from '../support/black-hole.ts';
import { freePort } from '../support/free-port.ts';
import { startLmtpSink } from '../support/lmtp-sink.ts';
import { startRawServer } from '../support/raw-server.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { deadlineIn, limitsWith } from '../support/time-limits.ts';
import { waitUntil } from '../support/wait-until.ts';

const envelope: Envelope = { sender: 'alice@x', recipients: [{ address: 'a@x' }, { address: 'b@x' }], smtputf8: false };

/** Content of so many octets in lines of 64, generated on request; `made` counts. */
function contentOf(octets: number): WireContent & { made: number } {
  const chunk = Buffer.from(`${'x'.repeat(62)}\r\n`.repeat(1024));
  return {
    made: 0,
    admit: async () => {},
    mayGoOn: () => true,
    async *chunks() {
      while (this.made < octets) {
        this.made += chunk.length;
        yield chunk;
      }
    },
  };
}

async function open(port: number, limits: TimeLimits = limitsWith(), looksForStrays = true): Promise<Session> {
  const peer = { host: 'mail.example', endpoint: { kind: 'inet', address: '127.0.0.1', port } } as const;
  const opened = await openSession(peer, {
    chat: { limits },
    introduction: { name: 'client.example' },
    clock: systemClock,
    looksForStrays,
  });
  assert.ok(opened.kind === 'ready', 'the server refuses to talk');
  return opened.session;
}

/** One transaction; returns answers as `dot 250` or `timeout at dot in doubt`. */
async function transact(session: Session, limits: TimeLimits, content: WireContent = contentOf(100)) {
  const outcome = await session.chat(transaction(envelope, session.capabilities), { limits, content });
  return { ...outcome, short: outcome.answers.map(short) };
}

function short(answer: Answer): string {
  if (answer.kind === 'interrupted') return `${answer.reason} at ${answer.stage}${answer.inDoubt ? ' in doubt' : ''}`;
  if (answer.kind === 'unsettled') return `${answer.stage} ${answer.reply.code} ${answer.why}`;
  return answer.kind === 'reply' ? `${answer.stage} ${answer.reply.code}` : 'excess';
}

const isInterrupted = (stage: string, reason: string) => (error: unknown) =>
  error instanceof Interrupted && error.stage === stage && error.reason === reason;

describe('a connection that fails', () => {
  const peerAt = (endpoint: Endpoint) => ({ host: 'mail.example', endpoint });
  const connectTo = (endpoint: Endpoint, limits: TimeLimits) =>
    openSession(peerAt(endpoint), { chat: { limits }, introduction: { name: 'x' }, clock: systemClock });
  const fails = async (endpoint: Endpoint, limits: TimeLimits, message: string, isDeadline = false) =>
    await assert.rejects(connectTo(endpoint, limits), (error) => {
      assert.ok(error instanceof ConnectError, String(error));
      assert.deepEqual([error.message, error.isDeadline], [message, isDeadline]);
      return true;
    });
  test('because no server listens', async () => {
    const port = await freePort();
    await fails({ kind: 'inet', address: '127.0.0.1', port }, limitsWith(), 'Connection refused');
  });
  test('because the socket does not exist', async () => {
    await fails({ kind: 'unix', path: '/nonexistent/lmtp' }, limitsWith(), 'No such file or directory');
  });
  test('because of a connect time-out', async () => {
    await using hole = await startBlackHole();
    await fails(
      { kind: 'inet', address: '127.0.0.1', port: hole.port },
      limitsWith({ connect: 50 }),
      'Connection timed out',
    );
  });
  test('because of our own deadline', async () => {
    await using hole = await startBlackHole();
    const limits = limitsWith({ connect: 0 }, deadlineIn(50));
    await fails({ kind: 'inet', address: '127.0.0.1', port: hole.port }, limits, 'Connection timed out', true);
  });
});

describe('a server that falls silent', () => {
  const silent = (stage: TimedStage): ServerScript => {
    const reply = andThen('silence');
    if (stage === 'RCPT') return { rcpt: { 'b@x': reply } };
    if (stage === 'dot') return { final: { 'a@x': reply } };
    if (stage === 'next dot') return { final: { 'b@x': reply } };
    return { [stage.toLowerCase()]: reply };
  };
  const short_ = {
    greeting: 60,
    LHLO: 60,
    MAIL: 60,
    RCPT: 60,
    DATA: 60,
    dot: 60,
    'next dot': 60,
    RSET: 60,
    QUIT: 60,
  } as const;
  for (const stage of ['greeting', 'LHLO'] as const) {
    test(`at ${stage} is waited for no longer than its time-out`, async () => {
      await using server = await startScriptedServer(silent(stage));
      await assert.rejects(open(server.port, limitsWith({ [stage]: short_[stage] })), isInterrupted(stage, 'timeout'));
    });
  }
  for (const [stage, wanted] of [
    ['MAIL', ['timeout at MAIL', 'timeout at MAIL']],
    ['RCPT', ['timeout at RCPT', 'timeout at RCPT']],
    ['DATA', ['timeout at DATA', 'timeout at DATA']],
    ['dot', ['timeout at dot in doubt', 'timeout at dot in doubt']],
    ['next dot', ['dot 250', 'timeout at dot in doubt']],
  ] as const) {
    test(`at ${stage} is waited for no longer than its time-out`, async () => {
      await using server = await startScriptedServer(silent(stage));
      const session = await open(server.port);
      const { short: answers, retire } = await transact(session, limitsWith({ [stage]: short_[stage] }));
      session.drop();
      assert.deepEqual(answers, wanted);
      assert.equal(retire, 'interrupted');
    });
  }
  for (const [stage, dialogue] of [
    ['RSET', probe],
    ['QUIT', () => quit({ skipReply: false })],
  ] as const) {
    test(`at ${stage} is waited for no longer than its time-out`, async () => {
      await using server = await startScriptedServer(silent(stage));
      const session = await open(server.port);
      const chat = session.chat<unknown>(dialogue(), { limits: limitsWith({ [stage]: short_[stage] }) });
      await assert.rejects(chat, isInterrupted(stage, 'timeout'));
      session.drop();
    });
  }
  test('gets the whole time-out again with each line', async () => {
    const lines = ['250-one', '250-two', '250-three', '250 four'];
    await using server = await startRawServer((socket) => {
      socket.write('220 hi\r\n');
      socket.on('data', () => {
        for (const [index, line] of lines.entries()) setTimeout(() => socket.write(`${line}\r\n`), 120 * (index + 1));
      });
    });
    const session = await open(server.port, limitsWith({ LHLO: 300 }));
    assert.deepEqual(session.capabilities.keywords, ['TWO', 'THREE', 'FOUR']);
    session.drop();
  });
});

describe('our own deadline', () => {
  test("cuts a stage short, and is not the server's fault", async () => {
    await using server = await startScriptedServer({ final: { default: andThen('silence') } });
    const session = await open(server.port);
    const { short: answers } = await transact(session, limitsWith({}, deadlineIn(60)));
    session.drop();
    assert.deepEqual(answers, ['deadline at dot in doubt', 'deadline at dot in doubt']);
  });
  test('cuts a greeting short too', async () => {
    await using server = await startScriptedServer({ greeting: andThen('silence') });
    await assert.rejects(open(server.port, limitsWith({}, deadlineIn(60))), isInterrupted('greeting', 'deadline'));
  });
});

describe('a server that closes', () => {
  test('during a write, after its replies, is read to the end', async () => {
    await using server = await startScriptedServer({
      final: { 'a@x': '250 saved', 'b@x': andThen('close', '452 4.2.2 full') },
    });
    const session = await open(server.port);
    const { short: answers, retire } = await transact(session, limitsWith());
    session.drop();
    assert.deepEqual(answers, ['dot 250', 'dot 452']);
    // The session is over, and the replies received are final.
    assert.ok(retire === 'interrupted' || retire === 'closing (421)', retire);
  });
  test('in the middle of a line has not sent that line', async () => {
    await using server = await startScriptedServer({ final: { 'a@x': { ...andThen('close'), raw: '250 save' } } });
    const session = await open(server.port);
    const { short: answers } = await transact(session, limitsWith());
    session.drop();
    assert.deepEqual(answers, ['lost at dot in doubt', 'lost at dot in doubt']);
  });
  test('during a large content, after a refusal, defers all recipients with that refusal', async () => {
    await using server = await startScriptedServer({
      content: { ...andThen('reset'), raw: '552 5.3.4 too big\r\n', after_bytes: 100_000 },
    });
    const session = await open(server.port);
    const { short: answers, retire } = await transact(session, limitsWith(), contentOf(50_000_000));
    session.drop();
    assert.deepEqual(answers, ['content 552 early', 'content 552 early']);
    assert.ok(retire === 'interrupted' || retire === 'out of step', retire);
  });
  test('before the final dot gets none: no recipient is in doubt', async () => {
    const received: string[] = [];
    await using server = await startRawServer((socket) => {
      socket.write('220 hi\r\n');
      socket.on('data', (octets) => {
        received.push(octets.toString());
        if (octets.includes('LHLO')) socket.write('250 hi\r\n');
        else if (octets.includes('DATA')) socket.end('354 go ahead\r\n');
        else if (/MAIL|RCPT/.test(octets.toString())) socket.write('250 ok\r\n');
      });
    });
    const session = await open(server.port);
    const content = {
      ...contentOf(0),
      async *chunks() {
        yield Buffer.from('one line\r\n');
        await waitUntil('the end of the connection is seen', () => session.isDisturbed);
      },
    };
    const { short: answers } = await transact(session, limitsWith(), content);
    session.drop();
    assert.deepEqual(answers, ['lost at content', 'lost at content']);
    assert.ok(!received.join('').endsWith('\r\n.\r\n'));
  });
});

describe('content', () => {
  test("of 20 MB streams at the server's pace, with little of it buffered on our side", async (t) => {
    await using sink = await startLmtpSink();
    const session = await open(sink.port);
    let most = 0;
    const { write } = Socket.prototype;
    t.mock.method(Socket.prototype, 'write', function (this: Socket, ...args: Parameters<typeof write>) {
      const goesOn = write.apply(this, args);
      if (this.remotePort === sink.port) most = Math.max(most, this.writableLength);
      return goesOn;
    });
    const content = contentOf(20_000_000);
    const { short: answers } = await transact(session, limitsWith(), content);
    session.drop();
    assert.deepEqual(answers, ['dot 250', 'dot 250']);
    assert.equal(sink.contents[0]?.octets, content.made);
    // One chunk of the content, and what Node buffers before it reports a full buffer.
    assert.ok(most > 0 && most <= 2 * 65_536, `${most} octets waited`);
  });

  test('that a stalled server does not read times out, and its source is not drained', async () => {
    await using server = await startScriptedServer({ content: andThen('stall') });
    const session = await open(server.port);
    const content = contentOf(200_000_000);
    const { short: answers } = await transact(session, limitsWith({ content: 100 }), content);
    session.drop();
    assert.deepEqual(answers, ['timeout at content', 'timeout at content']);
    // The generated octets went into the buffers of the kernel, which are finite.
    assert.ok(content.made < 50_000_000, `${content.made} octets were made`);
  });

  test('that a server refuses without reading further ends the wait', async () => {
    await using server = await startScriptedServer({
      content: { ...andThen('stall'), raw: '552 5.3.4 too big\r\n', after_bytes: 1000 },
    });
    const session = await open(server.port);
    const { short: answers } = await transact(session, limitsWith({ content: 5000 }), contentOf(200_000_000));
    session.drop();
    assert.deepEqual(answers, ['content 552 early', 'content 552 early']);
  });

  test('that is cut off by our own deadline never ends with a dot', async () => {
    await using server = await startScriptedServer({ content: andThen('stall') });
    const session = await open(server.port);
    const { short: answers } = await transact(session, limitsWith({}, deadlineIn(150)), contentOf(200_000_000));
    session.drop();
    assert.deepEqual(answers, ['deadline at content', 'deadline at content']);
  });

  test('closes its source, however it ends', async () => {
    await using server = await startScriptedServer({ content: andThen('reset') });
    const session = await open(server.port);
    let isClosed = false;
    const content = {
      ...contentOf(0),
      async *chunks() {
        try {
          for (;;) yield Buffer.alloc(65_536, 'x\r\n');
        } finally {
          isClosed = true;
        }
      },
    };
    const { short: answers } = await transact(session, limitsWith(), content);
    session.drop();
    assert.deepEqual(answers, ['lost at content', 'lost at content']);
    assert.equal(isClosed, true);
  });
});

describe('a flood', () => {
  /** Sends the text again and again until the client closes; counts the octets. */
  async function flooding(first: string, text: string, most = Number.POSITIVE_INFINITY) {
    const poured = { octets: 0 };
    const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
    const server = await startRawServer((socket) => {
      socket.write(first);
      const pour = () => {
        let goesOn = true;
        while (goesOn && poured.octets < most && !socket.destroyed) {
          poured.octets += chunk.length;
          goesOn = socket.write(chunk);
        }
      };
      socket.on('drain', pour);
      pour();
    });
    return { ...server, poured };
  }
  test('of lines of one reply is an endless reply', async () => {
    await using server = await flooding('', '220-and another thing\r\n');
    await assert.rejects(open(server.port), isInterrupted('greeting', 'flood'));
  });
  test('of garbage is one, too', async () => {
    await using server = await flooding('', 'garbage\r\n');
    await assert.rejects(open(server.port), isInterrupted('greeting', 'flood'));
  });
  test('of one endless line is one, too', async () => {
    await using server = await flooding('', 'x');
    await assert.rejects(open(server.port), isInterrupted('greeting', 'flood'));
  });
  test('of an unexpected line, an octet at a time, is not awaited', { timeout: 60_000 }, async () => {
    await using server = await startRawServer((socket) => {
      socket.write('220 hi\r\n2');
      const dripping = setInterval(() => socket.write('2'), 100);
      socket.on('close', () => clearInterval(dripping));
    });
    await assert.rejects(open(server.port), /refuses to talk/);
  });
  test('of unexpected replies is not read without end', async () => {
    const most = 200_000_000;
    await using server = await flooding('220 hi\r\n250 hi\r\n', '250 2.0.0 ok\r\n', most);
    const session = await open(server.port, limitsWith(), false);
    let [before, looks] = [-1, 0];
    await waitUntil(
      'the server can send no more',
      () => {
        looks = server.poured.octets === before ? looks + 1 : 0;
        before = server.poured.octets;
        return looks === 5;
      },
      { every: 100, within: 20_000 },
    );
    assert.ok(server.poured.octets < most / 4, `${server.poured.octets} octets were taken in`);
    assert.equal(session.isDisturbed, true);
    session.drop();
  });
});

test('a transcript contains both sides, and no content', async () => {
  await using server = await startScriptedServer({ capabilities: ['PIPELINING'] });
  const session = await open(server.port);
  const lines: string[] = [];
  await session.chat(transaction(envelope, session.capabilities), {
    limits: limitsWith(),
    content: contentOf(1),
    transcript: (direction, line) => lines.push(`${direction}: ${line}`),
  });
  session.drop();
  assert.deepEqual(lines, [
    'C: MAIL FROM:<alice@x>',
    'C: RCPT TO:<a@x>',
    'C: RCPT TO:<b@x>',
    'C: DATA',
    'S: 250 2.1.0 sender ok',
    'S: 250 2.1.5 recipient ok',
    'S: 250 2.1.5 recipient ok',
    'S: 354 go ahead',
    'C: <content>',
    'C: .',
    'S: 250 2.0.0 delivered',
    'S: 250 2.0.0 delivered',
    'C: RSET',
    'S: 250 2.0.0 reset',
  ]);
});

test('a group of commands is sent in one piece', async () => {
  await using server = await startScriptedServer({ capabilities: ['PIPELINING'] });
  const session = await open(server.port);
  await transact(session, limitsWith());
  await session.quit({ limits: limitsWith() }, { skipReply: true });
  assert.equal(await server.settled(2000), true);
  assert.deepEqual(server.transcript()[0]?.commands_by_read, [
    ['LHLO client.example'],
    ['MAIL FROM:<alice@x>', 'RCPT TO:<a@x>', 'RCPT TO:<b@x>', 'DATA'],
    ['.'],
    ['RSET'],
    ['QUIT'],
  ]);
});
