import { Duration, Names } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The functions whose log says of a recipient that it is in doubt: the one that delivers, and the one that finds dead workers. */
export interface DoubtingFunctions {
  readonly lmtp: lambda.Function;
  readonly sweep: lambda.Function;
}

/** Counts recipients in doubt: those to whom the message may be delivered more than once, by the delivery log. */
export class DoubtMetric extends Construct {
  /** Recipients that came into doubt, in five minutes. */
  readonly metric: cloudwatch.Metric;

  constructor(scope: Construct, id: string, { lmtp, sweep }: DoubtingFunctions) {
    super(scope, id);
    const counted = {
      filterPattern: logs.FilterPattern.booleanValue('$.in_doubt', true),
      // A stack is one transport, and each has its own.
      metricNamespace: `LambdaLmtp/${Names.uniqueResourceName(this, { maxLength: 100 })}`,
      metricName: 'InDoubt',
      metricValue: '1',
    };
    const filter = lmtp.logGroup.addMetricFilter('DoubtInDelivery', counted);
    sweep.logGroup.addMetricFilter('DoubtAfterDeath', counted);
    this.metric = filter.metric({ statistic: 'Sum', period: Duration.minutes(5), label: 'recipients in doubt' });
  }
}
