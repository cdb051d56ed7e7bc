/**
 * Lambda function `check`: checks from inside the stack's network how a destination can be reached. It delivers
 * nothing, and has no access to mail or queues.
 *
 *     { "destination": "inet:lmtp.internal:24", "recipients": ["postmaster@example.com"] }
 *
 * Returns a CheckReport (check/report.ts). Only destinations of the stack can be checked.
 */

import type { Context } from 'aws-lambda';
import { makeClients, makeSecretsManagerClient } from '../aws/clients.ts';
import { makeLog } from '../aws/function-log.ts';
import { SecretsManagerSource } from '../aws/secrets-manager.ts';
import { check } from '../check/check.ts';
import type { CheckReport } from '../check/report.ts';
import { readCheckRequest } from '../check/request.ts';
import { checkTimeouts } from '../check/time-limits.ts';
import { composeAdmission } from '../composition/compose-admission.ts';
import { composeLive } from '../composition/compose-queue.ts';
import { makeAgent } from '../delivery/agent.ts';
import { admitDestination } from '../queue/items/plan.ts';
import { shortestReserve } from '../queue/items/policy.ts';
import { portsOf } from '../request/destination.ts';
import { SecretCache } from '../secrets/secret-cache.ts';
import { invocationDeadline } from '../session/limit.ts';
import { madeFrom } from '../settings/live-parameters.ts';
import { systemClock } from '../time/clock.ts';
import { TlsMaterials } from '../tls/material.ts';

const log = makeLog('check');
const clients = makeClients();
const secrets = new SecretCache(new SecretsManagerSource(() => makeSecretsManagerClient()));
/** The stack's own parameters take precedence; the defaults are short, because an operator waits. */
const live = composeLive(clients, process.env, log, { defaults: checkTimeouts, filesOf: 'all' });
const current = madeFrom(live, (parameters) => ({
  admission: composeAdmission(process.env, { parameters, clients, clock: systemClock, log }),
  agent: makeAgent(parameters, { secrets, materials: new TlsMaterials(parameters, secrets, live.readFile) }),
}));

/**
 * Makes one check.
 *
 * @throws RequestError, DestinationError if the request is wrong or not allowed
 */
export async function handler(event: unknown, context: Context): Promise<CheckReport> {
  const { destination, sender, recipients, pending = false } = readCheckRequest(event);
  const { admission, agent } = await current();
  admitDestination(destination, { ...(await admission()), defaultPort: portsOf(agent.parameters) });
  const isProbe = sender !== undefined || recipients !== undefined;
  const report = await check(destination, agent, {
    place: 'function',
    pending,
    deadline: invocationDeadline(() => context.getRemainingTimeInMillis(), shortestReserve),
    ...(isProbe ? { probe: { sender: sender ?? '', recipients: recipients ?? [] } } : {}),
  });
  log.note('info', 'checked', { destination, outcome: report.outcome });
  return report;
}
