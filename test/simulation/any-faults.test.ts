/**
 * Random faults in any order: servers fail and recover, containers die, calls fail, messages of the queues
 * are lost, doubled and late. No mail is lost, and none is doubled without having been reported in doubt.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { releaseMessage } from '../../functions/operator/operator-change.ts';
import { doubtWords } from '../../functions/queue/items/doubt.ts';
import { undeliverableHold } from '../../functions/queue/settlement/dead-letters.ts';
import { type Audit, audit } from './audit.ts';
import { printFigures } from './print-figures.ts';
import type { Condition, MailboxReply } from './simulated-server.ts';
import { SimulatedStack } from './simulated-stack.ts';

const minute = 60_000;
const hour = 60 * minute;

/** How long each condition of a server lasts. */
const spell = 20 * minute;

const hosts = ['a.test', 'b.test'] as const;

const mailboxes: Readonly<Record<string, MailboxReply>> = {
  full: { at: 'content', status: '4.2.2', text: '452 4.2.2 Mailbox full' },
  moved: { at: 'RCPT', status: '4.2.1', text: '450 4.2.1 Mailbox is being moved' },
  unknown: { at: 'RCPT', status: '5.1.1', text: '550 5.1.1 User unknown' },
  stuck: { at: 'never', status: '4.4.2', text: '' },
  well: { at: 'RCPT', status: '2.1.5', text: '' },
};

const seldom = fc.constantFrom(0, 0.002, 0.02, 0.08);

const server = fc.record({
  spells: fc.array(fc.constantFrom<Condition>('up', 'up', 'dead', 'hanging', 'refusing', 'busy'), { maxLength: 12 }),
  takes: fc.constantFrom<readonly [number, number]>([50, 200], [2000, 9000], [30_000, 90_000]),
  losesAnswers: fc.constantFrom(0, 0, 0.1),
});

const scenario = fc.record({
  seed: fc.integer(),
  servers: fc.tuple(server, server),
  messages: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 2 * hour }),
      recipients: fc.array(
        fc.record({
          kind: fc.constantFrom('well', 'well', 'well', 'full', 'moved', 'unknown', 'stuck'),
          host: fc.constantFrom(...hosts),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      hasNullSender: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  parameters: fc.record({
    lmtp_destination_recipient_limit: fc.constantFrom('0', '1', '2'),
    lmtp_destination_concurrency_limit: fc.constantFrom('1', '2', '5', '20'),
    qmgr_message_active_limit: fc.constantFrom('0', '3', '20'),
    in_doubt_action: fc.constantFrom('retry', 'hold'),
    in_doubt_limit: fc.constantFrom('0', '1', '3'),
    maximal_queue_lifetime: fc.constantFrom('2h', '5d'),
    delay_warning_time: fc.constantFrom('0', '1h'),
  }),
  faults: fc.record({
    queues: fc.record({ loses: seldom, doubles: seldom, reorders: seldom }),
    deaths: seldom,
    failures: seldom,
    lostAnswers: seldom,
  }),
  /** How often the table refuses a call. */
  throttled: fc.constantFrom(0, 0, 0.02, 0.3),
  callTime: fc.constantFrom<readonly [number, number]>([0, 0], [1, 50], [100, 3000]),
  /** How often an invocation of lmtp fails, and how often it may before the dead letters. */
  crashes: fc.constantFrom(0, 0, 0.05, 0.4),
  maxReceives: fc.constantFrom(1, 3, 8),
  containers: fc.record({ qmgr: fc.integer({ min: 1, max: 4 }), lmtp: fc.integer({ min: 1, max: 6 }) }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

async function play({
  servers,
  messages,
  crashes,
  throttled,
  faults,
  ...options
}: Scenario): Promise<{ stack: SimulatedStack; result: Audit }> {
  let isFoul = true;
  const stack: SimulatedStack = new SimulatedStack({
    ...options,
    faults: { ...faults, throttled: () => throttled },
    deletesBodies: true,
    isPoison: () => isFoul && stack.random.chance(crashes),
    servers: Object.fromEntries(
      servers.map(({ spells, takes, losesAnswers }, index) => [
        hosts[index],
        {
          takes,
          losesAnswers,
          condition: (at: number) => spells[Math.floor((at - stack.time.start) / spell)] ?? 'up',
          // All servers are healthy after a while.
          mailbox: (address: string, at: number) => {
            const reply = mailboxes[/^[a-z]+/.exec(address)?.[0] ?? ''];
            const isLasting = reply?.status.startsWith('5') === true;
            return reply?.status === '2.1.5' || (!isLasting && at > stack.time.start + 6 * hour) ? undefined : reply;
          },
        },
      ]),
    ),
  });
  for (const [n, { after, recipients, hasNullSender }] of messages.entries()) {
    const addresses = recipients.map(({ kind, host }, index) => `${kind}${n}.${index}@${host}`);
    stack.submit({ id: `m${n}`, recipients: addresses, ...(hasNullSender ? { sender: '' } : {}) }, after);
  }
  await stack.run(8 * hour);
  stack.endFaults();
  isFoul = false;
  releaseHeld(stack);
  await stack.time.run(stack.time.wall + minute, () => false);
  // What was on its way to the dead letters when the faults ended is held only now.
  await stack.time.run(stack.time.wall + hour, () => false);
  releaseHeld(stack);
  await stack.time.run(stack.time.wall + minute, () => false);
  await stack.run(10 * 24 * hour);
  return { stack, result: audit(stack) };
}

/** An operator has corrected what made the functions fail. */
function releaseHeld(stack: SimulatedStack): void {
  const order = { by: 'operator', why: 'it is mended', hold: undeliverableHold };
  for (const { id, delivery, state, holds = [] } of stack.ledger.items) {
    if (state !== 'held' || !holds.some((hold) => hold.id === undeliverableHold)) continue;
    tally.stranded += 1;
    stack.later(0, async (services) => void (await releaseMessage({ id, delivery }, order, services)));
  }
}

const tally = {
  'bodies deleted': 0,
  messages: 0,
  stranded: 0,
  'given up in doubt': 0,
  'dead letters': 0,
  runs: 0,
  recipients: 0,
  doubled: 0,
  doubted: 0,
  calls: 0,
};

/**
 * No recipient is sent content more often than in_doubt_limit allows, and a recipient that expires in doubt
 * is reported as such.
 */
function checkDoubtLimit({ in_doubt_action, in_doubt_limit }: Scenario['parameters'], stack: SimulatedStack): void {
  const taken = [...stack.servers.values()].flatMap((server) => [...server.taken]);
  const most =
    in_doubt_action === 'retry' && in_doubt_limit !== '0' ? Number(in_doubt_limit) : Number.POSITIVE_INFINITY;
  for (const [address, { count }] of taken) assert.ok(count <= most, `${address} was sent to ${count} times`);
  const have = new Set(taken.map(([address]) => address));
  for (const { event } of stack.figures.events.values()) {
    if (event.notificationType !== 'Bounce') continue;
    for (const { emailAddress, diagnosticCode } of event.bounce.bouncedRecipients) {
      if (!have.has(emailAddress)) continue;
      assert.ok(diagnosticCode.includes(doubtWords), `${emailAddress} has it: ${diagnosticCode}`);
      tally['given up in doubt'] += 1;
    }
  }
}

function check({ parameters, faults, messages }: Scenario, stack: SimulatedStack, result: Audit): void {
  const { ends, lost, doubled, doubledUnnamed } = result;
  assert.deepEqual(lost, [], 'lost');
  assert.deepEqual(doubledUnnamed, [], 'doubled, and not reported in doubt');
  assert.equal(ends.corrupt ?? 0, 0);
  assert.deepEqual(stack.deletedTooSoon, [], 'deleted, and needed');
  if (parameters.in_doubt_action === 'retry') assert.equal(ends.held ?? 0, 0);
  checkDoubtLimit(parameters, stack);
  const limit = Number(parameters.lmtp_destination_concurrency_limit);
  if (parameters.lmtp_destination_recipient_limit !== '1') {
    for (const { connections } of stack.servers.values()) assert.ok(connections.mostAtOnce() <= limit, 'concurrency');
  }
  const warnings = [...stack.figures.events.values()].filter(({ event }) => event.eventType === 'DeliveryDelay');
  assert.ok(warnings.length === 0 || parameters.delay_warning_time !== '0');
  const warned = Map.groupBy(warnings, ({ event: { lmtp } }) => `${lmtp.id}/${lmtp.delivery}`);
  for (const [delivery, events] of warned) {
    const attempts = new Set(events.map(({ event: { lmtp } }) => lmtp.attempt));
    assert.equal(attempts.size, 1, `${delivery} is warned of once`);
  }
  assert.ok(
    warnings.every(({ event }) => event.mail.source !== ''),
    'the null sender is never warned',
  );
  const isCalm = Object.values({ ...faults, ...faults.queues, queues: 0 }).every((often) => often === 0);
  if (isCalm) assert.ok([...stack.figures.events.values()].every(({ times }) => times === 1));
  tally.runs += 1;
  tally['bodies deleted'] += stack.deletedBodies.length;
  tally.messages += messages.length;
  const isOver = (ends.held ?? 0) === 0;
  if (isCalm && isOver) assert.equal(stack.deletedBodies.length, messages.length, 'each body is deleted in the end');
  tally.recipients += messages.flatMap(({ recipients }) => recipients).length;
  tally.doubled += doubled.length;
  tally.doubted += stack.figures.doubted.size;
  tally.calls += stack.calls;
  tally['dead letters'] += stack.figures.notes.get('warn: dead letter of active taken up again') ?? 0;
}

test('no mail is lost, and none is doubled without having been reported in doubt', async (t) => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { stack, result } = await play(given);
      check(given, stack, result);
    }),
    { numRuns: 60, endOnFailure: false },
  );
  printFigures(t, {
    runs: tally.runs,
    recipients: tally.recipients,
    calls: tally.calls,
    'dead letters': tally['dead letters'],
    stranded: tally.stranded,
    messages: tally.messages,
    'bodies deleted': tally['bodies deleted'],
    doubted: tally.doubted,
    'given up in doubt': tally['given up in doubt'],
    doubled: tally.doubled,
    'not named in doubt': 0,
    lost: 0,
  });
});
