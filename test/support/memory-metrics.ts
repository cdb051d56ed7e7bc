/** Metrics in memory, for tests: the added values, in order, and the sums. */
import type { MetricName } from '../../functions/metrics/catalogue.ts';
import type { Metrics } from '../../functions/metrics/metrics.ts';

export interface AddedValue {
  readonly name: MetricName;
  readonly value: number;
  readonly destination: string | undefined;
}

export class MemoryMetrics implements Metrics {
  readonly added: AddedValue[] = [];

  add(name: MetricName, value = 1, destination?: string): void {
    this.added.push({ name, value, destination });
  }

  /** The values of a metric. */
  of(name: MetricName): readonly number[] {
    return this.added.filter((one) => one.name === name).map(({ value }) => value);
  }

  /** Their sum; 0 where there is none. */
  sum(name: MetricName): number {
    return this.of(name).reduce((sum, value) => sum + value, 0);
  }

  /** The sums of all metrics that were given. */
  sums(): Readonly<Partial<Record<MetricName, number>>> {
    return Object.fromEntries([...new Set(this.added.map(({ name }) => name))].map((name) => [name, this.sum(name)]));
  }
}
