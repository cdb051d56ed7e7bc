/** The prices that the dashboard estimates with. */
import { prices as listPrices } from '../../cost/prices.ts';
import { PropsError, refuse } from '../../properties/props-error.ts';

/** The prices of the estimate, in dollars per unit. */
export const hourlyPriceNames = [
  'lambdaTime',
  'lambdaRequest',
  'sqsStandard',
  'sqsFifo',
  'readUnit',
  'writeUnit',
  'logGigabyte',
] as const;

/** Name of a price. */
export type HourlyPriceName = (typeof hourlyPriceNames)[number];

/** Dollars: a GB-second and a call of Lambda, a request of SQS, a unit of DynamoDB, a GB of logs. */
export type HourlyPrices = Readonly<Record<HourlyPriceName, number>>;

/** Properties of a stack that are about its dashboard. */
export interface DashboardProps {
  /**
   * Your prices in dollars, for the dashboard's estimate of costs: `{ lambdaTime: 0.0000166667 }`.
   *
   * @default - list prices of us-east-1; docs/cost.md has them with their sources
   */
  readonly prices?: Partial<HourlyPrices> | undefined;
}

/**
 * Returns checked prices, with list prices as defaults.
 *
 * @throws PropsError with the property, its value and what is allowed
 */
export function hourlyPricesOf(own: Partial<HourlyPrices> = {}): HourlyPrices {
  for (const [name, price] of Object.entries(own)) {
    if (!hourlyPriceNames.some((known) => known === name)) {
      throw new PropsError(`prices.${name} is not known: allowed are ${hourlyPriceNames.join(', ')}`);
    }
    if (typeof price === 'number' && price >= 0 && Number.isFinite(price)) continue;
    throw refuse(`prices.${name}`, price, 'a number of dollars, 0 or more');
  }
  const entries = hourlyPriceNames.map((name) => [name, own[name] ?? listPrices[name].dollars]);
  return Object.fromEntries(entries) as HourlyPrices;
}
