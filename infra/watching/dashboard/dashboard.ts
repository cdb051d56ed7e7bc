import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { functionNames } from '../../functions/bundle.ts';
import type { MailAlarms } from '../alarms/alarms.ts';
import type { Watched } from '../alarms/watched.ts';
import { answerLine } from './answer.ts';
import { costGraph } from './cost-graph.ts';
import { functionGraphs } from './function-graphs.ts';
import { mailGraphs } from './mail-graphs.ts';
import { type DashboardProps, hourlyPricesOf } from './prices.ts';
import { serverGraphs } from './server-graphs.ts';
import { screensWidget } from './widget.ts';

export interface MailDashboardProps extends DashboardProps {
  readonly watched: Watched;
  readonly alarms: MailAlarms;
  /** The queue table. */
  readonly table: TableV2;
  /** Memory of a function in megabytes. */
  readonly memorySize: number;
}

/**
 * The dashboard: the screens and the line that answer whether mail is lost or late, then mail, servers, functions, queues and cost.
 */
export class MailDashboard extends Construct {
  /** URL of the dashboard. */
  readonly url: string;

  /** @throws PropsError for an invalid price */
  constructor(scope: Construct, id: string, { watched, alarms, table, memorySize, prices }: MailDashboardProps) {
    super(scope, id);
    const { functions, queues, metrics } = watched;
    const logGroups = functionNames.map((name) => functions[name].logGroup);
    const { dashboardName } = new cloudwatch.Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(12),
      widgets: [
        [screensWidget(functions)],
        answerLine(metrics, alarms),
        ...mailGraphs(metrics),
        ...serverGraphs(watched),
        ...functionGraphs(watched),
        [costGraph({ functions, queues, table, logGroups, memorySize }, hourlyPricesOf(prices))],
      ],
    });
    this.url =
      `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}` +
      `#dashboards/dashboard/${dashboardName}`;
  }
}
