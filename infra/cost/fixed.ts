/** What a stack costs by the month, whether there is mail or not. */
import { type MetricName, metricTable } from '../../functions/metrics/catalogue.ts';
import { type Figures, recordedMeasurement } from './measurement.ts';
import { costOf, price, totalOf } from './model.ts';

/** One line of the bill. */
export interface FixedCost {
  readonly what: string;
  readonly count: string;
  /** Dollars a month. */
  readonly dollars: number;
}

/** A month, as prices have it. */
export const hoursOfMonth = 730;

/** Of a template, what costs money by being there. */
interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;
}

/**
 * Lists them.
 *
 * @param template of the stack, as it was synthesized
 * @param destinations that have metrics of their own
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
      what: 'event sources that find nothing',
      count: String(sources),
      dollars: price('sqsStandard', polls(sources - fifo)) + price('sqsFifo', polls(fifo)),
    },
    { what: 'sweeps', count: String(sweeps), dollars: totalOf(costOf(sweep, 0)) * sweeps },
  ];
}

/** Series that CloudWatch keeps: one of each metric for the transport, and of some one for each destination. */
function metricCount(destinations: number): number {
  const names = Object.keys(metricTable) as MetricName[];
  const perDestination = names.filter((name) => 'perDestination' in metricTable[name]);
  return names.length + destinations * perDestination.length;
}

/** An alarm on an expression is charged by the metrics in it. */
function metricsOf(properties: object = {}): number {
  const { Metrics } = properties as { readonly Metrics?: readonly { readonly MetricStat?: object }[] };
  return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
}
