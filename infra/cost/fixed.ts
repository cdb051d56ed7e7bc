/** The monthly costs of a stack that do not depend on mail. */
import { type MetricName, metricTable } from '../../functions/metrics/catalogue.ts';
import { type Figures, recordedMeasurement } from './measurement.ts';
import { costOf, price, totalOf } from './model.ts';

/** One line of the bill. */
export interface FixedCost {
  readonly what: string;
  readonly count: string;
  /** Dollars per month. */
  readonly dollars: number;
}

/** Hours of a month in AWS's prices. */
export const hoursOfMonth = 730;

/** The part of a template that fixed costs depend on. */
interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;
}

/**
 * Returns the fixed costs.
 *
 * @param template the synthesized template of the stack
 * @param destinations the number of destinations with their own metrics
 */
export function fixedCosts(
  template: unknown,
  destinations: number,
  sweep: Figures = recordedMeasurement().sweep,
): FixedCost[] {
  const resources = Object.values((template as Template).Resources);
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const watched = ofType('AWS::CloudWatch::Alarm').reduce((sum, { Properties }) => sum + metricsOf(Properties), 0);
  const metrics = metricCount(destinations);
  const sweeps = (hoursOfMonth * 60) / 5;
  const polls = (sources: number) => sources * 5 * ((hoursOfMonth * 3600) / 20);
  const sources = ofType('AWS::Lambda::EventSourceMapping').length;
  const fifo = 2; // active and its dead letters
  return [
    {
      what: 'metrics',
      count: `${metrics}, ${destinations} destination${destinations === 1 ? '' : 's'}`,
      dollars: price('metric', metrics),
    },
    {
      what: 'alarms',
      count: `${ofType('AWS::CloudWatch::Alarm').length}, of ${watched} metrics`,
      dollars: price('alarm', watched),
    },
    {
      what: 'dashboard',
      count: String(ofType('AWS::CloudWatch::Dashboard').length),
      dollars: price('dashboard', ofType('AWS::CloudWatch::Dashboard').length),
    },
    {
      what: 'KMS keys',
      count: String(ofType('AWS::KMS::Key').length),
      dollars: price('key', ofType('AWS::KMS::Key').length),
    },
    {
      what: 'empty polls of event sources',
      count: String(sources),
      dollars: price('sqsStandard', polls(sources - fifo)) + price('sqsFifo', polls(fifo)),
    },
    { what: 'sweeps', count: String(sweeps), dollars: totalOf(costOf(sweep, 0)) * sweeps },
  ];
}

/** The number of metrics: each for the transport, and some for each destination too. */
function metricCount(destinations: number): number {
  const names = Object.keys(metricTable) as MetricName[];
  const perDestination = names.filter((name) => 'perDestination' in metricTable[name]);
  return names.length + destinations * perDestination.length;
}

/** The metrics of an alarm: AWS charges for each metric of an expression. */
function metricsOf(properties: object = {}): number {
  const { Metrics } = properties as { readonly Metrics?: readonly { readonly MetricStat?: object }[] };
  return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
}
