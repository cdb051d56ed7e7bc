import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Functions } from '../../functions/functions.ts';

/**
 * Returns the screens at the top of the dashboard: the answer, waiting mail by age and destination, causes, and destinations. CloudWatch
 * invokes showq with the viewer's identity, so viewers need lambda:InvokeFunction on it, and on postsuper for the buttons.
 *
 * They refresh with the dashboard. Each refresh reads the queue, so they do not refresh on a change of size or time range.
 */
export function screensWidget({ showq }: Pick<Functions, 'showq'>): cloudwatch.CustomWidget {
  return new cloudwatch.CustomWidget({
    functionArn: showq.functionArn,
    title: 'Mail in the queue',
    width: 24,
    height: 20,
    updateOnRefresh: true,
    updateOnResize: false,
    updateOnTimeRangeChange: false,
    params: { screen: 'all', late: '1h' },
  });
}
