/**
 * List prices in dollars, us-east-1, without any free tier, as they stood in November 2026. `source` says whose word it is:
 * check what matters to you against the page of the service.
 */

/** A price, for one of what it is for. */
export interface Price {
  readonly dollars: number;
  /** What it is for, as the table says it. */
  readonly unit: string;
  readonly source: string;
}

const million = 1_000_000;

export const prices = {
  lambdaTime: { dollars: 0.0000133334, unit: 'GB-second, arm64', source: 'power-tuning template, price list' },
  lambdaRequest: { dollars: 0.2 / million, unit: 'invocation', source: 'AWS Lambda pricing' },
  sqsStandard: { dollars: 0.4 / million, unit: 'request of 64 KiB', source: 'cloudburn.io, March 2026' },
  sqsFifo: { dollars: 0.5 / million, unit: 'request of 64 KiB', source: 'cloudburn.io, March 2026' },
  s3Get: { dollars: 0.4 / million, unit: 'GET', source: 'Amazon S3 pricing' },
  s3Put: { dollars: 5 / million, unit: 'PUT', source: 'Amazon S3 pricing' },
  s3Month: { dollars: 0.023, unit: 'GB and month', source: 'Amazon S3 pricing' },
  writeUnit: { dollars: 0.625 / million, unit: 'write request unit', source: 'DynamoDB on-demand pricing' },
  readUnit: { dollars: 0.125 / million, unit: 'read request unit', source: 'DynamoDB on-demand pricing' },
  snsPublish: { dollars: 0.5 / million, unit: 'publication', source: 'factualminds.com' },
  logGigabyte: { dollars: 0.5, unit: 'GB of logs taken in', source: 'cloudburn.io' },
  metric: { dollars: 0.3, unit: 'metric and month', source: 'cloudburn.io' },
  alarm: { dollars: 0.1, unit: 'metric of an alarm and month', source: 'cloudburn.io' },
  dashboard: { dollars: 3, unit: 'dashboard and month', source: 'cloudburn.io' },
  key: { dollars: 1, unit: 'KMS key and month', source: 'from memory' },
  secret: { dollars: 0.4, unit: 'secret and month', source: 'from memory' },
  endpointHour: { dollars: 0.01, unit: 'interface endpoint, zone and hour', source: 'from memory' },
  fargateCpu: { dollars: 0.03238, unit: 'vCPU-hour, arm64', source: 'vantage.sh' },
  fargateMemory: { dollars: 0.00356, unit: 'GB-hour, arm64', source: 'vantage.sh' },
  instanceHour: { dollars: 0.0168, unit: 't4g.small and hour', source: 'from memory' },
  volumeMonth: { dollars: 0.08, unit: 'GB of gp3 and month', source: 'from memory' },
  ingressMonth: { dollars: 50, unit: 'Mail Manager ingress endpoint and month', source: 'from memory' },
  ingressMail: { dollars: 0.15 / 1000, unit: 'message through Mail Manager', source: 'from memory' },
} as const satisfies Readonly<Record<string, Price>>;

/** Name of a price. */
export type PriceName = keyof typeof prices;
