/** The line that answers: is mail being lost, or late? */
import { AlarmStatusWidget, type IAlarm, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { MailAlarms } from '../alarms/alarms.ts';
import { alarmNames } from '../alarms/catalogue.ts';
import { functionRows } from '../alarms/function-rows.ts';
import type { MailMetrics } from '../measures/metrics.ts';
import { sweepPeriod } from './graph.ts';

/** Alarms about mail and servers, figures of what waits, and alarms about what keeps the functions from their work. */
export function answerLine(metrics: MailMetrics, alarms: MailAlarms): (AlarmStatusWidget | SingleValueWidget)[] {
  const isOfFunctions = (name: string) => Object.hasOwn(functionRows, name);
  const about = alarmNames.filter((name) => !isOfFunctions(name)).flatMap((name) => alarms.named(name));
  const behind = alarmNames.filter(isOfFunctions).flatMap((name) => alarms.named(name));
  return [
    ...status('Is mail being lost or late?', about, 10),
    new SingleValueWidget({
      title: 'What waits',
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
    ...status('Can the functions work?', behind, 6),
  ];
}

/** Nothing where all of them are switched off. */
function status(title: string, alarms: readonly IAlarm[], width: number): AlarmStatusWidget[] {
  return alarms.length === 0 ? [] : [new AlarmStatusWidget({ title, alarms: [...alarms], width, height: 6 })];
}
