/**
 * What an opening counts for: a session that was opened, or what stood in its way.
 */

import type { MetricName } from '../metrics/catalogue.ts';
import type { OpeningFault } from '../session/opening.ts';
import type { Session } from '../session/session.ts';
import type { AttemptContext } from './attempt-context.ts';

const day = 24 * 60 * 60_000;

const faults: Readonly<Record<OpeningFault['kind'], MetricName>> = {
  refused: 'ConnectFailures',
  'TLS not offered': 'TlsFailures',
  'TLS refused': 'TlsFailures',
  'TLS failed': 'TlsFailures',
  'certificate not accepted': 'TlsFailures',
  'AUTH not offered': 'AuthFailures',
  'no mechanism offered': 'AuthFailures',
  'no mechanism available': 'AuthFailures',
  'AUTH failed': 'AuthFailures',
  'AUTH refused': 'AuthFailures',
};

/** Counts a session, and the days that its certificate has left. */
export function countOpened({ security: { tls } }: Session, { count, agent }: AttemptContext): void {
  count('SessionsOpened');
  if (tls?.certificate_ends === undefined) return;
  count('CertificateDays', Math.floor((Date.parse(tls.certificate_ends) - agent.clock.now().wall) / day));
}

/** Counts what stood in the way of a session. */
export function countFault({ kind }: OpeningFault, { count }: Pick<AttemptContext, 'count'>): void {
  count(faults[kind]);
}
