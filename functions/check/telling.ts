/**
 * What every step at a server is told with.
 */

import type { Agent } from '../delivery/agent.ts';
import type { PeerWords } from '../delivery/trouble.ts';
import type { About } from './advice.ts';

/** The server, the circumstances, and the parameters that decide what a trouble means. */
export interface Telling {
  readonly peer: PeerWords;
  readonly about: About;
  readonly parameters: Agent['parameters'];
}
