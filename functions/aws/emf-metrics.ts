/**
 * Metrics as lines of the function's log, in CloudWatch's embedded metric format: no call, no permission, and nothing to wait
 * for. CloudWatch Logs takes the numbers out as the lines come in.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * Written by hand, since Powertools' Metrics forgets the dimensions that were added wherever it has to begin a second line, and
 * has one of its own (`service`) that would make each of our metrics another one.
 */

import { Console } from 'node:console';
import { dimensions, type MetricName, type MetricRow, metricTable, mostDestinations } from '../metrics/catalogue.ts';
import type { InvocationMetrics } from '../metrics/invocation.ts';
import { environmentNames as names } from '../parameters/environment.ts';

/** Values of a metric that one line may have; of metrics too, and there are fewer. */
const mostValues = 100;

/** Characters that the value of a dimension may have. */
const longestDimension = 1024;

export interface EmfOptions {
  readonly namespace: string;
  /** Name of the transport. */
  readonly transport: string;
  /** Destinations that have metrics of their own, normalised. What is no value for a dimension, or too many, has none. */
  readonly destinations: readonly string[];
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What becomes of two values of a metric in one invocation. */
const combine = {
  Sum: (a: number, b: number) => a + b,
  Maximum: Math.max,
  Minimum: Math.min,
} as const;

/** Values by metric; those of a destination apart from all others (key: empty). */
type Collected = Map<string, Map<MetricName, number[]>>;

/** Collects, and writes lines. */
export class EmfMetrics implements InvocationMetrics {
  readonly #options: EmfOptions;
  readonly #watched: ReadonlySet<string>;
  #collected: Collected = new Map();

  constructor(options: EmfOptions) {
    this.#options = options;
    this.#watched = new Set(options.destinations.filter(isDimension).slice(0, mostDestinations));
  }

  add(name: MetricName, value = 1, destination = ''): void {
    // CloudWatch refuses a line with such a number whole.
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
            // What is said of a destination counts for the transport too.
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

/** Values of a metric that go into one line. */
type Portion = readonly [MetricName, readonly number[]];

/** Cuts what was collected into lines that CloudWatch takes: each metric once in a line. */
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

/** Printable US-ASCII with something to see, which does not begin with a colon. */
function isDimension(text: string): boolean {
  return text.length <= longestDimension && /^(?!:)[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(text);
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** The metrics of a function; absent where its environment has no namespace for them. */
export function metricsFromEnvironment(
  environment: NodeJS.ProcessEnv,
  transport: string,
): InvocationMetrics | undefined {
  const namespace = environment[names.metricsNamespace];
  if (namespace === undefined || namespace === '') return undefined;
  // Lambda's own console puts a time and an id before each line.
  const lines = new Console({ stdout: process.stdout, stderr: process.stderr });
  // A destination of several servers has commas in it.
  const destinations = (environment[names.watchedDestinations] ?? '').split(/\s+/).filter((word) => word !== '');
  return new EmfMetrics({ namespace, transport, destinations, write: (line) => lines.log(line) });
}
