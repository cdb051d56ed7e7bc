/**
 * What every step at a server is told with.
 */

import type { Agent } from '../delivery/agent.ts';
import type { PeerWords } from '../delivery/trouble.ts';
import type { Interrupted } from '../lmtp/dialogue.ts';
import type { About, Finding } from './advice.ts';

/** The server, the circumstances, and the parameters that decide what a trouble means. */
export interface Telling {
  readonly peer: PeerWords;
  readonly about: About;
  readonly parameters: Agent['parameters'];
}

/** Why a conversation that broke off did so. */
export function findingOfInterruption({ reason }: Interrupted): Finding {
  switch (reason) {
    case 'timeout':
      return 'too slow';
    case 'deadline':
      return 'out of time';
    case 'lost':
    case 'flood':
    case 'body':
    case 'claim':
      return 'out of step';
    default:
      return reason satisfies never;
  }
}
