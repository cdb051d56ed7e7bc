/** Everything that can happen to a process at any call that it makes to a service. */
import { TableTrouble } from '../../functions/queue/writes/table-trouble.ts';
import { Dead, type Interference, type PortCall } from './queue-process.ts';
import type { QueueWorld } from './queue-world.ts';

/** Happens in place of a call, before it or after it. */
type Disturbance = (act: () => Promise<unknown>, call: PortCall, disturbed: DisturbedWorld) => Promise<unknown>;

/** What disturbances work on. */
export interface DisturbedWorld {
  readonly world: QueueWorld;
  /** Lets hanging processes continue; afterwards no process begins to hang. */
  readonly hanging: (() => void)[];
  isOver: boolean;
}

export const disturbances = {
  'the process dies before': (_, { name, process }) => {
    process.die();
    throw new Dead(name);
  },
  'the process dies after': async (act, { name, process }) => {
    await act();
    process.die();
    throw new Dead(name);
  },
  'the process dies after, and the stack comes back with other limits': async (act, { name, process }, { world }) => {
    await act();
    process.die();
    world.redeploy({ lmtp_destination_recipient_limit: '3', minimal_backoff_time: '20s' });
    throw new Dead(name);
  },
  'the call fails': (_, { name }) => {
    throw new Error(`${name}: connection refused`);
  },
  'the table is throttled': (_, { name }) => {
    throw new TableTrouble('throttled', `${name}: slow down`);
  },
  'the table carries it out, and its response is lost': async (act, { name }) => {
    await act();
    throw new TableTrouble('lost', `${name}: connection reset`);
  },
  'the response is lost': async (act, { name }) => {
    await act();
    throw new Error(`${name}: connection reset`);
  },
  'the process hangs before, and continues when all is over': async (act, { process }, { hanging }) => {
    process.hang();
    await new Promise<void>((release) => hanging.push(release));
    return await act();
  },
  'the process hangs after, and continues when all is over': async (act, { process }, { hanging }) => {
    const answer = await act();
    process.hang();
    await new Promise<void>((release) => hanging.push(release));
    return answer;
  },
  'the request arrives once more meanwhile': (act, _, { world }) => meanwhile(act, world, 'incoming'),
  'every message of active arrives once more meanwhile': (act, _, { world }) => meanwhile(act, world, 'active'),
  'every message of active arrives from the dead letters meanwhile': async (act, _, { world }) => {
    const process = world.undisturbed();
    const dead = world.sent.filter(({ queue }) => queue === 'active').reverse();
    for (const message of dead) await world.handle({ ...message, queue: 'dead letters', received: 9 }, process);
    return await act();
  },
  'every wake-up arrives once more meanwhile': (act, _, { world }) => meanwhile(act, world, 'deferred'),
  'hours pass meanwhile, and the sweep runs': async (act, _, { world }) => {
    world.clock.advance(2 * 3_600_000);
    await world.sweepBy(world.undisturbed());
    return await act();
  },
  'hours pass afterwards, and the sweep runs': async (act, _, { world }) => {
    const answer = await act();
    world.clock.advance(2 * 3_600_000);
    await world.sweepBy(world.undisturbed());
    return answer;
  },
} as const satisfies Record<string, Disturbance>;

export type DisturbanceName = keyof typeof disturbances;

export const disturbanceNames = Object.keys(disturbances) as readonly DisturbanceName[];

/** Disturbs the calls with the given numbers. `world` is called after the world has been made. */
export function disturb(
  plan: ReadonlyMap<number, DisturbanceName>,
  disturbed: () => DisturbedWorld,
  onDisturbed: (call: PortCall) => void = () => {},
): Interference {
  return (call, act) => {
    const name = plan.get(call.n);
    if (name === undefined || disturbed().isOver) return act();
    onDisturbed(call);
    const disturbance: Disturbance = disturbances[name];
    return disturbance(act, call, disturbed());
  };
}

/**
 * Lets another process handle everything that was ever sent to a queue, newest first, before the call is
 * carried out.
 */
async function meanwhile(act: () => Promise<unknown>, world: QueueWorld, queue: 'incoming' | 'active' | 'deferred') {
  const process = world.undisturbed();
  const copies = world.sent.filter((message) => message.queue === queue).reverse();
  for (const message of copies) await world.handle(message, process);
  return await act();
}
