/** What all graphs of the dashboard have in common. */
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

/** Columns of a dashboard. */
export const wholeWidth = 24;

/** Of what AWS gives every minute. */
export const minute = Duration.minutes(1);

/** Of what our functions give: the sweep tells of the queue every five minutes. */
export const sweepPeriod = Duration.minutes(5);

/** How a graph differs from others. */
export interface GraphOptions extends Pick<GraphWidgetProps, 'stacked' | 'height'> {
  /** What the numbers are, beside the axis. */
  readonly unit?: string;
  /** A line to compare with. */
  readonly line?: HorizontalAnnotation;
}

/** A graph of half the width. */
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

/** Messages that lie in a queue and may be taken. */
export function depth(label: string, queue: IQueue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ label, period: minute });
}

/** A metric of Lambda that the CDK has no method for. */
export function lambdaMetric(fn: IFunction, metricName: string, statistic: string, label: string): Metric {
  const dimensionsMap = { FunctionName: fn.functionName };
  return new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap, statistic, period: minute, label });
}
