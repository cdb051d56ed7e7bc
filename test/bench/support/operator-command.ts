/**
 * One operator command in its own process, over the table of the environment: its time, cost and memory.
 *
 * Argument: the command.
 */
import { settingsOfProcess } from '../../../functions/aws/settings.ts';
import { composeOperation } from '../../../functions/command/compose-operator.ts';
import { findStack } from '../../../functions/command/stack.ts';
import { explainDestination } from '../../../functions/operator/explain.ts';
import { type ListSpec, listQueue } from '../../../functions/operator/list.ts';
import { flushMessages } from '../../../functions/operator/messages.ts';
import type { OperatorServices } from '../../../functions/operator/operator.ts';
import { shapeQueue } from '../../../functions/operator/shape.ts';
import { assess } from '../../../functions/operator/status.ts';
import { tellParent } from './child.ts';

/** The message to the parent process. */
export interface CommandCost {
  readonly seconds: number;
  /** Peak of resident memory, MiB. */
  readonly peak: number;
  /** Queries of the index. */
  readonly pages: number;
  /** Read request units that the queries consumed. */
  readonly consumed: number;
  /** Items that were read individually. */
  readonly reads: number;
  /** Deliveries that were shown, counted or changed. */
  readonly deliveries: number;
}

const wish: ListSpec = { filter: {}, limit: 100, isBrief: false, isOldestFirst: false };
const destination = 'inet:store-7.mail.example:24';

const commands: Readonly<Record<string, (services: OperatorServices) => Promise<number>>> = {
  queue: (services) => count(listQueue(wish, services)),
  'queue --brief --limit 0': (services) => count(listQueue({ ...wish, limit: 0, isBrief: true }, services)),
  'queue --oldest --limit 20': (services) => count(listQueue({ ...wish, limit: 20, isOldestFirst: true }, services)),
  'queue --destination ONE': (services) => count(listQueue({ ...wish, filter: { destination } }, services)),
  'queue --in-doubt --limit 0': (services) =>
    count(listQueue({ ...wish, limit: 0, filter: { inDoubt: true } }, services)),
  shape: async (services) => (await shapeQueue({}, 'destination', Date.now(), services)).total.total,
  status: async (services) => (await assess({ lateAfter: 3_600_000 }, services, operation.depths)).waiting.deliveries,
  'explain DESTINATION': async (services) => {
    const { deferred = 0, held = 0 } = (await explainDestination(destination, services))?.counts ?? {};
    return deferred + held;
  },
  'flush --destination ONE --ramp 5m': (services) =>
    count(
      flushMessages({ kind: 'filter', filter: { destination, states: ['deferred'] } }, 300_000, { order, services }),
    ),
};

const order = { by: 'bench', why: 'a figure' };
const run = { env: process.env, aws: settingsOfProcess, stderr: process.stderr };
const operation = composeOperation(await findStack({}, run), run);
const cost = { pages: 0, consumed: 0, reads: 0 };
const { services } = operation;
const { queries, ledger } = services;
const counting: OperatorServices = {
  ...services,
  queries: {
    list: async (filter, from, isListed) => {
      const page = await queries.list(filter, from, isListed);
      cost.pages += 1;
      cost.consumed += page.consumed;
      return page;
    },
    findQueued: (name, wanted) => queries.findQueued(name, wanted),
    countActive: (name) => queries.countActive(name),
    countCorruptRequests: () => queries.countCorruptRequests(),
  },
  ledger: {
    read: (key) => {
      cost.reads += 1;
      return ledger.read(key);
    },
    readAll: (id) => ledger.readAll(id),
    readBack: (id) => ledger.readBack(id),
    admit: (item) => ledger.admit(item),
    move: (name, seen, changes) => ledger.move(name, seen, changes),
    forgetPending: (item, ids) => ledger.forgetPending(item, ids),
    findDue: (before) => ledger.findDue(before),
    overwrite: (seen, changes) => ledger.overwrite(seen, changes),
  },
};

const command = commands[process.argv[2] ?? ''];
if (command === undefined) throw new Error(`one of ${Object.keys(commands).join(', ')} is wanted`);
const begun = performance.now();
const deliveries = await command(counting);
const seconds = (performance.now() - begun) / 1000;
tellParent({ ...cost, deliveries, seconds, peak: process.resourceUsage().maxRSS / 1024 } satisfies CommandCost);
process.exit(0);

async function count(all: AsyncIterable<unknown>): Promise<number> {
  let number = 0;
  for await (const _ of all) number += 1;
  return number;
}
