/**
 * Metrics as lines of the function's log, in CloudWatch's embedded metric format: without calls, permissions or
 * waiting. CloudWatch Logs extracts the numbers.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * Powertools' Metrics is not used. It drops added dimensions when it begins a second line. It also adds the dimension
 * `service`, which would change each metric.
 */

import { Console } from 'node:console';
import { dimensions, type MetricName, type MetricRow, metricTable, mostDestinations } from '../metrics/catalogue.ts';
import type { InvocationMetrics } from '../metrics/invocation.ts';
import { environmentNames as names } from '../parameters/environment.ts';

/** Most values of a metric in one line; the same limit for metrics is never reached. */
const mostValues = 100;

/** Most characters of a dimension's value. */
const longestDimension = 1024;

export interface EmfOptions {
  readonly namespace: string;
  /** Name of the transport. */
  readonly transport: string;
  /**
   * Destinations with metrics of their own, normalised. Those that are no valid dimension, or too many, are ignored.
   */
  readonly destinations: readonly string[];
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** How two values of a metric in one invocation are combined. */
const combine = {
  Sum: (a: number, b: number) => a + b,
  Maximum: Math.max,
  Minimum: Math.min,
} as const;

/** Values by metric, separate for each destination (key; empty: all others). */
type Collected = Map<string, Map<MetricName, number[]>>;

/** Collects values and writes them as lines. */
export class EmfMetrics implements InvocationMetrics {
  readonly #options: EmfOptions;
  readonly #watched: ReadonlySet<string>;
  #collected: Collected = new Map();

  constructor(options: EmfOptions) {
    this.#options = options;
    this.#watched = new Set(options.destinations.filter(isDimension).slice(0, mostDestinations));
  }

  add(name: MetricName, value = 1, destination = ''): void {
    // CloudWatch refuses a whole line with such a number.
    if (!Number.isFinite(value)) return;
    const { perDestination, statistic }: MetricRow = metricTable[name];
    const group = perDestination === true && this.#watched.has(destination) ? destination : '';
    const metrics = entry(this.#collected, group, () => new Map<MetricName, number[]>());
    const values = entry(metrics, name, () => []);
    const [kept] = values;
    if (kept === undefined || statistic === 'p99') values.push(value);
    else values[0] = combine[statistic](kept, value);
  }

  flush(): void {
    const collected = this.#collected;
    this.#collected = new Map();
    for (const [destination, metrics] of collected) {
      for (const part of portions(metrics)) this.#options.write(this.#line(destination, part));
    }
  }

  #line(destination: string, values: readonly Portion[]): string {
    const { namespace, transport, now = Date.now } = this.#options;
    const own = destination === '' ? [] : [[dimensions.transport, dimensions.destination]];
    return JSON.stringify({
      _aws: {
        Timestamp: now(),
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            // Values of a destination also count for the transport.
            Dimensions: [[dimensions.transport], ...own],
            Metrics: values.map(([Name]) => ({ Name, Unit: metricTable[Name].unit })),
          },
        ],
      },
      [dimensions.transport]: transport,
      ...(destination === '' ? {} : { [dimensions.destination]: destination }),
      ...Object.fromEntries(values.map(([name, all]) => [name, all.length === 1 ? all[0] : all])),
    });
  }
}

/** The values of a metric in one line. */
type Portion = readonly [MetricName, readonly number[]];

/** Divides the values among lines that CloudWatch accepts: each metric once in a line. */
function portions(metrics: ReadonlyMap<MetricName, readonly number[]>): readonly (readonly Portion[])[] {
  const lines: Portion[][] = [];
  for (const [name, values] of metrics) {
    for (let nth = 0; nth * mostValues < values.length; nth += 1) {
      const line = lines[nth] ?? [];
      lines[nth] = line;
      line.push([name, values.slice(nth * mostValues, (nth + 1) * mostValues)]);
    }
  }
  return lines;
}

/** Whether text is printable US-ASCII, not blank, and without a leading colon. */
function isDimension(text: string): boolean {
  return text.length <= longestDimension && /^(?!:)[\x20-\x7e]+$/.test(text) && text.trim() !== '';
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Returns the metrics of a function; undefined if its environment has no namespace. */
export function metricsFromEnvironment(
  environment: NodeJS.ProcessEnv,
  transport: string,
): InvocationMetrics | undefined {
  const namespace = environment[names.metricsNamespace];
  if (namespace === undefined || namespace === '') return undefined;
  // Lambda's own console puts a time and an id before each line.
  const lines = new Console({ stdout: process.stdout, stderr: process.stderr });
  // Not split at commas: a destination of several servers contains commas.
  const destinations = (environment[names.watchedDestinations] ?? '').split(/\s+/).filter((word) => word !== '');
  return new EmfMetrics({ namespace, transport, destinations, write: (line) => lines.log(line) });
}
