/**
 * What an attempt at one host is made with.
 */

import type { Delivery } from '../request/delivery.ts';
import type { NextHop } from '../request/destination.ts';
import type { TimeLimits } from '../session/limit.ts';
import type { Peer } from '../session/session.ts';
import type { Moment } from '../time/clock.ts';
import type { Agent } from './agent.ts';
import type { DialogueKeeper } from './incidents.ts';
import type { Gate, Message } from './message.ts';
import type { Verdict } from './verdict.ts';

/** Everything that an attempt at one host needs. */
export interface AttemptInput {
  readonly agent: Agent;
  readonly delivery: Delivery;
  readonly message: Message;
  readonly gate: Gate;
  readonly limits: TimeLimits;
  readonly hop: NextHop;
  readonly peer: Peer;
  /** Milliseconds since the message arrived. */
  readonly age: number;
  /** When the delivery was handed to the agent. */
  readonly begun: Moment;
  /** Indexes of the delivery's recipients to try here. */
  readonly recipients: readonly number[];
  /** Whether another host is left to try: if this one does not get past its handshake, and if it does. */
  readonly last: { readonly isLastAddress: boolean; readonly isLastSession: boolean };
  /** Keeps the dialogue for incidents. */
  readonly dialogue: DialogueKeeper;
  /** The server has shown that it cannot count: one recipient in each transaction. */
  readonly oneByOne: boolean;
  /** Whether a fresh connection may still be made where replies are out of step. */
  readonly mayRenew: boolean;
  /** Told of a recipient that is known to be sent while others are still awaited. */
  readonly onProgress: (index: number, verdict: Verdict) => void;
}
