/**
 * Amazon SES receives, Cyrus stores.
 *
 *     SES ─► receipt rule ─► message bucket, below ses/
 *                        └─► topic ─► incoming ─► ... ─► Cyrus, over TLS and with a password
 *
 * Cyrus's lmtpd requires AUTH over TCP. A secret contains the password, as text in the form of Postfix's sasl_passwd:
 * `[lmtp.example.com]:24 relay:password`. When it is rotated, the functions use the new version automatically.
 *
 * SES receives in some regions only, and a rule set receives nothing until it is the active one of the account:
 * `aws ses set-active-receipt-rule-set --rule-set-name NAME`.
 */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ses from 'aws-cdk-lib/aws-ses';
import type { Construct } from 'constructs';
import { LmtpDelivery } from 'lambda-lmtp';

export class SesToCyrus extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // Made beforehand, by hand: aws secretsmanager create-secret --name mail/cyrus --secret-string file://sasl_passwd
    const password = secretsmanager.Secret.fromSecretNameV2(this, 'Password', 'mail/cyrus');

    const delivery = new LmtpDelivery(this, 'Mail', {
      destination: 'inet:[lmtp.example.com]:24',
      parameters: {
        myhostname: 'mx.example.com',
        // No password is sent before the server has shown a certificate with its name.
        lmtp_tls_security_level: 'verify',
        lmtp_sasl_auth_enable: 'yes',
        lmtp_sasl_password_maps: `secretsmanager:${password.secretName}`,
        // Bounces and other reports leave through SES, from an address that it has verified.
        bounce_report_routes: 'incoming, ses',
        bounce_report_ses_sender: 'mailer-daemon@example.com',
      },
      // Only mail that SES stored is read (and our own reports): no other object of the bucket.
      bodyPrefixes: ['ses/'],
      secrets: [password],
    });

    // The rule stores its mail below ses/ of the message bucket, and notifies the functions. The scan finds spam and viruses: mail
    // with a virus is held (ses_virus_action).
    const rules = new ses.ReceiptRuleSet(this, 'Rules');
    delivery.receiveFromSes(rules.addRule('Mail', { recipients: ['example.com'], scanEnabled: true }));

    new CfnOutput(this, 'BounceTopicArn', { value: delivery.topics.bounce.topicArn });
  }
}
