/**
 * Composes the reports of a function from its environment.
 */

import { type AwsClients, makeSesClient } from '../aws/clients.ts';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { DynamoDbReports } from '../aws/dynamodb-reports.ts';
import { S3IncomingOutlet } from '../aws/incoming-outlet.ts';
import { S3Bodies } from '../aws/s3-bodies.ts';
import { RawSesOutlet } from '../aws/ses-outlet.ts';
import { cleanupRules } from '../delivery/preparation.ts';
import type { Log } from '../log/log.ts';
import type { NoticeClass } from '../notices/notice.ts';
import type { Notifier } from '../notices/notifier.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { localDomains } from '../report/local-domains.ts';
import type { ReportServices } from '../report/ports.ts';
import { madeFrom } from '../settings/live-parameters.ts';
import { systemClock } from '../time/clock.ts';
import { type CurrentMap, composeTransportMap } from './compose-admission.ts';
import { composeNotifier } from './compose-notifier.ts';
import { composeLive, type Variables } from './compose-queue.ts';

/** What makes reports. */
export interface Reports {
  /** To be made current before the services are used. */
  readonly map: CurrentMap;
  readonly notifier: Notifier;
  readonly services: ReportServices;
}

/**
 * Returns a function that returns what makes reports, with the parameters in force.
 *
 * @throws EnvironmentError, ParameterError, TransportMapError
 */
export function composeReports(environment: Variables, clients: AwsClients, log: Log): () => Promise<Reports> {
  return madeFrom(composeLive(clients, environment, log, { filesOf: reportFiles }), (parameters) => {
    const map = composeTransportMap(environment, { parameters, clients, clock: systemClock, log });
    const { notify_classes: classes } = parameters;
    // As in Postfix, class bounce includes class 2bounce.
    const told: readonly NoticeClass[] = classes.includes('bounce') ? [...classes, '2bounce'] : classes;
    const notifier = composeNotifier(environment, told, clients, log);
    return { map, notifier, services: reportServices(environment, { parameters, clients, log, map, notifier }) };
  });
}

/** The parameters of reports that may name files; the policy of the function names the same (permissions.ts). */
const reportFiles = ['relay_domains'] as const;

interface Parts {
  readonly parameters: Parameters;
  readonly clients: AwsClients;
  readonly log: Log;
  readonly map: CurrentMap;
  readonly notifier: Notifier;
}

function reportServices(environment: Variables, { parameters, clients, log, map, notifier }: Parts): ReportServices {
  const table = requireVariable(environment, names.queueTable);
  return {
    records: new DynamoDbReports(clients.table, table),
    ledger: new DynamoDbLedger(clients.table, table),
    bodies: new S3Bodies(clients.s3, cleanupRules(parameters)),
    incoming: new S3IncomingOutlet(clients, {
      bucket: requireVariable(environment, names.messageBucket),
      queueUrl: requireVariable(environment, names.incomingQueueUrl),
    }),
    ses: new RawSesOutlet(makeSesClient, { author: parameters.bounce_report_ses_sender }, systemClock),
    domains: localDomains(
      { names: (address) => map.known.names(address), find: (address) => map.known.find(address) },
      parameters.relay_domains,
    ),
    notices: notifier,
    parameters,
    clock: systemClock,
    log,
  };
}
