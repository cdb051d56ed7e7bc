/**
 * One Dovecot in a VPC.
 *
 * Dovecot listens for LMTP on port 24 of a machine of the VPC (conf.d/10-master.conf: `inet_listener lmtp { port = 24 }`). The
 * subnets have no way to the internet, so the functions reach AWS by endpoints that the construct makes.
 */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { LmtpDelivery } from 'lambda-lmtp';

export class SingleDovecot extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // Yours would be looked up: ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-...' }).
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'mail', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
    });

    const delivery = new LmtpDelivery(this, 'Mail', {
      // A name of your private zone, so that the machine behind it may change.
      destination: 'inet:dovecot.mail.internal:24',
      vpc,
      vpcEndpoints: true,
      parameters: {
        // What the log, LHLO and reports call us.
        myhostname: 'mx.example.com',
        // Dovecot's own limit is process_limit of service lmtp.
        lmtp_destination_concurrency_limit: '10',
      },
      maximumConcurrency: 12,
      // process_limit = 100: synth fails if the functions could keep more sessions open than that.
      sessionBudget: 100,
    });

    // The security group of the machine that Dovecot runs on admits our functions, on that port.
    const dovecot = ec2.SecurityGroup.fromSecurityGroupId(this, 'Dovecot', 'sg-0123456789abcdef0');
    if (delivery.network !== undefined) {
      const { securityGroupId } = delivery.network.securityGroup;
      dovecot.addIngressRule(ec2.Peer.securityGroupId(securityGroupId), ec2.Port.tcp(24), 'LMTP from lambda-lmtp');
    }

    // Your MX, or another producer, may submit mail. It writes the body below in/, then sends the request.
    const mx = new iam.Role(this, 'Mx', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    delivery.grantSubmit(mx);

    new CfnOutput(this, 'IncomingQueueUrl', { value: delivery.queues.incoming.queueUrl });
    new CfnOutput(this, 'MessageBucketName', { value: delivery.stores.messageBucket.bucketName });
  }
}
