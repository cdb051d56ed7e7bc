/**
 * Ten customers, each with its own mail server somewhere on the internet.
 *
 * One transport delivers to all of them: a slow server delays no other, a dead one is suspended until it answers again,
 * and each has its own metrics and alarms. TLS is required, and certificates are verified.
 */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { LmtpDelivery } from 'lambda-lmtp';

/** A customer: whose mail, and where it goes. */
interface Customer {
  readonly domains: readonly string[];
  readonly server: string;
  /** What is agreed on TLS, where that differs from the rest (smtp_tls_policy_maps). */
  readonly tls?: string;
}

const customers: readonly Customer[] = [
  { domains: ['amber.example'], server: 'lmtp.amber.example' },
  { domains: ['birch.example', 'birch-trees.example'], server: 'lmtp.birch.example' },
  { domains: ['cedar.example'], server: 'lmtp.cedar.example' },
  // The certificate has the name of the provider.
  { domains: ['dahlia.example'], server: 'mail.dahlia.example', tls: 'verify match=.provider.example' },
  { domains: ['elder.example'], server: 'lmtp.elder.example' },
  // The certificate is self-signed: we know its fingerprint.
  {
    domains: ['fir.example'],
    server: 'lmtp.fir.example',
    tls: 'fingerprint match=3D:95:34:51:24:66:33:B9:D2:40:99:C0:C1:17:0B:D1:A0:30:3D:B8:3D:95:34:51:24:66:33:B9:D2:40:99:C0',
  },
  { domains: ['gorse.example'], server: 'lmtp.gorse.example' },
  // An old server, with which TLS 1.2 is agreed on.
  { domains: ['hazel.example'], server: 'lmtp.hazel.example', tls: 'verify protocols=>=TLSv1.2' },
  { domains: ['iris.example'], server: 'lmtp.iris.example' },
  { domains: ['juniper.example'], server: 'lmtp.juniper.example' },
];

const port = 2400;

/** `amber.example lmtp:inet:lmtp.amber.example:2400`, one line for each domain. */
const transportMap = customers
  .flatMap(({ domains, server }) => domains.map((domain) => `${domain} lmtp:inet:${server}:${port}`))
  .join('\n');

/** `[lmtp.dahlia.example]:2400 verify match=...`; the others have what lmtp_tls_security_level says. */
const policies = customers.flatMap(({ server, tls }) => (tls === undefined ? [] : [`{${server}:${port} = ${tls}}`]));

export class TenCustomers extends Stack {
  readonly delivery: LmtpDelivery;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    this.delivery = new LmtpDelivery(this, 'Mail', {
      transportMap,
      parameters: {
        myhostname: 'mx.relay.example',
        lmtp_tls_security_level: 'verify',
        lmtp_tls_mandatory_protocols: '>=TLSv1.3',
        lmtp_tls_policy_maps: `inline:{ ${policies.join(', ')} }`,
        // None gets more than four deliveries at once, so that all ten can be slow and mail still moves.
        lmtp_destination_concurrency_limit: '4',
        // The senders of late mail are told after four hours.
        delay_warning_time: '4h',
      },
      maximumConcurrency: 45,
      // The default, written out: each destination of the map is watched.
      watchedDestinations: customers.map(({ server }) => `inet:${server}:${port}`),
      // Bodies are deleted when no delivery needs them any more; a deleted one can be restored for a month.
      bodyRetention: Duration.days(30),
    });

    // One graph of your own beside the dashboard: the age of the oldest mail for each customer.
    new cloudwatch.Dashboard(this, 'Customers', {
      widgets: [
        [
          new cloudwatch.GraphWidget({
            title: 'Oldest mail that waits, by customer',
            left: this.delivery.watchedDestinations.map((server) =>
              this.delivery.metricFor(server, 'OldestDeferred', { label: server }),
            ),
            width: 24,
          }),
        ],
      ],
    });
  }
}
