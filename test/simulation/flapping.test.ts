/**
 * Destinations that are neither healthy nor dead: one that fails and recovers repeatedly, and mailboxes that
 * refuse mail at a healthy server.
 *
 * The simulations run before the first test begins: Node's test runner watches every promise of a test, and
 * here are millions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit } from './audit.ts';
import { day, hour } from './outage.ts';
import { printFigures } from './print-figures.ts';
import type { MailboxReply } from './simulated-server.ts';
import { SimulatedStack, type SimulationOptions } from './simulated-stack.ts';

const minute = 60_000;
const limit = 20;
const host = 'mail.test';
const messages = 3000;
const suspended = 'warn: destination suspended';

/** Mail over two hours. */
async function deliver(options: Omit<SimulationOptions, 'seed'>, mailbox = (n: number) => `user${n}`) {
  const stack = new SimulatedStack({ seed: 1, ...options });
  for (let n = 0; n < messages; n += 1) {
    stack.submit({ id: `m${n}`, recipients: [`${mailbox(n)}@${host}`] }, Math.floor((n / messages) * 2 * hour));
  }
  await stack.run(2 * day);
  return { stack, ...audit(stack), connections: stack.server(host).connections };
}

/** Ten minutes up, five minutes dead, and so on for three hours. */
const isUp = (at: number) => at % (15 * minute) < 10 * minute;
const flapping = await deliver({ servers: { [host]: { condition: (at) => (isUp(at) ? 'up' : 'dead') } } });

const mailboxes: Readonly<Record<string, MailboxReply>> = {
  full: { at: 'content', status: '4.2.2', text: '452 4.2.2 Mailbox full (in reply to end of DATA command)' },
  moved: { at: 'RCPT', status: '4.2.1', text: '450 4.2.1 Mailbox is being moved (in reply to RCPT TO command)' },
  unknown: { at: 'RCPT', status: '5.1.1', text: '550 5.1.1 User unknown (in reply to RCPT TO command)' },
  stuck: { at: 'never', status: '4.4.2', text: '' },
};
const kindOf = (address: string) => /^[a-z]+/.exec(address)?.[0] ?? '';
const start = Date.UTC(2026, 10, 22, 8);

/** Of six messages one is for a mailbox of each kind; all of them accept mail after four hours. */
const troubled = await deliver(
  {
    servers: {
      [host]: { mailbox: (address, at) => (at < start + 4 * hour ? mailboxes[kindOf(address)] : undefined) },
    },
  },
  (n) => `${['full', 'moved', 'unknown', 'well', 'well', 'well'][n % 6]}${n}`,
);

const stuck = await deliver(
  {
    parameters: { lmtp_destination_recipient_limit: '1', recipient_delimiter: '+' },
    servers: {
      [host]: { mailbox: (address, at) => (at < start + 4 * hour ? mailboxes[kindOf(address)] : undefined) },
    },
  },
  (n) => (n % 4 === 0 ? `stuck+${n}` : `well${n % 60}+${n}`),
);

test('a destination that fails and recovers repeatedly gets all of its mail, each message once', (t) => {
  const { stack, ends, lost, doubled, connections } = flapping;
  printFigures(t, {
    attempts: stack.figures.attempts.total,
    connections: connections.count(),
    'connect time-outs': stack.server(host).connectTimeouts,
    'most at once': `${connections.mostAtOnce()} of ${limit}`,
    'times suspended': stack.figures.notes.get(suspended) ?? 0,
    ...ends,
    lost: lost.length,
    doubled: doubled.length,
  });
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
  assert.ok(connections.mostAtOnce() <= limit);
  // The deliveries in progress when it fails, those until its window has shrunk, and a probe in every five
  // minutes.
  assert.ok(stack.server(host).connectTimeouts <= 12 * (limit + 13 + 2), `${stack.server(host).connectTimeouts}`);
});

test('mailboxes that refuse mail do not suspend their server, and healthy mailboxes do not wait', (t) => {
  const { stack, ends, lost, doubled } = troubled;
  printFigures(t, { attempts: stack.figures.attempts.total, ...ends, lost: lost.length, doubled: doubled.length });
  assert.deepEqual([ends, lost, doubled], [{ sent: (messages * 5) / 6, bounced: messages / 6 }, [], []]);
  assert.equal(stack.figures.notes.get(suspended), undefined);
  assert.equal(stack.figures.suspended.total, 0);
  const slowest = slowestOf(stack, 'well');
  assert.ok(slowest < 2000, `${slowest} ms`);
});

test('with one recipient in each delivery, a mailbox at which the server falls silent is suspended alone', (t) => {
  const { stack, ends, lost, doubled, connections } = stuck;
  const slowest = slowestOf(stack, 'well');
  printFigures(t, {
    attempts: stack.figures.attempts.total,
    'of those without a connection': stack.figures.suspended.total,
    connections: connections.count(),
    'slowest of the others': `${slowest} ms`,
    ...ends,
  });
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
  assert.ok((stack.figures.notes.get(suspended) ?? 0) > 0);
  assert.ok(slowest < 2000, `${slowest} ms`);
});

/** Milliseconds from arrival to delivery. */
function slowestOf(stack: SimulatedStack, kind: string): number {
  const taken = stack.server(host).taken;
  const ages = stack.ledger.items.map(({ arrival, recipients }) => {
    const address = recipients[0]?.address ?? '';
    return kindOf(address) === kind ? (taken.get(address)?.at ?? Number.POSITIVE_INFINITY) - arrival : 0;
  });
  return Math.max(...ages);
}
