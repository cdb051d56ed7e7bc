import { Duration, Names } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { secretFaultNote } from '../functions/secrets/secrets.ts';

/**
 * An alarm for secrets that the lmtp function cannot read.
 *
 * It sends nothing to the notice topic: CloudWatch may not publish there (see Topics). Whoever wants to be told adds an action
 * of his own to `alarm`.
 */
export class SecretAlarm extends Construct {
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, { lmtp }: { readonly lmtp: lambda.Function }) {
    super(scope, id);
    const faults = lmtp.logGroup.addMetricFilter('SecretFaults', {
      filterPattern: logs.FilterPattern.stringValue('$.message', '=', secretFaultNote),
      // A stack is one transport, and each has its own.
      metricNamespace: `LambdaLmtp/${Names.uniqueResourceName(this, { maxLength: 100 })}`,
      metricName: 'SecretFaults',
      metricValue: '1',
    });
    this.alarm = new cloudwatch.Alarm(this, 'Alarm', {
      alarmDescription: description,
      metric: faults.metric({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}

const description = [
  'A secret that lmtp_sasl_password_maps or a TLS parameter names could not be read or understood.',
  'Mail to its servers waits (4.3.0) and is tried again by itself; where a container had read the secret before, it goes on with that.',
  `What to do: look for "${secretFaultNote}" in the log of the lmtp function. The line names the secret and says why:`,
  'it is not there, it holds no table of passwords, or the function lacks secretsmanager:GetSecretValue,',
  'or kms:Decrypt for a key of your own (pass that secret to the construct in `secrets`).',
].join(' ');
