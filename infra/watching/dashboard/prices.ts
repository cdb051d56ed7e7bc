/** The prices that the dashboard estimates with. */
import { prices as listPrices } from '../../cost/prices.ts';
import { PropsError, refuse } from '../../properties/props-error.ts';

/** What is estimated from metrics, each in dollars for one. */
export const hourlyPriceNames = [
  'lambdaTime',
  'lambdaRequest',
  'sqsStandard',
  'sqsFifo',
  'readUnit',
  'writeUnit',
  'logGigabyte',
] as const;

/** Name of such a price. */
export type HourlyPriceName = (typeof hourlyPriceNames)[number];

/** Dollars: a GB-second and a call of Lambda, a request of SQS, a unit of DynamoDB, a GB of logs. */
export type HourlyPrices = Readonly<Record<HourlyPriceName, number>>;

/** Properties of a stack that are about its dashboard. */
export interface DashboardProps {
  /**
   * Prices in dollars that the dashboard estimates costs with, where yours are others: `{ lambdaTime: 0.0000166667 }`.
   *
   * @default - list prices of us-east-1; docs/cost.md has them with their sources
   */
  readonly prices?: Partial<HourlyPrices> | undefined;
}

/**
 * Checks prices and fills in those of the list.
 *
 * @throws PropsError naming the property, its value and what is allowed
 */
export function hourlyPricesOf(own: Partial<HourlyPrices> = {}): HourlyPrices {
  for (const [name, price] of Object.entries(own)) {
    if (!hourlyPriceNames.some((known) => known === name)) {
      throw new PropsError(`prices.${name} is not known: allowed are ${hourlyPriceNames.join(', ')}`);
    }
    if (typeof price === 'number' && price >= 0 && Number.isFinite(price)) continue;
    throw refuse(`prices.${name}`, price, 'a number of dollars from 0 on');
  }
  const entries = hourlyPriceNames.map((name) => [name, own[name] ?? listPrices[name].dollars]);
  return Object.fromEntries(entries) as HourlyPrices;
}
