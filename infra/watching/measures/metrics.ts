import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { dimensions, type MetricName, type MetricRow, metricTable } from '../../../functions/metrics/catalogue.ts';
import { refuse } from '../../properties/props-error.ts';

/** Options of a metric that override its defaults; name and dimensions are fixed. */
export type MailMetricOptions = Omit<MetricOptions, 'dimensionsMap'>;

export interface MailMetricsProps {
  readonly namespace: string;
  /** Name of the transport. */
  readonly transport: string;
  /** Destinations with their own metrics, as the queue writes them. */
  readonly destinations: readonly string[];
}

/** Names of the metrics that each watched destination has too. */
export type DestinationMetricName = {
  [Name in MetricName]: (typeof metricTable)[Name] extends { readonly perDestination: true } ? Name : never;
}[MetricName];

/**
 * The metrics that the functions of a stack write, for graphs and alarms.
 *
 *     new Alarm(this, 'Late', { metric: delivery.metrics.metricOldestDeferred(), threshold: 3600, evaluationPeriods: 3 });
 *     delivery.metrics.metricFor('inet:lmtp.example.com:24', 'Sent');
 *
 * By default each has a period of five minutes and the statistic of its row in functions/metrics/catalogue.ts.
 */
export class MailMetrics {
  /** Namespace of this transport. */
  readonly namespace: string;
  /** Destinations with their own metrics. */
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
   * @param destination one of the watched destinations, as the queue writes it: `inet:lmtp.example.com:24`
   * @throws PropsError for another one
   */
  metricFor(destination: string, name: DestinationMetricName, options?: MailMetricOptions): Metric {
    if (!this.destinations.includes(destination)) {
      const allowed = this.destinations.join(', ') || 'none';
      throw refuse('destination', destination, `a watched destination (watchedDestinations: ${allowed})`);
    }
    const both = { [dimensions.transport]: this.#transport, [dimensions.destination]: destination };
    return this.#make(name, both, options);
  }

  /** Accepted recipients: each is finally sent or bounced. */
  metricArrived(options?: MailMetricOptions): Metric {
    return this.metric('Arrived', options);
  }

  /** Corrupt requests and deliveries. */
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

  /** Deferred recipients. */
  metricDeferred(options?: MailMetricOptions): Metric {
    return this.metric('Deferred', options);
  }

  /** Bounced recipients. */
  metricBounced(options?: MailMetricOptions): Metric {
    return this.metric('Bounced', options);
  }

  /** Recipients in doubt: the message may be delivered to them more than once. */
  metricInDoubt(options?: MailMetricOptions): Metric {
    return this.metric('InDoubt', options);
  }

  /** Seconds from arrival to delivery, p99. */
  metricDelay(options?: MailMetricOptions): Metric {
    return this.metric('Delay', options);
  }

  /** Sessions opened. */
  metricSessionsOpened(options?: MailMetricOptions): Metric {
    return this.metric('SessionsOpened', options);
  }

  /** Reused sessions. */
  metricSessionsReused(options?: MailMetricOptions): Metric {
    return this.metric('SessionsReused', options);
  }

  /** Sessions whose replies were out of step: a line too many, too few, or out of place. */
  metricOutOfStep(options?: MailMetricOptions): Metric {
    return this.metric('OutOfStep', options);
  }

  /** Servers that could not be resolved or connected to, or that refused with their greeting. */
  metricConnectFailures(options?: MailMetricOptions): Metric {
    return this.metric('ConnectFailures', options);
  }

  /** Sessions that did not meet the required TLS level. */
  metricTlsFailures(options?: MailMetricOptions): Metric {
    return this.metric('TlsFailures', options);
  }

  /** Rejected passwords, or AUTH not offered. */
  metricAuthFailures(options?: MailMetricOptions): Metric {
    return this.metric('AuthFailures', options);
  }

  /** Days until the first certificate expires. */
  metricCertificateDays(options?: MailMetricOptions): Metric {
    return this.metric('CertificateDays', options);
  }

  /** Secrets that could not be read or parsed. */
  metricSecretFaults(options?: MailMetricOptions): Metric {
    return this.metric('SecretFaults', options);
  }

  /** Attempts that the function time-out ended. */
  metricDeadlineClamped(options?: MailMetricOptions): Metric {
    return this.metric('DeadlineClamped', options);
  }

  /** Waiting deliveries, in any state. */
  metricWaiting(options?: MailMetricOptions): Metric {
    return this.metric('Waiting', options);
  }

  /** Of these, deliveries that wait only for a full or disabled mailbox. */
  metricWaitingForMailbox(options?: MailMetricOptions): Metric {
    return this.metric('WaitingForMailbox', options);
  }

  /** Held deliveries. */
  metricHeld(options?: MailMetricOptions): Metric {
    return this.metric('Held', options);
  }

  /** Corrupt requests and deliveries that wait for an operator. */
  metricCorruptWaiting(options?: MailMetricOptions): Metric {
    return this.metric('CorruptWaiting', options);
  }

  /** Seconds since the arrival of the oldest waiting delivery. */
  metricOldestDeferred(options?: MailMetricOptions): Metric {
    return this.metric('OldestDeferred', options);
  }

  /** Deliveries that are returned to their senders soon, unless delivered. */
  metricExpiringSoon(options?: MailMetricOptions): Metric {
    return this.metric('ExpiringSoon', options);
  }

  /** Suspended destinations with waiting mail. */
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
