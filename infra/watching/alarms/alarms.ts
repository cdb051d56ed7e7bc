import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { expirySoon } from '../../../functions/queue/items/expiry.ts';
import { PropsError } from '../../properties/props-error.ts';
import { type AlarmName, alarmTable, describeAlarm, longestDescription } from './catalogue.ts';
import { type Measure, measuresOf } from './measures.ts';
import type { AlarmFacts, AlarmRow } from './row.ts';
import { type AlarmProps, type Threshold, thresholdsOf } from './thresholds.ts';
import type { Watched } from './watched.ts';

export interface MailAlarmsProps extends AlarmProps {
  readonly watched: Watched;
  /** Topic of the alarms: notified when one begins and when it ends. */
  readonly topic: ITopic;
}

const hour = 3_600_000;

/**
 * The alarms of a transport, from the catalogue. Each notifies the topic when it begins and when it ends.
 *
 *     delivery.alarms.named('lateMail')[0]?.addAlarmAction(...)
 */
export class MailAlarms extends Construct {
  readonly #alarms: ReadonlyMap<AlarmName, readonly cloudwatch.Alarm[]>;
  readonly #props: MailAlarmsProps;

  /** @throws PropsError for a wrong setting, or if a text is too long for CloudWatch */
  constructor(scope: Construct, id: string, props: MailAlarmsProps) {
    super(scope, id);
    this.#props = props;
    const action = new SnsAction(props.topic);
    this.#alarms = new Map(
      [...thresholdsOf(props.alarms)].map(([name, threshold]) => {
        const measures = measuresOf(name, props.watched, threshold);
        return [name, measures.map((measure) => this.#alarm(name, threshold, measure))];
      }),
    );
    for (const alarm of this.all) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }

  /** All alarms, those about lost and late mail first. */
  get all(): readonly cloudwatch.Alarm[] {
    return [...this.#alarms.values()].flat();
  }

  /** Returns the alarms with a name: one, or one for each function or queue; none if it is disabled. */
  named(name: AlarmName): readonly cloudwatch.Alarm[] {
    return this.#alarms.get(name) ?? [];
  }

  #alarm(name: AlarmName, threshold: Threshold, { subject, metric, threshold: value, values }: Measure) {
    const row: AlarmRow = alarmTable[name];
    const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
    return new cloudwatch.Alarm(this, `${capitalised(name)}${capitalised(subject)}`, {
      alarmDescription: this.#text(name, threshold, subject),
      metric,
      threshold: value,
      evaluationPeriods: values,
      comparisonOperator:
        row.threshold.direction === 'below' ? LESS_THAN_THRESHOLD : GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: row.missing.treatment,
    });
  }

  #text(name: AlarmName, { value, minutes }: Threshold, subject: string): string {
    const { watched, operatingManual = 'docs/operating.md' } = this.#props;
    const { transport, parameters } = watched;
    const lifetime = parameters.maximal_queue_lifetime;
    const facts: AlarmFacts = {
      transport,
      lifetime: inWords(lifetime),
      expiringHours: Math.max(0, Math.ceil((lifetime - expirySoon) / hour)),
      threshold: value,
      over: inWords(minutes * 60_000),
      subject,
      command: (words) => `lambda-lmtp ${words} --stack ${Stack.of(this).stackName}${transportOption(transport)}`,
    };
    const text = describeAlarm(alarmTable[name], facts, operatingManual);
    if (text.length <= longestDescription) return text;
    throw new PropsError(
      `alarms.${name}: its text has ${text.length} characters, but CloudWatch allows ${longestDescription}: ` +
        'use a shorter operatingManual or name of the stack',
    );
  }
}

/** The option for a transport; none for `lmtp`, which is the default. */
function transportOption(transport: string): string {
  return transport === 'lmtp' ? '' : ` --transport ${transport}`;
}

/** Returns a length of time in its largest whole unit: `5 days`, `90 minutes`. */
function inWords(milliseconds: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', hour],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  const [unit, size] = units.find(([, length]) => milliseconds >= length && milliseconds % length === 0) ?? units[3];
  const count = Math.round(milliseconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function capitalised(name: string): string {
  return name.replace(/^./, (first) => first.toUpperCase());
}
