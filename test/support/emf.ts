/**
 * Lines in CloudWatch's embedded metric format, as CloudWatch reads them.
 */
import { dimensions } from '../../functions/metrics/catalogue.ts';

export interface EmfLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

/** Whether a value is such a line. */
export function isEmf(value: unknown): value is EmfLine {
  return typeof value === 'object' && value !== null && '_aws' in value;
}

/** A line of a log. */
export function parseEmf(line: string): EmfLine {
  const value: unknown = JSON.parse(line);
  if (!isEmf(value)) throw new Error(`no line of metrics: ${line}`);
  return value;
}

/**
 * Metrics as CloudWatch extracts them from lines: values by metric, for a transport alone or for one of its
 * destinations.
 */
export class MetricReader {
  readonly #values = new Map<string, number[]>();

  constructor(lines: Iterable<EmfLine>) {
    for (const line of lines) this.#read(line);
  }

  /** All values of a metric of the transport, or of one of its destinations. */
  values(name: string, destination?: string): readonly number[] {
    const set = destination === undefined ? '' : ` ${dimensions.destination}=${destination}`;
    return this.#values.get(`${name}${set}`) ?? [];
  }

  /** Their sum. */
  sum(name: string, destination?: string): number {
    return this.values(name, destination).reduce((sum, value) => sum + value, 0);
  }

  /** How many metrics are charged: each name, with each set of dimensions. */
  get count(): number {
    return this.#values.size;
  }

  #read(line: EmfLine): void {
    for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        for (const set of Dimensions) {
          const own = set.filter((name) => name !== dimensions.transport).map((name) => ` ${name}=${line[name]}`);
          const key = [Name, ...own].join('');
          const values = this.#values.get(key) ?? [];
          values.push(...([line[Name]].flat() as number[]));
          this.#values.set(key, values);
        }
      }
    }
  }
}
