/**
 * A delivery agent: its parameters, name service, idle sessions and clock, for the life of the process.
 */

import { readTableFile } from '../maps/read-table-file.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { SecretFault, type SecretStore } from '../secrets/secrets.ts';
import type { ChatOptions, Transcript } from '../session/chat.ts';
import { type Circumstances, type Deadline, TimeLimits } from '../session/limit.ts';
import { DnsNameService, type NameService } from '../session/name-service.ts';
import { type Peer, relayName } from '../session/session.ts';
import { SessionCache } from '../session/session-cache.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { TlsMaterials } from '../tls/material.ts';
import type { Incident } from './incidents.ts';
import { RefusedCredentials } from './refused-credentials.ts';
import { stageTimeouts } from './stage-timeouts.ts';

/** A delivery agent. */
export interface Agent {
  readonly parameters: Parameters;
  readonly names: NameService;
  readonly sessions: SessionCache;
  /** The store of passwords and keys that are secrets. */
  readonly secrets: SecretStore;
  /** Certificates and keys. */
  readonly materials: TlsMaterials;
  readonly refusedCredentials: RefusedCredentials;
  /** Called when a password or a key cannot be read, which defers mail. */
  readonly onSecretFault?: (why: string) => void;
  /** Called once with a note for the operator: the client certificate has expired. */
  readonly onNote?: (note: string) => void;
  readonly clock: Clock;
  /** A number from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Receives the dialogues with the peers in debug_peer_list. */
  readonly debugPeer?: (peer: string, side: 'C' | 'S', line: string) => void;
  /** Called after an attempt with trouble for the postmaster. */
  readonly onIncident?: (incident: Incident) => void;
  /** Absent: no metrics. */
  readonly metrics?: Metrics;
  /** Receives the dialogue. */
  readonly transcript?: Transcript;
}

/** Returns an agent; the default of each part is the real one. */
export function makeAgent(parameters: Parameters, given: Partial<Omit<Agent, 'parameters'>> = {}): Agent {
  const reuses = parameters.lmtp_connection_reuse_count_limit;
  const sessions = new SessionCache({
    maxIdle: Math.min(parameters.max_idle, parameters.lmtp_connection_cache_time_limit),
    // The parameter counts uses after the first.
    maxUse: reuses === 0 ? parameters.max_use : Math.min(parameters.max_use, reuses + 1),
    maxAge: parameters.lmtp_connection_reuse_time_limit,
    size: parameters.lmtp_connection_cache_size,
    skipQuitReply: parameters.lmtp_skip_quit_response,
    isStrict: parameters.strict_postfix_verdicts,
  });
  const { clock = systemClock, secrets = noSecrets } = given;
  return {
    parameters,
    names: new DnsNameService(),
    sessions,
    materials: new TlsMaterials(parameters, secrets, readTableFile),
    refusedCredentials: new RefusedCredentials(clock, parameters.lmtp_sasl_auth_cache_time),
    random: Math.random,
    ...given,
    clock,
    secrets,
  };
}

/** A store without secrets. */
const noSecrets: SecretStore = {
  fetch: (name) => Promise.reject(new SecretFault(`secret ${name}: there is no store of secrets here`)),
};

/** Returns the limits for the waits of one request. */
export function timeLimits(agent: Agent, deadline: Deadline, circumstances?: Circumstances): TimeLimits {
  return new TimeLimits(stageTimeouts(agent.parameters), deadline, circumstances);
}

/** Returns the options of every conversation: limits, transcript, and the filter of replies. */
export function chatOptions(agent: Agent, limits: TimeLimits, peer?: Peer): ChatOptions {
  const { parameters } = agent;
  const transcript = peer === undefined ? agent.transcript : (peerTranscript(agent, peer) ?? agent.transcript);
  const filter = parameters.lmtp_reply_filter;
  return {
    limits,
    replyLimit: parameters.line_length_limit,
    ...(filter.isEmpty ? {} : { filterReply: (line) => filter.find(line) ?? line }),
    ...(transcript === undefined ? {} : { transcript }),
    ...(parameters.lmtp_per_request_deadline
      ? { requestDeadline: { minDataRate: parameters.lmtp_min_data_rate } }
      : {}),
  };
}

/** Whether sessions with a destination are kept between requests; `name` is without `inet:`, brackets and port. */
export function keepsSessions({ parameters }: Agent, name: string): boolean {
  return parameters.lmtp_cache_connection || parameters.lmtp_connection_cache_destinations.matches(name);
}

/** Returns a transcript that logs the dialogue with a peer of debug_peer_list. */
function peerTranscript({ parameters, debugPeer, transcript }: Agent, peer: Peer): Transcript | undefined {
  const { host, endpoint } = peer;
  if (debugPeer === undefined || parameters.debug_peer_list.isEmpty) return undefined;
  const names = endpoint.kind === 'inet' ? [host, endpoint.address] : [host];
  if (!parameters.debug_peer_list.matches(...names)) return undefined;
  return (side, line) => {
    debugPeer(relayName(peer), side, line);
    transcript?.(side, line);
  };
}
