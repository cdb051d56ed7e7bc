import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { dimensions, type MetricName, type MetricRow, metricTable } from '../../../functions/metrics/catalogue.ts';
import { refuse } from '../../properties/props-error.ts';

/** How a metric is looked at, where another way than the usual one is wanted; its name and dimensions are given. */
export type MailMetricOptions = Omit<MetricOptions, 'dimensionsMap'>;

export interface MailMetricsProps {
  readonly namespace: string;
  /** Name of the transport. */
  readonly transport: string;
  /** Destinations that have metrics of their own, as the functions know them. */
  readonly destinations: readonly string[];
}

/** Names of the metrics that are given for each watched destination too. */
export type DestinationMetricName = {
  [Name in MetricName]: (typeof metricTable)[Name] extends { readonly perDestination: true } ? Name : never;
}[MetricName];

/**
 * The metrics that the functions of a stack write: what may be drawn and watched.
 *
 *     new Alarm(this, 'Late', { metric: delivery.metrics.metricOldestDeferred(), threshold: 3600, evaluationPeriods: 3 });
 *     delivery.metrics.metricFor('inet:lmtp.example.com:24', 'Sent');
 *
 * Each is over five minutes, with the statistic that its row in functions/metrics/catalogue.ts says, unless options say otherwise.
 */
export class MailMetrics {
  /** Of this stack alone. */
  readonly namespace: string;
  /** Destinations that have metrics of their own. */
  readonly destinations: readonly string[];
  readonly #transport: string;

  constructor({ namespace, transport, destinations }: MailMetricsProps) {
    this.namespace = namespace;
    this.destinations = destinations;
    this.#transport = transport;
  }

  /** A metric of the transport. */
  metric(name: MetricName, options?: MailMetricOptions): Metric {
    return this.#make(name, { [dimensions.transport]: this.#transport }, options);
  }

  /**
   * A metric of one destination.
   *
   * @param destination one of those that have metrics of their own, as the functions know it: `inet:lmtp.example.com:24`
   * @throws PropsError for another one
   */
  metricFor(destination: string, name: DestinationMetricName, options?: MailMetricOptions): Metric {
    if (!this.destinations.includes(destination)) {
      const allowed = this.destinations.join(', ') || 'none';
      throw refuse('destination', destination, `one with metrics of its own (watchedDestinations: ${allowed})`);
    }
    const both = { [dimensions.transport]: this.#transport, [dimensions.destination]: destination };
    return this.#make(name, both, options);
  }

  /** Recipients taken in: each is sent to or bounced some day. */
  metricArrived(options?: MailMetricOptions): Metric {
    return this.metric('Arrived', options);
  }

  /** Requests and deliveries that cannot be used. */
  metricCorrupt(options?: MailMetricOptions): Metric {
    return this.metric('Corrupt', options);
  }

  /** Attempts to deliver. */
  metricAttempts(options?: MailMetricOptions): Metric {
    return this.metric('Attempts', options);
  }

  /** Recipients delivered to. */
  metricSent(options?: MailMetricOptions): Metric {
    return this.metric('Sent', options);
  }

  /** Recipients to be tried again. */
  metricDeferred(options?: MailMetricOptions): Metric {
    return this.metric('Deferred', options);
  }

  /** Recipients given up on. */
  metricBounced(options?: MailMetricOptions): Metric {
    return this.metric('Bounced', options);
  }

  /** Recipients that came into doubt: the message may be delivered to them more than once. */
  metricInDoubt(options?: MailMetricOptions): Metric {
    return this.metric('InDoubt', options);
  }

  /** Seconds from arrival to delivery, of the slowest in a hundred. */
  metricDelay(options?: MailMetricOptions): Metric {
    return this.metric('Delay', options);
  }

  /** Sessions opened. */
  metricSessionsOpened(options?: MailMetricOptions): Metric {
    return this.metric('SessionsOpened', options);
  }

  /** Sessions used again. */
  metricSessionsReused(options?: MailMetricOptions): Metric {
    return this.metric('SessionsReused', options);
  }

  /** Sessions whose replies were out of step: a line too many, too few, or out of place. */
  metricOutOfStep(options?: MailMetricOptions): Metric {
    return this.metric('OutOfStep', options);
  }

  /** Servers that could not be found or connected to, or whose greeting refused. */
  metricConnectFailures(options?: MailMetricOptions): Metric {
    return this.metric('ConnectFailures', options);
  }

  /** Sessions without the TLS that is wanted. */
  metricTlsFailures(options?: MailMetricOptions): Metric {
    return this.metric('TlsFailures', options);
  }

  /** Passwords refused, or AUTH not offered. */
  metricAuthFailures(options?: MailMetricOptions): Metric {
    return this.metric('AuthFailures', options);
  }

  /** Days until the first certificate ends. */
  metricCertificateDays(options?: MailMetricOptions): Metric {
    return this.metric('CertificateDays', options);
  }

  /** Secrets that could not be read or understood. */
  metricSecretFaults(options?: MailMetricOptions): Metric {
    return this.metric('SecretFaults', options);
  }

  /** Attempts that our own time ended. */
  metricDeadlineClamped(options?: MailMetricOptions): Metric {
    return this.metric('DeadlineClamped', options);
  }

  /** Deliveries that wait, of whatever state. */
  metricWaiting(options?: MailMetricOptions): Metric {
    return this.metric('Waiting', options);
  }

  /** Of these, deliveries that wait only for a full or disabled mailbox. */
  metricWaitingForMailbox(options?: MailMetricOptions): Metric {
    return this.metric('WaitingForMailbox', options);
  }

  /** Deliveries held by a person. */
  metricHeld(options?: MailMetricOptions): Metric {
    return this.metric('Held', options);
  }

  /** Requests and deliveries that cannot be used, until a person has seen to them. */
  metricCorruptWaiting(options?: MailMetricOptions): Metric {
    return this.metric('CorruptWaiting', options);
  }

  /** Seconds since the oldest delivery that waits arrived. */
  metricOldestDeferred(options?: MailMetricOptions): Metric {
    return this.metric('OldestDeferred', options);
  }

  /** Deliveries that are returned to their senders soon, unless something changes. */
  metricExpiringSoon(options?: MailMetricOptions): Metric {
    return this.metric('ExpiringSoon', options);
  }

  /** Suspended destinations that mail waits for. */
  metricDestinationsDead(options?: MailMetricOptions): Metric {
    return this.metric('DestinationsDead', options);
  }

  /** Deliveries held because no function could handle them. */
  metricStranded(options?: MailMetricOptions): Metric {
    return this.metric('Stranded', options);
  }

  /** Deliveries held because all remaining recipients are at in_doubt_limit. */
  metricHeldInDoubt(options?: MailMetricOptions): Metric {
    return this.metric('HeldInDoubt', options);
  }

  #make(metricName: MetricName, dimensionsMap: Record<string, string>, options: MailMetricOptions = {}): Metric {
    const { about, statistic }: MetricRow = metricTable[metricName];
    const usual = { statistic, period: Duration.minutes(5), label: about };
    return new Metric({ namespace: this.namespace, metricName, ...usual, ...options, dimensionsMap });
  }
}
