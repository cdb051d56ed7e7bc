/** What the graphs of the dashboard share. */
import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type GraphWidgetProps,
  type HorizontalAnnotation,
  type IMetric,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** Width of a dashboard in columns. */
export const wholeWidth = 24;

/** Period of AWS's metrics. */
export const minute = Duration.minutes(1);

/** Period of the functions' metrics: the sweep measures the queue every five minutes. */
export const sweepPeriod = Duration.minutes(5);

/** Options of a graph. */
export interface GraphOptions extends Pick<GraphWidgetProps, 'stacked' | 'height'> {
  /** Label of the axis. */
  readonly unit?: string;
  /** A horizontal line for comparison. */
  readonly line?: HorizontalAnnotation;
}

/** Returns a graph of half the width. */
export function graph(title: string, left: IMetric[], { unit, line, ...rest }: GraphOptions = {}): GraphWidget {
  return new GraphWidget({
    title,
    left,
    width: wholeWidth / 2,
    leftYAxis: { min: 0, ...(unit === undefined ? {} : { label: unit, showUnits: false }) },
    ...(line === undefined ? {} : { leftAnnotations: [line] }),
    ...rest,
  });
}

/** Returns the number of visible messages in a queue. */
export function depth(label: string, queue: IQueue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ label, period: minute });
}

/** Returns a metric of Lambda for which the CDK has no method. */
export function lambdaMetric(fn: IFunction, metricName: string, statistic: string, label: string): Metric {
  const dimensionsMap = { FunctionName: fn.functionName };
  return new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap, statistic, period: minute, label });
}
