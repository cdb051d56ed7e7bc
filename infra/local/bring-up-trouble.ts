/**
 * Brings a stack into trouble: with servers that really are in trouble, and with what an operator does to messages that wait.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { composeServices } from '../../functions/composition/compose-operator.ts';
import { queueDestination } from '../../functions/operator/destination-name.ts';
import { holdDestination } from '../../functions/operator/destinations.ts';
import { flushMessages, holdMessages } from '../../functions/operator/messages.ts';
import type { Change, Changing, OperatorServices } from '../../functions/operator/operator.ts';
import { isInDoubt } from '../../functions/queue/items/doubt.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { readable } from '../../functions/queue/items/unreadable-item.ts';
import { startMaildirServer } from './samples/maildir-server.ts';
import { sendersDomains } from './samples/samples.ts';
import { type LocalStack, type LocalStackOptions, startLocalStack } from './stack.ts';
import { startTroubledServer } from './trouble/slow-server.ts';
import {
  type Condition,
  destinationHold,
  domains,
  messageHold,
  type Trouble,
  troubledMailbox,
  troubles,
} from './trouble/troubles.ts';

/** Milliseconds between two looks at the queue. */
const interval = 200;

/** A port without a listener: it needs a privilege, and its service is obsolete. */
const deadDestination = 'inet:127.0.0.1:1';

/** Milliseconds between two octets of the slow server: about ten seconds for a message. */
const slowGap = 45;

/** What keeps mail in trouble: it is tried again soon, and a destination is suspended at its first failure. */
const parameters = {
  minimal_backoff_time: '5s',
  maximal_backoff_time: '30s',
  lmtp_initial_destination_concurrency: '1',
  relay_domains: sendersDomains,
};

/** A stack with its servers. */
export interface TroubledStack extends AsyncDisposable {
  readonly stack: LocalStack;
  /** Destinations as the queue has them, by the domain of their recipients; the mail store has none. */
  readonly destinations: ReadonlyMap<string, string>;
}

/** Starts the servers, and a stack that delivers to them. */
export async function startTroubledStack(directory: string, changes: LocalStackOptions = {}): Promise<TroubledStack> {
  await using started = new AsyncDisposableStack();
  const slow = await startTroubledServer({ gap: slowGap, final: '451 4.3.2 The disk is slow, try again later' });
  started.defer(() => slow.close());
  const doubt = await startTroubledServer({ gap: 0 });
  started.defer(() => doubt.close());
  const archive = await startMaildirServer({ folder: join(directory, 'archive') });
  started.defer(() => archive.close());
  const servers = new Map<string, string>([
    [domains.dead, deadDestination],
    [domains.slow, slow.destination],
    [domains.doubt, doubt.destination],
    [domains.held, archive.destination],
  ]);
  const stack = await startLocalStack({
    directory,
    transportMap: [...[...servers].map(([domain, server]) => `${domain} lmtp:${server}`), '* lmtp:MAILSTORE'].join(
      '\n',
    ),
    parameters,
    // Mail that waits for seconds is woken by its queue; the sweep finds what is left.
    sweepInterval: 5000,
    // One lmtp is with the slow server most of the time.
    maximumConcurrency: { qmgr: 2, lmtp: 2 },
    mailStore: { verdict: troubledMailbox },
    ...changes,
  });
  started.defer(() => stack.close());
  const { parameters: known } = servicesOf(stack);
  const destinations = new Map([...servers].map(([domain, server]) => [domain, queueDestination(server, known)]));
  const running = started.move();
  return { stack, destinations, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/**
 * Sends the mail, and waits until each message is in its trouble.
 *
 * @param milliseconds how long to wait at most
 * @returns the ids of the messages that are not in theirs yet
 */
export async function bringUp(
  { stack, destinations }: TroubledStack,
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const services = servicesOf(stack);
  const by = `local/${userInfo().username}`;
  const { hold, why } = destinationHold;
  await holdDestination(destinations.get(domains.held) ?? '', { hold }, { order: { by, why }, services });
  const pending = new Map(troubles.flatMap((trouble) => trouble.ids.map((id) => [id, trouble] as const)));
  for (const [id, trouble] of pending) await submit(stack, id, trouble);
  const changing: Changing = { order: { by, why: messageHold.why }, services };
  const happened = new Set<string>();
  const deadline = performance.now() + milliseconds;
  while (pending.size > 0 && performance.now() < deadline && !signal.aborted) {
    for (const [id, trouble] of pending) {
      const items = readable(await services.ledger.readAll(id));
      const isDeferred = items.length > 0 && items.every(({ state }) => state === 'deferred');
      if (trouble.mishap !== 'none' && isDeferred && !happened.has(id)) {
        happened.add(id);
        await befall(stack, id, trouble, changing);
      } else if (await isReached(id, items, trouble.condition, services)) pending.delete(id);
    }
    await sleep(interval);
  }
  return [...pending.keys()];
}

function servicesOf({ clients, variables }: LocalStack): OperatorServices {
  const { s3, sns, sqs, documents: table } = clients;
  return composeServices({ s3, sns, sqs, table }, variables, { delivery: () => {}, note: () => {} });
}

async function submit(stack: LocalStack, id: string, { recipient, request }: Trouble): Promise<void> {
  const message = await stack.putMessage(bodyKey(id), body(id, recipient));
  await stack.submit({ version: 1, id, sender: 'alice@example.org', recipients: [recipient], message, ...request });
}

function bodyKey(id: string): string {
  return `in/${id}.eml`;
}

function body(id: string, recipient: string): string {
  return `Message-ID: <${id}@example.org>\r\nFrom: alice@example.org\r\nTo: ${recipient}\r\nSubject: ${id}\r\n\r\nHello!\r\n`;
}

/** Does to a message what an operator, or something else, does while it waits. */
async function befall(
  stack: LocalStack,
  id: string,
  { mishap, recipient }: Trouble,
  changing: Changing,
): Promise<void> {
  const selection = { kind: 'ids', ids: [id] } as const;
  switch (mishap) {
    case 'its body is altered':
      await stack.putMessage(bodyKey(id), `${body(id, recipient)}Altered.\r\n`);
      return await all(flushMessages(selection, 0, changing));
    case 'an operator holds it':
      return await all(holdMessages(selection, { hold: messageHold.hold }, changing));
    case 'none':
      return;
    default:
      mishap satisfies never;
  }
}

async function all(changes: AsyncIterable<Change>): Promise<void> {
  for await (const _ of changes);
}

async function isReached(
  id: string,
  items: readonly DeliveryItem[],
  condition: Condition,
  services: OperatorServices,
): Promise<boolean> {
  switch (condition.kind) {
    case 'state':
      return items.length > 0 && items.every(({ state }) => condition.states.includes(state));
    case 'in doubt':
      return items.some(({ recipients, state }) => state !== 'delivering' && recipients.some(isInDoubt));
    case 'bounced':
      return items.some(({ recipients, state }) => state === 'done' && recipients[0]?.last?.status === 'bounced');
    case 'corrupt request':
      return (await services.corruptRequests.findByRequestId(id)).length > 0;
    default:
      return condition satisfies never;
  }
}
