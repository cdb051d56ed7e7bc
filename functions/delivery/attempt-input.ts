/**
 * The input of an attempt at one host.
 */

import type { Delivery } from '../request/delivery.ts';
import type { NextHop } from '../request/destination.ts';
import type { TimeLimits } from '../session/limit.ts';
import type { Peer } from '../session/session.ts';
import type { Moment } from '../time/clock.ts';
import type { Agent } from './agent.ts';
import type { DialogueRecorder } from './incidents.ts';
import type { Gate, Message } from './message.ts';
import type { Verdict } from './verdict.ts';

/** The input of an attempt at one host. */
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
  /** When the agent received the delivery. */
  readonly begun: Moment;
  /** Indexes of the delivery's recipients to try here. */
  readonly recipients: readonly number[];
  /** Whether no other host is left to try: if the handshake of this one fails, and if it succeeds. */
  readonly last: { readonly isLastAddress: boolean; readonly isLastSession: boolean };
  /** Records the dialogue for incidents. */
  readonly dialogue: DialogueRecorder;
  /** The server lost count of replies: one recipient in each transaction. */
  readonly oneByOne: boolean;
  /** Whether a new connection is allowed if replies are out of step. */
  readonly mayRenew: boolean;
  /** Called for a recipient that is sent while others are pending. */
  readonly onProgress: (index: number, verdict: Verdict) => void;
}
