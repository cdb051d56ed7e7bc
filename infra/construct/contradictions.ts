/** Properties that are allowed, but not together. */
import type { Duration } from 'aws-cdk-lib';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import { bodyRetentionFor, deadLetterDays } from '../../functions/queue/items/body-retention.ts';
import { PropsError } from '../properties/props-error.ts';
import { cachedSessions, generations } from '../properties/session-count.ts';
import { hasSeveralDestinations, type Watched } from '../properties/watched-destinations.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';

/** The checked properties that may contradict each other. */
export interface CheckedProps extends Watched {
  /** Sessions that a mail server allows; absent: no limit. */
  readonly sessionBudget: number | undefined;
  /** Containers of lmtp. */
  readonly maximumConcurrency: number;
  /** Absent: bodies are not deleted. */
  readonly bodyRetention: Duration | undefined;
}

/**
 * Refuses contradictions.
 *
 * @throws PropsError with both properties and the allowed combinations
 */
export function refuseContradictions(settings: CheckedProps, props: LmtpDeliveryProps, parameters: Parameters): void {
  refuseMoreSessions(settings, parameters);
  refuseOneForAll(settings, props, parameters);
  refuseEarlyDeletion(settings, parameters);
}

function refuseMoreSessions({ sessionBudget, maximumConcurrency }: CheckedProps, parameters: Parameters): void {
  if (sessionBudget === undefined) return;
  const each = cachedSessions(parameters);
  const sum = maximumConcurrency * each * generations;
  if (sum <= sessionBudget) return;
  const functions = Math.floor(sessionBudget / each / generations);
  const sessions = Math.floor(sessionBudget / maximumConcurrency / generations);
  const ways = [
    ...(functions < 2 ? [] : [`a maximumConcurrency of at most ${functions}`]),
    ...(sessions < 1 ? [] : [`an lmtp_connection_cache_size of at most ${sessions}`]),
    `a sessionBudget of at least ${sum}`,
  ];
  throw new PropsError(
    `sessionBudget: ${sessionBudget} is less than maximumConcurrency and lmtp_connection_cache_size allow: ` +
      `${maximumConcurrency} functions × ${each} sessions × ${generations} (new containers start before old ones close their sessions) = ${sum}; ` +
      `set ${ways.join(', or ')}`,
  );
}

/** Refuses a limit at which one slow destination occupies every lmtp function, while mail for the others waits. */
function refuseOneForAll(settings: CheckedProps, props: LmtpDeliveryProps, parameters: Parameters): void {
  const { maximumConcurrency } = settings;
  const limit = parameters.lmtp_destination_concurrency_limit;
  if (limit < maximumConcurrency) return;
  if (!hasSeveralDestinations(settings, parameters)) return;
  const written = ['lmtp_destination_concurrency_limit', 'default_destination_concurrency_limit'] as const;
  const name = written.find((one) => props.parameters?.[one] !== undefined) ?? written[0];
  throw new PropsError(
    `parameters: ${name}: ${limit} contradicts maximumConcurrency: ${maximumConcurrency}: one slow destination would occupy ` +
      `every lmtp function, and mail for the others would wait; set a limit of at most ${maximumConcurrency - 1}, ` +
      `or a maximumConcurrency above ${limit} (twice that is recommended)`,
  );
}

function refuseEarlyDeletion({ bodyRetention }: CheckedProps, parameters: Parameters): void {
  if (bodyRetention === undefined) return;
  const { parameter, lifetime, days } = bodyRetentionFor(parameters);
  if (bodyRetention.toDays() >= days) return;
  throw new PropsError(
    `bodyRetention: ${bodyRetention.toDays()} days contradict ${parameter}: mail may wait ${deadLetterDays} days in a dead-letter queue and is then ` +
      `tried for ${lifetime} more; set a bodyRetention of at least ${days} days, or a shorter ${parameter}`,
  );
}
