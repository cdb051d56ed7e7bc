/** The line of the dashboard that answers: is mail being lost or late? */
import { AlarmStatusWidget, type IAlarm, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { MailAlarms } from '../alarms/alarms.ts';
import { alarmNames } from '../alarms/catalogue.ts';
import { functionRows } from '../alarms/function-rows.ts';
import type { MailMetrics } from '../measures/metrics.ts';
import { sweepPeriod } from './graph.ts';

/** Returns alarms about mail and servers, numbers of waiting mail, and alarms about functions. */
export function answerLine(metrics: MailMetrics, alarms: MailAlarms): (AlarmStatusWidget | SingleValueWidget)[] {
  const isOfFunctions = (name: string) => Object.hasOwn(functionRows, name);
  const about = alarmNames.filter((name) => !isOfFunctions(name)).flatMap((name) => alarms.named(name));
  const behind = alarmNames.filter(isOfFunctions).flatMap((name) => alarms.named(name));
  return [
    ...status('Is mail being lost or late?', about, 10),
    new SingleValueWidget({
      title: 'Waiting mail',
      width: 8,
      height: 6,
      metrics: [
        metrics.metricWaiting({ label: 'deliveries', period: sweepPeriod }),
        metrics.metricOldestDeferred({ label: 'oldest, seconds', period: sweepPeriod }),
        metrics.metricDestinationsDead({ label: 'dead destinations', period: sweepPeriod }),
        metrics.metricExpiringSoon({ label: 'returned within 6 h', period: sweepPeriod }),
        metrics.metricHeld({ label: 'held', period: sweepPeriod }),
        metrics.metricCorruptWaiting({ label: 'corrupt', period: sweepPeriod }),
      ],
    }),
    ...status('Do the functions work?', behind, 6),
  ];
}

/** A widget of alarms; none if all of them are disabled. */
function status(title: string, alarms: readonly IAlarm[], width: number): AlarmStatusWidget[] {
  return alarms.length === 0 ? [] : [new AlarmStatusWidget({ title, alarms: [...alarms], width, height: 6 })];
}
