import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { functionNames } from '../functions/bundle.ts';
import { MailAlarms } from './alarms/alarms.ts';
import type { AlarmProps } from './alarms/thresholds.ts';
import type { Watched } from './alarms/watched.ts';
import { MailDashboard } from './dashboard/dashboard.ts';
import type { DashboardProps } from './dashboard/prices.ts';
import { SavedQueries } from './measures/saved-queries.ts';

/** What the alarms and the dashboard need. */
export interface Watching {
  readonly watched: Watched;
  /** Topic of the alarms. */
  readonly topic: ITopic;
  /** Memory of a function in megabytes. */
  readonly memorySize: number;
  readonly props: Pick<AlarmProps, 'alarms' | 'operatingManual'> & DashboardProps;
}

/**
 * Creates the alarms, saved queries and the dashboard of a stack, as children of its construct.
 *
 * @throws PropsError for a wrong setting of an alarm, or an invalid price
 */
export function watchOver(
  scope: Construct,
  { watched, topic, memorySize, props }: Watching,
): { readonly alarms: MailAlarms; readonly dashboard: MailDashboard } {
  const { transport, table, functions } = watched;
  const { operatingManual, prices } = props;
  const alarms = new MailAlarms(scope, 'Alarms', { watched, topic, alarms: props.alarms, operatingManual });
  const { qmgr, lmtp, sweep } = functions;
  new SavedQueries(scope, 'Queries', {
    transport,
    delivery: [qmgr, lmtp, sweep].map(({ logGroup }) => logGroup),
    all: functionNames.map((name) => functions[name].logGroup),
  });
  const dashboard = new MailDashboard(scope, 'Dashboard', { watched, alarms, memorySize, prices, table });
  return { alarms, dashboard };
}
