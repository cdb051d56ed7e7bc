/**
 * The delivery log: one structured line for each recipient and attempt, with the fields and meanings of Postfix's own
 * line (src/global/log_adhoc.c).
 */

import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import { quoteAddress } from '../smtp/path.ts';

/** One line. */
export interface DeliveryLine {
  /** Queue id. */
  readonly id: string;
  readonly recipient: string;
  /** The address before rewriting, where it was another. */
  readonly orig: string | null;
  /** `host[address]:port`; null where no session was had. */
  readonly relay: string | null;
  /** Uses of the connection, told from the second on. */
  readonly conn_use?: number;
  /** Seconds from arrival to the verdict. */
  readonly delay: number;
  /** Seconds: before active, in active, setting the session up, transferring. */
  readonly delays: readonly [number, number, number, number];
  readonly dsn: EnhancedStatus;
  readonly status: 'sent' | 'deferred' | 'bounced' | 'expired';
  /** The server's words. */
  readonly text: string;
  /** Which attempt it was, from 1; 0 = refused at the door. */
  readonly attempt?: number;
  /** The message may be delivered more than once. */
  readonly in_doubt?: true;
}

/** What a line is made of. Times are milliseconds, setUp and transfer seconds. */
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
    readonly setUp: number;
    readonly transfer: number;
  };
  readonly arrival: number;
  /** When the delivery entered active. */
  readonly activated: number;
  /** When the agent took it up. */
  readonly begun: number;
  readonly attempt?: number;
}

/** Composes a line. */
export function deliveryLine({ id, recipient, verdict, arrival, activated, begun, attempt }: LineFacts): DeliveryLine {
  const before = (activated - arrival) / 1000;
  const waiting = (begun - activated) / 1000;
  const { setUp, transfer } = verdict;
  const { address, original } = recipient;
  const orig = original !== undefined && original.toLowerCase() !== address.toLowerCase() ? original : null;
  return {
    id,
    recipient: quoteAddress(address),
    orig,
    relay: verdict.relay ?? null,
    ...(verdict.connUse !== undefined && verdict.connUse > 1 ? { conn_use: verdict.connUse } : {}),
    delay: roundDelay((begun - arrival) / 1000 + setUp + transfer),
    delays: [roundDelay(before), roundDelay(waiting), roundDelay(setUp), roundDelay(transfer)],
    dsn: verdict.dsn,
    status: verdict.status,
    text: verdict.text,
    ...(attempt === undefined ? {} : { attempt }),
    ...(verdict.inDoubt === true ? { in_doubt: true } : {}),
  };
}

/**
 * A number of seconds as Postfix shows it: at most two significant digits and two decimals, from ten seconds on whole
 * seconds; what is negative, because clocks differ, shows as 0 (delay_logging_resolution_limit).
 */
export function roundDelay(seconds: number): number {
  if (!(seconds > 0)) return 0;
  if (seconds >= 9.95) return Math.round(seconds);
  const decimals = seconds >= 0.995 ? 1 : 2;
  return Number(seconds.toFixed(decimals));
}
