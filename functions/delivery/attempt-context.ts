/**
 * What an attempt at one host is made with, and whom it tells. Nothing else lives here.
 */

import type { MetricName } from '../metrics/catalogue.ts';
import type { TimeLimits } from '../session/limit.ts';
import type { Peer } from '../session/session.ts';
import type { Agent } from './agent.ts';
import type { Delivery } from './delivery.ts';
import type { NextHop } from './destination.ts';
import type { IncidentLog } from './incidents.ts';
import type { Gate, Message } from './message.ts';
import type { Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** Everything that an attempt at one host needs, and whom it tells. */
export interface AttemptContext {
  readonly agent: Agent;
  readonly delivery: Delivery;
  readonly message: Message;
  readonly gate: Gate;
  readonly limits: TimeLimits;
  readonly hop: NextHop;
  readonly peer: Peer;
  /** Milliseconds since the message arrived. */
  readonly age: number;
  /** Indexes of the delivery's recipients to try here. */
  readonly recipients: readonly number[];
  /** Whether another host is left to try: if this one does not get past its handshake, and if it does. */
  readonly last: { readonly isLastAddress: boolean; readonly isLastSession: boolean };
  /** What a postmaster may want to see of this attempt. */
  readonly incidents: IncidentLog;
  /** The session is ready: what follows is the transfer. */
  onReady(): void;
  /** The server has shown that it cannot count: one recipient in each transaction. */
  readonly oneByOne: boolean;
  /** It gave fewer final replies than recipients, and fell silent. */
  onShortReplies(replies: number, recipients: number): void;
  /** A session ran its course: the destination is alive, whatever it said. */
  onCompleted(): void;
  settle(index: number, verdict: Omit<Verdict, 'setUp' | 'transfer'>): void;
  /** The trouble that leftovers are left with. */
  trouble(trouble: Trouble): void;
  blame(trouble: Trouble): void;
  /** Our own time ended this. */
  outOfTime(): void;
  /** Adds to a metric, for the destination too. Default: 1. */
  count(this: void, name: MetricName, value?: number): void;
}
