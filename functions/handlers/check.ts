/**
 * Lambda function `check`: what stands between the functions and a destination, seen from where they are. It delivers
 * nothing, and sees no mail and no queue.
 *
 *     { "destination": "inet:lmtp.internal:24", "recipients": ["postmaster@example.com"] }
 *
 * The answer is a CheckReport (check/report.ts). Only what the stack delivers to can be checked.
 */

import type { Context } from 'aws-lambda';
import { makeClients, makeSecretsManagerClient } from '../aws/clients.ts';
import { makeLog } from '../aws/function-log.ts';
import { SecretsManagerSource } from '../aws/secrets-manager.ts';
import { check, checkTimeouts } from '../check/check.ts';
import type { CheckReport } from '../check/report.ts';
import { readCheckRequest } from '../check/request.ts';
import { composeAdmission } from '../composition/compose-admission.ts';
import { makeAgent } from '../delivery/agent.ts';
import { isParameterName, parametersFromEnvironment, variableName } from '../parameters/parameters.ts';
import { admitDestination } from '../queue/items/plan.ts';
import { shortestReserve } from '../queue/items/policy.ts';
import { portsOf } from '../request/destination.ts';
import { SecretCache } from '../secrets/secret-cache.ts';
import { invocationDeadline } from '../session/limit.ts';
import { systemClock } from '../time/clock.ts';

/** Whatever the stack sets itself counts; whoever asks sits there and waits. */
const patience = Object.fromEntries(
  Object.entries(checkTimeouts).flatMap(([name, value]) =>
    isParameterName(name) ? [[variableName(name), value]] : [],
  ),
);
const parameters = parametersFromEnvironment({ ...patience, ...process.env });
const log = makeLog('check');
const admission = composeAdmission(process.env, { parameters, clients: makeClients(), clock: systemClock, log });
const agent = makeAgent(parameters, {
  secrets: new SecretCache(new SecretsManagerSource(() => makeSecretsManagerClient())),
});

/**
 * Makes one check.
 *
 * @throws RequestError, DestinationError where it is asked for what it cannot do
 */
export async function handler(event: unknown, context: Context): Promise<CheckReport> {
  const { destination, sender, recipients, pending = false } = readCheckRequest(event);
  admitDestination(destination, { ...(await admission()), defaultPort: portsOf(parameters) });
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
