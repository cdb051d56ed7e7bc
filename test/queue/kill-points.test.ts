/**
 * Whatever happens at whichever call that the queue makes: mail comes to an end, nobody is forgotten, and nobody is delivered
 * to twice without having been named in doubt.
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

/** How it must end for a recipient; `corrupt`: nothing is said, its delivery lies with the corrupt ones. */
type Ending = 'sent' | 'bounced' | 'expired' | 'corrupt';

/** What a story is about. */
interface Story {
  readonly parameters?: Readonly<Record<string, string>>;
  /** First word of the address (see mail-store.ts), and how it must end. */
  readonly recipients: Readonly<Record<string, Ending>>;
  /** Whether the body is gone when it is to be delivered. */
  readonly bodyVanishes?: boolean;
  /** How often active gives a message out before it goes to the dead letters. Default: as often as there is need. */
  readonly maxReceives?: number;
  /** Whether bodies are deleted when nobody needs them. */
  readonly deletesBodies?: boolean;
  /** Whether one mishap may not cost much time. */
  readonly isPrompt?: boolean;
  /** What may happen in it; all that can if absent. */
  readonly disturbances?: readonly DisturbanceName[];
}

const stories: Readonly<Record<string, Story>> = {
  'a request of two deliveries, with every verdict there is': {
    // The second attempt is so far away that only the sweep can set it going.
    parameters: { lmtp_destination_recipient_limit: '2', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced', full: 'bounced', 'bad\n': 'bounced' },
    deletesBodies: true,
    isPrompt: true,
  },
  'the same, where whatever was given out once comes back from the dead letters': {
    parameters: { lmtp_destination_recipient_limit: '2', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced' },
    maxReceives: 1,
    isPrompt: true,
  },
  'a request that has no usable recipient': {
    recipients: { 'bad\n': 'bounced', 'bad\u0000': 'bounced' },
    deletesBodies: true,
  },
  'a recipient that is given up in the end': {
    parameters: { maximal_queue_lifetime: '5000s', minimal_backoff_time: '1500s' },
    recipients: { bob: 'sent', never: 'expired' },
    // Where hours pass, everybody may be given up.
    disturbances: disturbanceNames.filter((name) => !name.startsWith('hours') && !name.includes('other limits')),
  },
  'a recipient that may not come into doubt twice': {
    parameters: { in_doubt_limit: '1', maximal_queue_lifetime: '1d', minimal_backoff_time: '1000s' },
    recipients: { bob: 'sent', busy: 'sent', unknown: 'bounced' },
  },
  'a body that is gone when it is to be delivered': {
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

/** Plays a story, disturbed as planned, and checks how it ends; then lets those who hung come back, and checks again. */
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

/** Waits for something, but not for ever: whoever hangs is told by its plan. */
async function inTime(wait: Promise<void>, milliseconds: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.reject(new Error(`no end after ${milliseconds} ms`)), milliseconds);
  await Promise.race([wait, late.promise]).finally(() => clearTimeout(timer));
}

function addressOf(word: string, tag: number): string {
  return `${word}.${tag}@example.com`;
}

function checkEnd(world: QueueWorld, { recipients, bodyVanishes = false }: Story, tag: number): void {
  assert.deepEqual(world.messages, [], 'nothing lies in a queue');
  assert.deepEqual(world.deletedTooSoon, [], 'no body was deleted that somebody needed');
  const endings = world.ledger.items.flatMap((item) => endingsOf(item));
  assert.equal(endings.length, new Set(endings.map(([address]) => address)).size, 'nobody stands in two deliveries');
  checkLines(world);
  const known = new Map(endings);
  const expected = Object.entries(recipients).map(([word, ending]) => {
    const address = addressOf(word, tag);
    const isSettled = ending === 'sent' || ending === 'bounced';
    if (isSettled && isGivenUpInDoubt(world, address)) return [address, 'expired'] as const;
    // A request that is not wholly in the table when its body goes is corrupt itself: its notice then stands for the rest.
    const isRest = bodyVanishes && !known.has(address) && isNamed(world, address);
    return [address, isRest ? 'corrupt' : ending] as const;
  });
  assert.deepEqual(new Map([...expected.filter(([, ending]) => ending === 'corrupt'), ...endings]), new Map(expected));
  for (const [address, ending] of expected) {
    checkDeliveries(world, address, ending);
    checkBounces(world, address, ending);
  }
}

/** The log has a line for each recipient and attempt, whatever happened to whoever was to write it. */
function checkLines(world: QueueWorld): void {
  const logged = new Set(world.lines.map(({ recipient, attempt }) => `${recipient} ${attempt}`));
  for (const [address, attempt] of attemptsIn(world)) {
    assert.ok(logged.has(`${quoteAddress(address)} ${attempt}`), `no line of attempt ${attempt} for ${address}`);
  }
}

/** Every attempt that the table knows of, for each recipient; 0: it was refused at the door. */
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
  assert.deepEqual([pending, claim], [{}, undefined], 'everybody was told, nobody holds a claim');
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

/** Whether a recipient was given up because too many attempts ended in doubt: it may have the message, and is said to. */
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

/** Whether a notice of something corrupt names an address. */
function isNamed({ notices }: QueueWorld, address: string): boolean {
  return notices.some(({ body }) => body.includes(JSON.stringify(address)));
}

/** How often somebody was named in doubt: by a sweep, or by the worker itself. */
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
 * Milliseconds that one mishap may cost: a lease that must run out, a sweep and a back-off. An hour would mean that only the
 * sweep's last resort helped, which sends again what lies in active for so long.
 */
const longestDelay = 50 * 60_000;

/** How many stories are played at the same time: they spend theirs waiting for greetings. */
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
    /** When it ended, milliseconds since 1970. */
    let ended = 0;

    test('comes to its end undisturbed, everybody delivered to once and told once', async () => {
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
      test(`${disturbance}, at each call`, async (t) => {
        const plans = Array.from({ length: calls }, (_, n) => new Map([[n, disturbance]]));
        const played = await playAll(story, plans);
        if (story.isPrompt === true && !disturbance.startsWith('hours')) {
          for (const { world } of played) assert.ok(world.clock.wall < ended + longestDelay, 'it comes late');
        }
        assert.ok(played.length > 0 && played.every(({ disturbed }) => disturbed.length === 1));
        t.diagnostic(`${plans.length} points`);
      });
    }

    test('any three disturbances, one after another', async () => {
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
