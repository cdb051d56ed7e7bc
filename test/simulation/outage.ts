/**
 * An outage: one destination is dead for days while mail for it keeps arriving, and another is healthy. Used
 * by a test and by a benchmark.
 */
import { holdMessage } from '../../functions/operator/operator-change.ts';
import { SimulatedStack } from './simulated-stack.ts';

export const hour = 3_600_000;
export const day = 24 * hour;

/** Host names: mail for a domain goes to the server of that name. */
export const dead = 'dead.test';
export const healthy = 'healthy.test';

export interface OutageOptions {
  readonly seed: number;
  /** Messages for the dead destination. */
  readonly messages: number;
  /** Milliseconds over which they arrive, evenly, from the beginning of the outage on. */
  readonly arriveWithin: number;
  /** Milliseconds. */
  readonly outage: number;
  /** Messages for the healthy destination, from before the outage until after it. Default: none. */
  readonly others?: number;
  /** Every so many messages has the null sender. Default: none. */
  readonly nullSenders?: number;
  /** Every so many messages is held by an operator when half of the outage is over. Default: none. */
  readonly held?: number;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Prepares the simulation without starting it. */
export function stageOutage(options: OutageOptions): SimulatedStack {
  const { seed, messages, arriveWithin, outage, others = 0, nullSenders = 0, held = 0, parameters = {} } = options;
  const stack: SimulatedStack = new SimulatedStack({
    seed,
    parameters,
    servers: {
      [dead]: { condition: (at) => (at < stack.time.start + outage ? 'dead' : 'up') },
      [healthy]: {},
    },
  });
  for (let n = 0; n < messages; n += 1) {
    const hasNullSender = nullSenders > 0 && n % nullSenders === 0;
    const message = { id: `m${n}`, recipients: [`user${n}@${dead}`], ...(hasNullSender ? { sender: '' } : {}) };
    stack.submit(message, Math.floor((n / messages) * arriveWithin));
  }
  for (let n = 0; n < others; n += 1) {
    stack.submit({ id: `h${n}`, recipients: [`user${n}@${healthy}`] }, Math.floor((n / others) * 1.1 * outage));
  }
  if (held > 0) {
    stack.later(outage / 2, async (services) => {
      for (let n = 1; n < messages; n += held) {
        const order = { by: 'arn:aws:iam::1:user/ann', why: 'to be looked at', hold: 'look' };
        await holdMessage({ id: `m${n}`, delivery: '0000' }, order, services);
      }
    });
  }
  return stack;
}

/** Returns when the suspension was cleared: the first connection after the outage, milliseconds since 1970. */
export function endOf({ time }: SimulatedStack, outage: number): number {
  return time.start + outage;
}
