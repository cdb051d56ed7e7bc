/**
 * Servers that send anything at all: the agent never throws, never exceeds its deadline, and never loses a
 * recipient.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliverTo, testAgent } from '../support/delivery-agent.ts';
import { startRawServer } from '../support/raw-server.ts';
import { deadlineIn } from '../support/time-limits.ts';

/** What the server does at a new connection, and at each arrival of data. */
type Reaction = { readonly say: Uint8Array } | 'close' | 'reset' | 'nothing';

function play(socket: Socket, reactions: readonly Reaction[]): void {
  const left = reactions.values();
  const react = () => {
    const { value, done } = left.next();
    if (done || value === 'close') socket.end();
    else if (value === 'reset') socket.resetAndDestroy();
    else if (value !== 'nothing') socket.write(value.say);
  };
  socket.on('data', react);
  react();
}

const codes = [220, 250, 250, 250, 354, 354, 421, 450, 452, 503, 550, 99, 600];
const reply = fc
  .tuple(
    fc.constantFrom(...codes),
    fc.constantFrom(' ', '-', ''),
    fc.constantFrom('2.1.5 ok', '4.2.2 full', '5.1.1 no', 'PIPELINING', ''),
  )
  .map(([code, separator, text]) => `${code}${separator}${text}\r\n`);
const said = fc.oneof(
  { weight: 6, arbitrary: fc.array(reply, { minLength: 1, maxLength: 5 }).map((lines) => Buffer.from(lines.join(''))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);
const reaction = fc.oneof(
  { weight: 8, arbitrary: said.map((say): Reaction => ({ say })) },
  { weight: 1, arbitrary: fc.constantFrom<Reaction>('close', 'reset', 'nothing') },
);
const opening: readonly Reaction[] = [
  { say: Buffer.from('220 x\r\n') },
  { say: Buffer.from('250-x\r\n250-PIPELINING\r\n250 8BITMIME\r\n') },
];

test('whatever a server says, each recipient has one verdict, in time', async () => {
  let reactions: readonly Reaction[] = [];
  await using server = await startRawServer((socket) => play(socket, reactions));
  const agent = testAgent({ lmtp_connection_cache_size: '2' });
  await fc.assert(
    fc.asyncProperty(fc.array(reaction, { maxLength: 8 }), fc.integer({ min: 0, max: 2 }), async (rest, opened) => {
      reactions = [...opening.slice(0, opened), ...rest];
      const recipients = ['a@x', 'b@x', 'A@x', 'c@x'];
      const { verdicts } = await deliverTo(`[127.0.0.1]:${server.port}`, recipients, agent, {
        deadline: deadlineIn(50),
      });
      assert.equal(verdicts.length, recipients.length);
      for (const { status, dsn } of verdicts) {
        assert.equal({ sent: '2', deferred: '4', bounced: '5' }[status], dsn[0]);
      }
    }),
    { numRuns: 300 },
  );
});
