/**
 * Amazon SES receives, Dovecot stores.
 *
 *     SES ─► receipt rule ─► message bucket, below ses/
 *                        └─► topic ─► incoming ─► ... ─► Dovecot, by LMTP over TLS, in the VPC
 *
 * Dovecot's LMTP has no AUTH: every host that reaches the port may deliver. So the security group of Dovecot admits the functions
 * only, and the functions deliver only to a server whose certificate they trust. Dovecot, 10-master.conf and 10-ssl.conf (2.4:
 * `ssl_server_cert_file = PATH`, `ssl_server_key_file = PATH`):
 *
 *     service lmtp {
 *       inet_listener lmtp {
 *         port = 24
 *       }
 *       process_limit = 100
 *     }
 *     ssl = yes
 *     ssl_cert = </etc/dovecot/cert.pem
 *     ssl_key = </etc/dovecot/key.pem
 *
 * SES receives in some regions only. A rule set receives nothing until it is the active one of the account:
 * `aws ses set-active-receipt-rule-set --rule-set-name inbound`.
 */
import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ses from 'aws-cdk-lib/aws-ses';
import type { Construct } from 'constructs';
import { LmtpDelivery, writeOutputs } from 'lambda-lmtp';

export class SesToDovecot extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // The VPC of Dovecot: ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-...' }), with the `env` of the stack set in app.ts.
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0, subnetConfiguration: isolated });

    const delivery = new LmtpDelivery(this, 'Delivery', {
      // Mail for other domains becomes corrupt and can be corrected; it never bounces for a wrong map.
      transportMap: 'example.com lmtp:inet:dovecot.mail.internal:24',
      vpc,
      vpcEndpoints: true,
      parameters: {
        myhostname: 'mx.example.com',
        // STARTTLS, with a certificate for dovecot.mail.internal from the authority in this secret.
        lmtp_tls_security_level: 'verify',
        lmtp_tls_CAfile: 'secretsmanager:mail/ca',
        lmtp_destination_concurrency_limit: '10',
        // Bounces and other reports leave through SES, from an address that it has verified.
        bounce_report_routes: 'incoming, ses',
        bounce_report_ses_sender: 'mailer-daemon@example.com',
      },
      // Only what SES or `lambda-lmtp submit` stored is read, and our own reports.
      bodyPrefixes: ['ses/', 'in/'],
      maximumConcurrency: 12,
      // Dovecot's process_limit: synth fails if the functions could keep more sessions open.
      sessionBudget: 100,
    });

    // The rule stores its mail below ses/ of the message bucket, and notifies the functions. The scan finds spam and viruses: mail
    // with a virus is held (ses_virus_action).
    const rules = new ses.ReceiptRuleSet(this, 'Rules', { receiptRuleSetName: 'inbound' });
    delivery.receiveFromSes(rules.addRule('Mail', { recipients: ['example.com'], scanEnabled: true }));

    // The security group of the machine that Dovecot runs on.
    const dovecot = ec2.SecurityGroup.fromSecurityGroupId(this, 'Dovecot', 'sg-0123456789abcdef0');
    if (delivery.network !== undefined) {
      const { securityGroupId } = delivery.network.securityGroup;
      dovecot.addIngressRule(ec2.Peer.securityGroupId(securityGroupId), ec2.Port.tcp(24), 'LMTP from lambda-lmtp');
    }
    writeOutputs(this, delivery);
  }
}

const isolated = [{ name: 'mail', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }];
