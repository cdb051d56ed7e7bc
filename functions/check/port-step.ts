/**
 * Whether somebody listens: open, refused, filtered and unreachable are four things, and each wants another remedy.
 */

import type { Trouble } from '../delivery/trouble.ts';
import { type Peer, relayName } from '../session/session.ts';
import type { ConnectError } from '../session/transport.ts';
import type { Finding } from './advice.ts';
import { failed, ok } from './found.ts';
import type { PortStep } from './report.ts';
import type { Telling } from './telling.ts';

/** Somebody listens. */
export function portOpen(milliseconds: number): PortStep {
  const rounded = Math.round(milliseconds * 10) / 10;
  return { step: 'port', state: 'open', milliseconds: rounded, ...ok(`open, in ${rounded} ms`) };
}

/** There was no connection. */
export function portClosed(error: ConnectError, peer: Peer, telling: Telling): PortStep {
  const [state, finding] = meaningOf(error);
  const trouble: Trouble = {
    scope: error.isDeadline ? 'self' : 'stream',
    status: '4.4.1',
    text: `connect to ${relayName(peer)}: ${error.message}`,
  };
  const text =
    state === 'filtered' ? `filtered: no answer in ${telling.parameters.lmtp_connect_timeout / 1000} s` : error.message;
  const words = state === 'failed' || state === 'filtered' ? text : `${state}: ${text}`;
  return { step: 'port', state, ...failed(words, finding, trouble, telling) };
}

/** By the system's code; without one it was our own time-out. */
const meanings: Readonly<Record<string, readonly [PortStep['state'], Finding]>> = {
  ECONNREFUSED: ['refused', 'refused'],
  ETIMEDOUT: ['filtered', 'filtered'],
  EHOSTUNREACH: ['unreachable', 'unreachable'],
  ENETUNREACH: ['unreachable', 'unreachable'],
  EHOSTDOWN: ['unreachable', 'unreachable'],
  EADDRNOTAVAIL: ['unreachable', 'unreachable'],
  ENOENT: ['failed', 'socket missing'],
  EACCES: ['failed', 'socket forbidden'],
};

function meaningOf({ cause, isDeadline }: ConnectError): readonly [PortStep['state'], Finding] {
  if (isDeadline) return ['failed', 'out of time'];
  if (cause === undefined) return ['filtered', 'filtered'];
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return meanings[code] ?? ['failed', 'no connection'];
}
