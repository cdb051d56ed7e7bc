/**
 * List prices in dollars, us-east-1, without any free tier, of November 2026. `source` names the source: check the prices that matter
 * to you on the page of the service.
 */

/** A price per unit. */
export interface Price {
  readonly dollars: number;
  /** The unit, as in the table. */
  readonly unit: string;
  readonly source: string;
}

const million = 1_000_000;

export const prices = {
  lambdaTime: {
    dollars: 0.0000133334,
    unit: 'GB-second, arm64',
    source: 'price list, in template.yml of aws-lambda-power-tuning',
  },
  lambdaRequest: { dollars: 0.2 / million, unit: 'invocation', source: 'from memory' },
  sqsStandard: {
    dollars: 0.4 / million,
    unit: 'request of 64 KiB',
    source: 'cloudburn.io/blog/amazon-sqs-pricing, March 2026',
  },
  sqsFifo: {
    dollars: 0.5 / million,
    unit: 'request of 64 KiB',
    source: 'cloudburn.io/blog/amazon-sqs-pricing, March 2026',
  },
  s3Get: { dollars: 0.4 / million, unit: 'GET', source: 'from memory' },
  s3Put: { dollars: 5 / million, unit: 'PUT', source: 'from memory' },
  s3Month: { dollars: 0.023, unit: 'GB and month', source: 'from memory' },
  writeUnit: { dollars: 0.625 / million, unit: 'write request unit', source: 'from memory' },
  readUnit: { dollars: 0.125 / million, unit: 'read request unit', source: 'from memory' },
  snsPublish: {
    dollars: 0.5 / million,
    unit: 'publication',
    source: 'factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols',
  },
  logGigabyte: { dollars: 0.5, unit: 'GB of ingested logs', source: 'cloudburn.io/blog/amazon-cloudwatch-pricing' },
  metric: { dollars: 0.3, unit: 'metric and month', source: 'cloudburn.io/blog/amazon-cloudwatch-pricing' },
  alarm: { dollars: 0.1, unit: 'metric of an alarm and month', source: 'cloudburn.io/blog/amazon-cloudwatch-pricing' },
  dashboard: { dollars: 3, unit: 'dashboard and month', source: 'cloudburn.io/blog/amazon-cloudwatch-pricing' },
  key: { dollars: 1, unit: 'KMS key and month', source: 'from memory' },
  secret: { dollars: 0.4, unit: 'secret and month', source: 'from memory' },
  endpointHour: { dollars: 0.01, unit: 'interface endpoint, zone and hour', source: 'from memory' },
  fargateCpu: { dollars: 0.03238, unit: 'vCPU-hour, arm64', source: 'vantage.sh/blog/fargate-pricing' },
  fargateMemory: { dollars: 0.00356, unit: 'GB-hour, arm64', source: 'vantage.sh/blog/fargate-pricing' },
  instanceHour: { dollars: 0.0168, unit: 't4g.small and hour', source: 'from memory' },
  volumeMonth: { dollars: 0.08, unit: 'GB of gp3 and month', source: 'from memory' },
  ingressMonth: { dollars: 50, unit: 'Mail Manager ingress endpoint and month', source: 'from memory' },
  ingressMail: { dollars: 0.15 / 1000, unit: 'message through Mail Manager', source: 'from memory' },
} as const satisfies Readonly<Record<string, Price>>;

/** Name of a price. */
export type PriceName = keyof typeof prices;
