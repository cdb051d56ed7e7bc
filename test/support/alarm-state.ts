/**
 * The state of an alarm of a template, given the values of its metrics: CloudWatch's rules, as far as our
 * alarms use them. Every minute it evaluates the time before that minute.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
import { evaluateMath, type MathValue } from './metric-math.ts';

/** A metric as a template names it. */
export interface NamedMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly MetricStat?: { readonly Metric: NamedMetric; readonly Period: number; readonly Stat: string };
}

/** An alarm of a template, as far as it is evaluated. */
export interface AlarmProperties extends Partial<NamedMetric> {
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly MetricQuery[];
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly TreatMissingData: string;
}

/** A value that a metric has at a minute. */
export type Sample = readonly [minute: number, value: number];

/** The values of metrics; none for a metric that is not written. */
export type Series = (metric: NamedMetric) => readonly Sample[];

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** Returns the states of an alarm at each minute from 1 to `until`. */
export function statesOf(alarm: AlarmProperties, series: Series, until: number): readonly AlarmState[] {
  let state: AlarmState = 'INSUFFICIENT_DATA';
  return Array.from({ length: until }, (_, index) => {
    state = nextState(alarm, series, index + 1, state);
    return state;
  });
}

function nextState(alarm: AlarmProperties, series: Series, minute: number, before: AlarmState): AlarmState {
  const minutes = periodOf(alarm) / 60;
  const values = Array.from({ length: alarm.EvaluationPeriods }, (_, back) =>
    valueWithin(alarm, series, minute - (back + 1) * minutes, minute - back * minutes),
  );
  const isMissing = values.every((value) => value === undefined);
  if (isMissing && alarm.TreatMissingData === 'ignore') return before;
  if (isMissing && alarm.TreatMissingData === 'missing') return 'INSUFFICIENT_DATA';
  const bad = values.filter((value) =>
    value === undefined ? alarm.TreatMissingData === 'breaching' : isBeyond(value, alarm),
  ).length;
  return bad >= (alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods) ? 'ALARM' : 'OK';
}

function isBeyond(value: number, { Threshold, ComparisonOperator }: AlarmProperties): boolean {
  switch (ComparisonOperator) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= Threshold;
    case 'LessThanThreshold':
      return value < Threshold;
    default:
      throw new Error(`${ComparisonOperator} is not understood`);
  }
}

/** Returns all metrics of an alarm, by their names in its expression. */
export function queriesOf(alarm: AlarmProperties): readonly MetricQuery[] {
  const { Metrics, Namespace, MetricName, Dimensions, Statistic: Stat, Period } = alarm;
  if (Metrics !== undefined) return Metrics;
  if (Namespace === undefined || MetricName === undefined || Stat === undefined || Period === undefined) {
    throw new Error(`the alarm has no metric: ${JSON.stringify(alarm)}`);
  }
  const Metric = { Namespace, MetricName, ...(Dimensions === undefined ? {} : { Dimensions }) };
  return [{ Id: 'm', ReturnData: true, MetricStat: { Metric, Period, Stat } }];
}

/** Seconds of one value. */
export function periodOf(alarm: AlarmProperties): number {
  const periods = new Set(queriesOf(alarm).flatMap(({ MetricStat }) => MetricStat?.Period ?? []));
  const [period, ...others] = periods;
  if (period === undefined || others.length > 0) throw new Error(`periods are mixed: ${JSON.stringify(alarm)}`);
  return period;
}

function valueWithin(alarm: AlarmProperties, series: Series, after: number, until: number): MathValue {
  const values = new Map<string, MathValue>();
  let asked: MathValue;
  const queries = queriesOf(alarm);
  for (const { Id, MetricStat } of queries) {
    if (MetricStat === undefined) continue;
    const found = series(MetricStat.Metric).filter(([minute]) => minute > after && minute <= until);
    values.set(
      Id,
      aggregate(
        MetricStat.Stat,
        found.map(([, value]) => value),
      ),
    );
  }
  for (const { Id, Expression, ReturnData } of queries) {
    const value = Expression === undefined ? values.get(Id) : evaluateMath(Expression, values);
    if (ReturnData !== false) asked = value;
  }
  return asked;
}

function aggregate(statistic: string, values: readonly number[]): MathValue {
  if (values.length === 0) return undefined;
  switch (statistic) {
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'Maximum':
      return Math.max(...values);
    case 'Minimum':
      return Math.min(...values);
    default:
      throw new Error(`the statistic ${statistic} is not understood`);
  }
}
