/**
 * Any disturbance at any call of the queue: mail comes to an end, no recipient is lost, and none gets the
 * mail twice without having been reported in doubt.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { doubtWords } from '../../functions/queue/items/doubt.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { quoteAddress } from '../../functions/smtp/path.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { type DisturbanceName, type DisturbedWorld, disturb, disturbanceNames } from '../support/disturbance.ts';
import { type MailStore, startMailStore } from '../support/mail-store.ts';
import { QueueWorld } from '../support/queue-world.ts';

let store: MailStore;

before(async () => {
  store = await startMailStore();
});
after(() => store?.[Symbol.asyncDispose]());

/** The required outcome of a recipient; `corrupt`: no report, its delivery is in the corrupt state. */
type Ending = 'sent' | 'bounced' | 'expired' | 'corrupt';

/** A story. */
interface Story {
  readonly parameters?: Readonly<Record<string, string>>;
  /** First word of the address (see mail-store.ts), and the required outcome. */
  readonly recipients: Readonly<Record<string, Ending>>;
  /** Whether the body is missing at the delivery. */
  readonly bodyVanishes?: boolean;
  /** Receives of a message in active before it goes to the dead letters. Default: unlimited. */
  readonly maxReceives?: number;
  /** Whether bodies are deleted when they are no longer needed. */
  readonly deletesBodies?: boolean;
  /** Whether one disturbance may not cost much time. */
  readonly isPrompt?: boolean;
  /** The disturbances to use; absent: all. */
  readonly disturbances?: readonly DisturbanceName[];
}

const stories: Readonly<Record<string, Story>> = {
  'a request of two deliveries, with every possible verdict': {
    // The second attempt is so late that only the sweep can start it.
    parameters: { lmtp_destination_recipient_limit: '2', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced', full: 'bounced', 'bad\n': 'bounced' },
    deletesBodies: true,
    isPrompt: true,
  },
  'the same, where every message received once goes through the dead letters': {
    parameters: { lmtp_destination_recipient_limit: '2', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced' },
    maxReceives: 1,
    isPrompt: true,
  },
  'a request without a usable recipient': {
    recipients: { 'bad\n': 'bounced', 'bad\u0000': 'bounced' },
    deletesBodies: true,
  },
  'a recipient that expires': {
    parameters: { maximal_queue_lifetime: '5000s', minimal_backoff_time: '1500s' },
    recipients: { bob: 'sent', never: 'expired' },
    // When hours pass, every recipient may expire.
    disturbances: disturbanceNames.filter((name) => !name.startsWith('hours') && !name.includes('other limits')),
  },
  'a recipient that may not come into doubt twice': {
    parameters: { in_doubt_limit: '1', maximal_queue_lifetime: '1d', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced' },
  },
  'a body that is missing at the delivery': {
    parameters: { lmtp_destination_recipient_limit: '1' },
    recipients: { bob: 'corrupt', carol: 'corrupt', 'bad\n': 'bounced' },
    bodyVanishes: true,
  },
};

interface Run extends DisturbedWorld {
  /** The calls that were disturbed. */
  readonly disturbed: string[];
}

let runs = 0;

/**
 * Plays a story with its planned disturbances, and checks its end; then lets hanging functions continue, and
 * checks again.
 */
async function play(story: Story, plan: ReadonlyMap<number, DisturbanceName>): Promise<Run> {
  const tag = runs++;
  const disturbed: string[] = [];
  const interfere = disturb(
    plan,
    () => run,
    ({ name }) => disturbed.push(name),
  );
  const { parameters = {}, bodyVanishes = false, recipients, maxReceives = Number.POSITIVE_INFINITY } = story;
  const { destination } = store;
  const { deletesBodies = false } = story;
  const world: QueueWorld = new QueueWorld({ destination, parameters, interfere, maxReceives, deletesBodies });
  const run: Run = { world, hanging: [], isOver: false, disturbed };
  world.bodies.vanish = bodyVanishes;
  try {
    world.submit({ recipients: Object.keys(recipients).map((word) => addressOf(word, tag)) });
    await inTime(toBothEnds(run, story, tag), longestPlay);
    return run;
  } catch (cause) {
    const happened = [...plan].map(([n, what]) => `${what} call ${n} (${disturbed.join(', ')})`);
    throw new Error(`${happened.join('; ')}: ${cause}\n${world.notes.join('\n')}`, { cause });
  } finally {
    await world.close();
  }
}

async function toBothEnds(run: Run, story: Story, tag: number): Promise<void> {
  const { world } = run;
  await world.runToEnd();
  checkEnd(world, story, tag);
  run.isOver = true;
  for (const release of run.hanging) release();
  await world.settled();
  await world.runToEnd();
  checkEnd(world, story, tag);
}

/** Real milliseconds that a play may take. */
const longestPlay = 60_000;

/** Waits for a promise, with a limit: the error names the plan of a hanging play. */
async function inTime(wait: Promise<void>, milliseconds: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.reject(new Error(`no end after ${milliseconds} ms`)), milliseconds);
  await Promise.race([wait, late.promise]).finally(() => clearTimeout(timer));
}

function addressOf(word: string, tag: number): string {
  return `${word}.${tag}@example.com`;
}

function checkEnd(world: QueueWorld, { recipients, bodyVanishes = false }: Story, tag: number): void {
  assert.deepEqual(world.messages, [], 'the queues are empty');
  assert.deepEqual(world.deletedTooSoon, [], 'every deleted body was no longer needed');
  const endings = world.ledger.items.flatMap((item) => endingsOf(item));
  assert.equal(endings.length, new Set(endings.map(([address]) => address)).size, 'each recipient is in one delivery');
  checkLines(world);
  const known = new Map(endings);
  const expected = Object.entries(recipients).map(([word, ending]) => {
    const address = addressOf(word, tag);
    const isSettled = ending === 'sent' || ending === 'bounced';
    if (isSettled && isGivenUpInDoubt(world, address)) return [address, 'expired'] as const;
    // A request that is not completely in the table when its body is deleted is itself corrupt: its notice
    // covers the rest.
    const isRest = bodyVanishes && !known.has(address) && isNamed(world, address);
    return [address, isRest ? 'corrupt' : ending] as const;
  });
  assert.deepEqual(new Map([...expected.filter(([, ending]) => ending === 'corrupt'), ...endings]), new Map(expected));
  for (const [address, ending] of expected) {
    checkDeliveries(world, address, ending);
    checkBounces(world, address, ending);
  }
}

/** Checks that the log has a line for each recipient and attempt, whatever happened to the worker. */
function checkLines(world: QueueWorld): void {
  const logged = new Set(world.lines.map(({ recipient, attempt }) => `${recipient} ${attempt}`));
  for (const [address, attempt] of attemptsIn(world)) {
    assert.ok(logged.has(`${quoteAddress(address)} ${attempt}`), `no line of attempt ${attempt} for ${address}`);
  }
}

/** Every attempt recorded in the table, for each recipient; 0: refused at admission. */
function attemptsIn({ ledger }: QueueWorld): readonly (readonly [string, number])[] {
  return ledger.items.flatMap(({ recipients }) =>
    recipients.flatMap(({ address, last }) => {
      if (last === undefined) return [];
      const first = Math.min(1, last.attempt);
      return Array.from({ length: last.attempt - first + 1 }, (_, n) => [address, first + n] as const);
    }),
  );
}

function endingsOf({ state, pending, claim, recipients }: DeliveryItem): [string, string | undefined][] {
  assert.ok(state === 'done' || state === 'corrupt', state);
  assert.deepEqual([pending, claim], [{}, undefined], 'all events are published, and there are no claims');
  return recipients.map(({ address, last }) => [
    address,
    last === undefined || last.status === 'deferred' ? state : last.status,
  ]);
}

function checkDeliveries(world: QueueWorld, address: string, ending: Ending): void {
  const saved = store.saved(address);
  const doubts = doubtsAbout(world, address);
  if (ending === 'sent') assert.ok(saved >= 1, `${address} was never delivered to`);
  else assert.ok(saved === 0 || (ending === 'expired' && doubts > 0), `${address} is ${ending}, and was delivered to`);
  assert.ok(saved <= 1 + doubts, `${address} was delivered to ${saved} times and named in doubt ${doubts} times`);
  assert.ok(isNamed(world, address) || ending !== 'corrupt', `${address} is corrupt, and no notice says so`);
}

/**
 * Whether a recipient expired because too many attempts ended in doubt: it may have the message, and the
 * report says so.
 */
function isGivenUpInDoubt(world: QueueWorld, address: string): boolean {
  const recipient = world.recipients().get(address);
  if (recipient?.last?.status !== 'expired') return false;
  const { last, doubt } = recipient;
  assert.ok((doubt?.attempts ?? 0) >= world.parameters.in_doubt_limit, `${address} was given up too soon`);
  const told = world.events.flatMap((event) => bounceOf(event).bouncedRecipients);
  const words = told.filter(({ emailAddress }) => emailAddress === address).map((one) => one.diagnosticCode);
  assert.ok(words.length > 0 && words.every((text) => text.includes(doubtWords)), `${address}: ${words}`);
  return last.inDoubt === true;
}

/** Whether a notice about something corrupt names an address. */
function isNamed({ notices }: QueueWorld, address: string): boolean {
  return notices.some(({ body }) => body.includes(JSON.stringify(address)));
}

/** How often a recipient was reported in doubt: by a sweep, or by the worker itself. */
function doubtsAbout({ lines, doubted }: QueueWorld, address: string): number {
  const bySweep = doubted.filter((name) => name === address).length;
  const isByWorker = ({ text, in_doubt, in_doubt_known }: DeliveryLine) =>
    in_doubt === true && in_doubt_known !== true && !text.startsWith('lost track');
  return bySweep + lines.filter((line) => line.recipient === address && isByWorker(line)).length;
}

function checkBounces(world: QueueWorld, address: string, ending: Ending): void {
  const events = new Map(world.events.map((event) => [event.lmtp.eventId, event]));
  const bounced = [...events.values()].flatMap((event) => bounceOf(event).bouncedRecipients);
  const told = bounced.filter(({ emailAddress }) => emailAddress === address).length;
  const isTold = ending === 'bounced' || ending === 'expired';
  assert.equal(told, isTold ? 1 : 0, `${address}: ${told} different bounces`);
}

/**
 * Milliseconds that one disturbance may cost: an expired lease, a sweep and a back-off. An hour would mean
 * that only the last resort of the sweep helped, which sends active messages again after that time.
 */
const longestDelay = 50 * 60_000;

/** Concurrent stories: they mostly wait for greetings. */
const together = 40;

async function playAll(story: Story, plans: readonly ReadonlyMap<number, DisturbanceName>[]): Promise<readonly Run[]> {
  const played: Run[] = [];
  for (let from = 0; from < plans.length; from += together) {
    played.push(...(await Promise.all(plans.slice(from, from + together).map((plan) => play(story, plan)))));
  }
  return played;
}

for (const [name, story] of Object.entries(stories)) {
  const possible = story.disturbances ?? disturbanceNames;

  describe(name, () => {
    let calls = 0;
    /** End, in milliseconds since 1970. */
    let ended = 0;

    test('ends without disturbances with one delivery and one report for each recipient', async () => {
      const { world } = await play(story, new Map());
      calls = world.calls;
      ended = world.clock.wall;
      assert.equal(world.lines.filter(({ in_doubt }) => in_doubt === true).length, 0);
      assert.equal(world.lines.filter(({ found }) => found === true).length, 0);
      const said = world.lines.map(({ recipient, attempt, status }) => `${recipient} ${attempt} ${status}`);
      assert.equal(new Set(said).size, said.length, 'each line is written once');
      const expired = world.lines.filter(({ status }) => status === 'expired').length;
      assert.equal(said.length, attemptsIn(world).length + expired);
      const ids = world.events.map(({ lmtp }) => lmtp.eventId);
      assert.equal(new Set(ids).size, ids.length, 'each event is published once');
      assert.equal(world.bodies.discarded.length, story.deletesBodies === true ? 1 : 0);
    });

    for (const disturbance of possible) {
      test(`ends as required with ${disturbance} at each call`, async (t) => {
        const plans = Array.from({ length: calls }, (_, n) => new Map([[n, disturbance]]));
        const played = await playAll(story, plans);
        if (story.isPrompt === true && !disturbance.startsWith('hours')) {
          for (const { world } of played) assert.ok(world.clock.wall < ended + longestDelay, 'it comes late');
        }
        assert.ok(played.length > 0 && played.every(({ disturbed }) => disturbed.length === 1));
        t.diagnostic(`${plans.length} points`);
      });
    }

    test('ends as required with any three disturbances', async () => {
      const point = fc.tuple(fc.nat(40), fc.constantFrom(...possible));
      const plans = fc.array(fc.array(point, { minLength: 3, maxLength: 3 }), {
        minLength: together,
        maxLength: together,
      });
      await fc.assert(
        fc.asyncProperty(plans, async (plan) => {
          await playAll(
            story,
            plan.map((points) => new Map(points)),
          );
        }),
        { numRuns: 3, endOnFailure: true },
      );
    });
  });
}
