/**
 * Checks a destination: every address of every next-hop in order, with the delivery agent's own code, up to the point where
 * content would follow. Nothing is delivered.
 */

import type { Agent } from '../delivery/agent.ts';
import { readTableFile } from '../maps/read-table-file.ts';
import { type NextHop, parseDestination, portsOf } from '../request/destination.ts';
import { optional } from '../request/fields.ts';
import type { SecretStore } from '../secrets/secrets.ts';
import { type Deadline, noDeadline } from '../session/limit.ts';
import { relayName } from '../session/session.ts';
import { TlsMaterials } from '../tls/material.ts';
import type { Place } from './advice.ts';
import { findName } from './name-step.ts';
import type { Probe } from './recipients.ts';
import { type CheckReport, type HopReport, outcomeOf, type Progress, type ServerStep, stepsOf } from './report.ts';
import { checkServer, type ServerCheck } from './server.ts';

/** How a check is made. */
export interface CheckOptions {
  readonly place: Place;
  /** Sender and recipients to ask about; absent: none. */
  readonly probe?: Probe;
  /** Try the passwords that a rotation is about to make current (AWSPENDING). */
  readonly pending?: boolean;
  /** Default: none. */
  readonly deadline?: Deadline;
  /** Receives every result at once. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Checks a destination.
 *
 * @throws DestinationError where it cannot be parsed
 */
export async function check(destination: string, agent: Agent, options: CheckOptions): Promise<CheckReport> {
  const checked = new Date(agent.clock.now().wall).toISOString();
  const { place, probe, pending = false, deadline = noDeadline, onProgress = () => {} } = options;
  const server: ServerCheck = {
    agent: pending ? { ...agent, materials: currentMaterials(agent) } : agent,
    place,
    stage: pending ? 'AWSPENDING' : 'AWSCURRENT',
    deadline,
    ...optional('probe', probe),
  };
  const hops: HopReport[] = [];
  for (const hop of parseDestination(destination, portsOf(agent.parameters))) {
    hops.push(await checkHop(hop, server, onProgress));
  }
  return { destination, checked, outcome: outcomeOf(stepsOf(hops)), hops };
}

async function checkHop(
  hop: NextHop,
  server: ServerCheck,
  onProgress: (progress: Progress) => void,
): Promise<HopReport> {
  const heading = hop.kind === 'unix' ? `unix:${hop.path}` : `inet:${hop.name}`;
  onProgress({ kind: 'hop', hop: heading });
  const { step: name, peers } = await findName(hop, server.agent, server.place, server.deadline);
  if (name !== undefined) onProgress({ kind: 'step', step: name });
  const servers: { relay: string; steps: ServerStep[] }[] = [];
  for (const peer of peers) {
    const report = { relay: relayName(peer), steps: [] as ServerStep[] };
    servers.push(report);
    onProgress({ kind: 'server', relay: report.relay });
    await checkServer(hop, peer, server, (step) => {
      report.steps.push(step);
      onProgress({ kind: 'step', step });
    });
  }
  return { hop: heading, ...optional('name', name), servers };
}

/** Only passwords are rotated; certificates and keys stay those in use. */
function currentMaterials({ parameters, secrets }: Agent): TlsMaterials {
  const current: SecretStore = { fetch: (name, options) => secrets.fetch(name, { ...options, stage: 'AWSCURRENT' }) };
  return new TlsMaterials(parameters, current, readTableFile);
}
