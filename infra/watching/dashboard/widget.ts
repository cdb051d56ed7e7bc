import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Functions } from '../../functions/functions.ts';

/**
 * The screens at the top of the dashboard: how mail is, what waits by age and destination, why, and what can be done. showq draws
 * them in the name of whoever looks, so viewers need lambda:InvokeFunction on it, and on postsuper for the buttons.
 *
 * They are drawn again with the dashboard; each time reads what waits, so they do not follow its size or its range of time.
 */
export function screensWidget({ showq }: Pick<Functions, 'showq'>): cloudwatch.CustomWidget {
  return new cloudwatch.CustomWidget({
    functionArn: showq.functionArn,
    title: 'Mail that waits',
    width: 24,
    height: 20,
    updateOnRefresh: true,
    updateOnResize: false,
    updateOnTimeRangeChange: false,
    params: { screen: 'all', late: '1h' },
  });
}
