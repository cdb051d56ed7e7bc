/**
 * Composes the delivery agent of a function from its environment.
 */

import { type AwsClients, brisk, makeSecretsManagerClient } from '../aws/clients.ts';
import { SecretsManagerSource } from '../aws/secrets-manager.ts';
import { type Agent, chatOptions, makeAgent, timeLimits } from '../delivery/agent.ts';
import type { Incident } from '../delivery/incidents.ts';
import type { Log } from '../log/log.ts';
import type { InvocationMetrics } from '../metrics/invocation.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { QueueServices } from '../queue/destinations/services.ts';
import { optional } from '../request/fields.ts';
import { SecretCache } from '../secrets/secret-cache.ts';
import { type SecretStore, secretFaultNote } from '../secrets/secrets.ts';
import type { Deadline } from '../session/limit.ts';
import { madeFrom } from '../settings/live-parameters.ts';
import { TlsMaterials } from '../tls/material.ts';
import { composeNotifier } from './compose-notifier.ts';
import { compose } from './compose-queue.ts';

/** What delivers, with the parameters in force. */
export interface Delivering {
  readonly services: QueueServices;
  readonly agent: Agent;
  readonly notifier: Notifier;
}

/** The delivery agent of a container. */
export interface DeliveryComposition {
  /** Returns what delivers. Sessions that were opened with other parameters are closed. */
  readonly current: () => Promise<Delivering>;
  /** Closes all idle sessions: the container is shut down. */
  readonly quit: () => Promise<void>;
  readonly log: Log;
  readonly clients: AwsClients;
  readonly metrics: InvocationMetrics | undefined;
}

/** A container has half a second to shut down, and each of its sessions the same share of it. */
const quitDeadline: Deadline = { left: () => 300, whole: 300 };

/**
 * Returns the delivery agent from a function's environment.
 *
 * @throws EnvironmentError, ParameterError: the function does not start, and its log names the variable
 */
export function composeDelivery(environment: NodeJS.ProcessEnv): DeliveryComposition {
  const { live, servicesWith, clients, metrics } = compose('lmtp', environment, {
    patience: brisk,
    filesOf: 'all',
  });
  const { log } = servicesWith(live.deployed);
  const secrets = new SecretCache(new SecretsManagerSource(() => makeSecretsManagerClient()), {
    onStale: (secret, { message }, age) =>
      reportSecretFault({ log, metrics }, { secret, why: message, servesSince: Math.round(age / 1000) }),
  });
  let latest: Agent | undefined;
  const current = madeFrom(
    live,
    (parameters): Delivering => {
      const services = servicesWith(parameters);
      const notifier = composeNotifier(environment, parameters.notify_classes, clients, log);
      latest = agentOf(services, notifier, secrets, new TlsMaterials(parameters, secrets, live.readFile));
      warnOfPatterns(services);
      return { services, notifier, agent: latest };
    },
    ({ agent }) => void closeSessions(agent, log),
  );
  const quit = async () => {
    if (latest !== undefined) await closeSessions(latest, log);
  };
  return { current, quit, log, clients, metrics };
}

function agentOf(services: QueueServices, notifier: Notifier, secrets: SecretStore, materials: TlsMaterials): Agent {
  const { log, metrics } = services;
  const noticed = (['data', 'policy', 'protocol', 'resource'] as const).some((about) => notifier.wants(about));
  return makeAgent(services.parameters, {
    secrets,
    materials,
    ...optional('metrics', metrics),
    ...(noticed ? { onIncident: (incident: Incident) => notifier.raise(incident) } : {}),
    onNote: (note) => log.note('warn', note, {}),
    onSecretFault: (why) => reportSecretFault(services, { why }),
    debugPeer: (peer, side, line) => log.note('info', 'dialogue', { peer, side, line }),
  });
}

function warnOfPatterns({ parameters, log }: QueueServices): void {
  for (const name of ['debug_peer_list', 'lmtp_connection_cache_destinations', 'use_srv_lookup'] as const) {
    for (const warning of parameters[name].warnings) log.note('warn', warning, { parameter: name });
  }
}

/** Sends QUIT over the idle sessions of an agent. Best effort: no mail depends on it. */
async function closeSessions(agent: Agent, log: Log): Promise<void> {
  try {
    await agent.sessions.close(chatOptions(agent, timeLimits(agent, quitDeadline)));
  } catch (error) {
    log.note('warn', 'sessions not closed', { error });
  }
}

function reportSecretFault(
  { log, metrics }: { readonly log: Log; readonly metrics?: QueueServices['metrics'] | undefined },
  facts: Readonly<Record<string, unknown>>,
): void {
  log.note('error', secretFaultNote, facts);
  metrics?.add('SecretFaults');
}
