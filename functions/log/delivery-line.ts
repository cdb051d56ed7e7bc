/**
 * The delivery log: one structured line for each recipient and attempt, with the fields and meanings of Postfix's own
 * line (src/global/log_adhoc.c).
 */

import type { Parameters } from '../parameters/parameters.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import { quoteAddress, unquoteAddress } from '../smtp/path.ts';
import type { TlsFacts } from '../tls/facts.ts';

/** One line. */
export interface DeliveryLine {
  /** Queue id. */
  readonly id: string;
  readonly recipient: string;
  /** The address before rewriting, if different. */
  readonly orig: string | null;
  /** `host[address]:port`; null without a session. */
  readonly relay: string | null;
  /** Uses of the connection; absent at the first use. */
  readonly conn_use?: number;
  /** Seconds from arrival to the verdict. */
  readonly delay: number;
  /** Seconds: before active, in active, setting the session up, transferring. */
  readonly delays: readonly [number, number, number, number];
  readonly dsn: EnhancedStatus;
  readonly status: 'sent' | 'deferred' | 'bounced' | 'expired';
  /** The server's reply, or the agent's text. */
  readonly text: string;
  /** Number of the attempt, from 1; 0 = refused at admission. */
  readonly attempt?: number;
  /** The recipient may have the message: this attempt, or an earlier one, ended in doubt, and the server did not confirm it. */
  readonly in_doubt?: true;
  /** An earlier line reports the doubt, and this attempt adds none. */
  readonly in_doubt_known?: true;
  /**
   * Reconstructed from the item, because the worker crashed between its write and its log, or right after both; then it
   * repeats the worker's line. Only the first two delays are known, and the second includes the whole attempt.
   */
  readonly found?: true;
  /** The TLS properties of the session. */
  readonly tls?: TlsFacts;
}

/**
 * The format of a line (Postfix delay_logging_resolution_limit, info_log_address_format, lmtp_log_tls_feature_status).
 */
export interface LineFormat {
  /** Most digits after the decimal point. */
  readonly resolution: number;
  /** `external`: unusual local-parts are quoted. */
  readonly addresses: 'external' | 'internal';
  /** Whether to log TLS properties. */
  readonly tls: boolean;
}

/** Postfix's default format. */
export const usualFormat: LineFormat = { resolution: 2, addresses: 'external', tls: true };

/** Returns the format that the parameters set. */
export function lineFormat(
  parameters: Pick<
    Parameters,
    'delay_logging_resolution_limit' | 'info_log_address_format' | 'lmtp_log_tls_feature_status'
  >,
): LineFormat {
  return {
    resolution: parameters.delay_logging_resolution_limit,
    addresses: parameters.info_log_address_format,
    tls: parameters.lmtp_log_tls_feature_status,
  };
}

/** What a line is made from. Times are milliseconds, setUp and transfer seconds. */
export interface LineFacts {
  readonly id: string;
  readonly recipient: { readonly address: string; readonly original?: string };
  readonly verdict: {
    readonly status: DeliveryLine['status'];
    readonly dsn: EnhancedStatus;
    readonly text: string;
    readonly relay?: string;
    readonly connUse?: number;
    readonly inDoubt?: true;
    readonly tls?: TlsFacts;
    readonly setUp: number;
    readonly transfer: number;
  };
  readonly arrival: number;
  /** When the delivery entered active. */
  readonly activated: number;
  /** When the agent began. */
  readonly begun: number;
  readonly attempt?: number;
  /** Whether an earlier line reports the doubt of the recipient. */
  readonly isDoubtKnown?: boolean;
}

/** Returns a line. */
export function deliveryLine(
  { id, recipient, verdict, arrival, activated, begun, attempt, isDoubtKnown = false }: LineFacts,
  format: LineFormat = usualFormat,
): DeliveryLine {
  const round = (seconds: number) => roundDelay(seconds, format.resolution);
  const before = (activated - arrival) / 1000;
  const waiting = (begun - activated) / 1000;
  const { setUp, transfer } = verdict;
  const { address, original } = recipient;
  const orig = original !== undefined && original.toLowerCase() !== address.toLowerCase() ? original : null;
  return {
    id,
    recipient: format.addresses === 'external' ? quoteAddress(address) : unquoteAddress(address),
    orig,
    relay: verdict.relay ?? null,
    ...(verdict.connUse !== undefined && verdict.connUse > 1 ? { conn_use: verdict.connUse } : {}),
    delay: round((begun - arrival) / 1000 + setUp + transfer),
    delays: [round(before), round(waiting), round(setUp), round(transfer)],
    dsn: verdict.dsn,
    status: verdict.status,
    text: verdict.text,
    ...(attempt === undefined ? {} : { attempt }),
    ...(verdict.inDoubt === true ? { in_doubt: true } : {}),
    ...(verdict.inDoubt === true && isDoubtKnown ? { in_doubt_known: true } : {}),
    ...(verdict.tls === undefined || !format.tls ? {} : { tls: verdict.tls }),
  };
}

/**
 * Returns seconds as Postfix shows them: at most two significant digits and `resolution` decimals, whole seconds from
 * ten on. Negative values, from clocks that differ, are 0 (delay_logging_resolution_limit).
 */
export function roundDelay(seconds: number, resolution = usualFormat.resolution): number {
  if (!(seconds > 0)) return 0;
  const significant = 1 - Math.floor(Math.log10(seconds));
  return Number(seconds.toFixed(Math.max(0, Math.min(resolution, significant))));
}
