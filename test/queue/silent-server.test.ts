/**
 * A server that falls silent, with the default time-outs and functions of a minute and of a quarter of an
 * hour. The dialogue uses a real connection; only the time that the functions wait is virtual.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { statusAsText } from '../../functions/command/status-text.ts';
import { assess } from '../../functions/operator/status.ts';
import { invocationDeadline } from '../../functions/session/limit.ts';
import { MemoryCorruptRequests } from '../support/memory-corrupt-requests.ts';
import { QueueWorld } from '../support/queue-world.ts';
import { startRawServer } from '../support/raw-server.ts';

const second = 1000;
const reserve = 5 * second;

/** One failure suspends the destination, so that a test needs one delivery only. */
const parameters = {
  lmtp_initial_destination_concurrency: '1',
  lmtp_destination_concurrency_failed_cohort_limit: '1',
};

/** What the client has sent so far, and how to answer it. */
interface Dialogue {
  readonly heard: string;
  say(line: string): void;
}

interface Scene extends AsyncDisposable {
  readonly world: QueueWorld;
  /** Waits until the client has sent something that matches. No time passes. */
  until(pattern: RegExp): Promise<Dialogue>;
  /** Advances the time by seconds. */
  pass(seconds: number): Promise<void>;
  /** Advances the time until the delivery is finished; resolves to the seconds that it took. */
  finish(): Promise<number>;
}

/** Begins to deliver one message to a silent server, in a function that may run for some seconds. */
async function begin(t: TestContext, functionTimeout: number): Promise<Scene> {
  let socket: Socket | undefined;
  let heard = '';
  const server = await startRawServer((accepted) => {
    socket = accepted;
    accepted.on('data', (octets) => {
      heard += octets.toString('latin1');
    });
  });
  const world = new QueueWorld({ destination: `inet:127.0.0.1:${server.port}`, parameters });
  world.submit({ recipients: ['bob@x'] });
  for (const message of [...world.messages]) await world.receive(message);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begun = world.clock.wall;
  const end = begun + functionTimeout * second;
  world.deadline = () => invocationDeadline(() => end - world.clock.wall, reserve);
  let isDone = false;
  const message = world.messages[0];
  assert.ok(message !== undefined);
  const worked = world.receive(message).finally(() => {
    isDone = true;
  });
  const pass = async (seconds: number) => {
    for (let n = 0; n < seconds && !isDone; n += 1) {
      world.clock.advance(second);
      t.mock.timers.tick(second);
      await turns();
    }
  };
  return {
    world,
    pass,
    async until(pattern) {
      while (socket === undefined || !pattern.test(heard)) await turns();
      const peer = socket;
      // The reply reaches the client, and its next wait begins, before any time passes.
      await turns(20);
      return { heard, say: (line) => void peer.write(`${line}\r\n`) };
    },
    async finish() {
      await pass(functionTimeout);
      await worked;
      return (world.clock.wall - begun) / second;
    },
    async [Symbol.asyncDispose]() {
      t.mock.timers.reset();
      await world.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function turns(count = 3): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The lines of `lambda-lmtp status` about suspended destinations and recipients in doubt. */
async function statusOf(world: QueueWorld): Promise<readonly string[]> {
  const services = { ...world.undisturbed().services, corruptRequests: new MemoryCorruptRequests() };
  const report = await assess({ lateAfter: 3600 * second }, services, {
    read: async () => ({ depths: [], unreachable: [] }),
  });
  return statusAsText(report, 3600 * second).filter((line) => /^(?:Suspended|In doubt):/.test(line));
}

/** Answers everything up to the final dot. */
async function acceptMail({ until }: Scene): Promise<void> {
  (await until(/^/)).say('220 mail.test LMTP');
  (await until(/^LHLO/m)).say('250 mail.test');
  (await until(/^MAIL/m)).say('250 2.1.0 ok');
  (await until(/^RCPT/m)).say('250 2.1.5 ok');
  (await until(/^DATA/m)).say('354 go on');
  await until(/\r\n\.\r\n$/);
}

/** Seconds that a function may run, and seconds of silence after which a server is abandoned. */
const functions = [
  { functionTimeout: 60, greeting: 55, dot: 55 },
  { functionTimeout: 900, greeting: 300, dot: 600 },
];

for (const { functionTimeout, greeting, dot } of functions) {
  describe(`with the default time-outs, in a function of ${functionTimeout} s`, () => {
    test('a server that accepts the connection and never greets is blamed and suspended, and status shows it', async (t) => {
      await using scene = await begin(t, functionTimeout);
      await scene.until(/^/);
      assert.equal(await scene.finish(), greeting);
      const text =
        /conversation with 127\.0\.0\.1\[127\.0\.0\.1\] timed out while receiving the initial server greeting/;
      assert.match(scene.world.lines[0]?.text ?? '', text);
      assert.partialDeepStrictEqual(scene.world.lines, [{ status: 'deferred', dsn: '4.4.2', attempt: 1 }]);
      const [suspended = '', ...others] = await statusOf(scene.world);
      assert.match(suspended, /^Suspended: .* after 1 failure in a row: 4\.4\.2 conversation with .* timed out/);
      assert.deepEqual(others, []);
    });

    test('a server that hangs at the dot leaves its recipient in doubt and is blamed', async (t) => {
      await using scene = await begin(t, functionTimeout);
      await acceptMail(scene);
      assert.equal(await scene.finish(), dot);
      assert.partialDeepStrictEqual(scene.world.lines, [{ status: 'deferred', dsn: '4.4.2', in_doubt: true }]);
      assert.match(scene.world.lines[0]?.text ?? '', /timed out while sending end of data/);
      const lines = await statusOf(scene.world);
      assert.deepEqual(
        lines.map((line) => line.split(':')[0]),
        ['In doubt', 'Suspended'],
      );
    });

    test('our own deadline after 5 s of silence blames no server', async (t) => {
      await using scene = await begin(t, functionTimeout);
      const { until, pass, world } = scene;
      const connected = await until(/^/);
      // The server pauses before each line of its greeting, and sends each before its time-out.
      for (let left = functionTimeout - reserve / second - 5; left > 0; left -= 250) {
        await pass(Math.min(left, 250));
        connected.say(left > 250 ? '220-mail.test' : '220 mail.test');
        await turns(20);
      }
      await until(/^LHLO/m);
      assert.equal(await scene.finish(), functionTimeout - reserve / second);
      assert.partialDeepStrictEqual(world.lines, [{ status: 'deferred', dsn: '4.4.2', attempt: 1 }]);
      assert.match(
        world.lines[0]?.text ?? '',
        /ran out of this invocation's time while performing the LHLO handshake$/,
      );
      assert.deepEqual(await statusOf(world), []);
      assert.equal(world.metrics.sum('DeadlineClamped'), 1);
    });
  });
}
