import { type Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environmentNames } from '../../functions/parameters/environment.ts';
import type { Network } from '../network/vpc-network.ts';
import {
  bouncePermissions,
  checkPermissions,
  lmtpPermissions,
  logPermissions,
  networkPermissions,
  type PermittedResources,
  postsuperPermissions,
  qmgrPermissions,
  showqPermissions,
  sweepPermissions,
} from '../permissions/permissions.ts';
import { functionTimeouts } from '../properties/timeouts.ts';
import { acknowledgeWildcards } from '../security/acknowledgements.ts';
import type { AnyKey } from '../security/encryption.ts';
import { type FunctionName, lambdaHandler } from './bundle.ts';

export interface FunctionsProps {
  readonly resources: PermittedResources;
  /** The code of each function. */
  readonly code: (name: FunctionName) => lambda.Code;
  /** Variables of all of them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly lmtpTimeout: Duration;
  /** An address verified by Amazon SES; absent if no report is sent by SES. */
  readonly sesSender: string | undefined;
  /** Megabytes. */
  readonly memorySize: number;
  readonly logRetention: logs.RetentionDays;
  /** The key of the logs; that of CloudWatch if absent. */
  readonly encryptionKey?: AnyKey | undefined;
  /** The network of lmtp and check; Lambda's own if absent. */
  readonly network?: Network | undefined;
}

/** The functions: qmgr schedules deliveries, lmtp delivers, sweep finds overdue deliveries, bounce reports, check tests servers. */
export class Functions extends Construct {
  readonly qmgr: lambda.Function;
  readonly lmtp: lambda.Function;
  readonly sweep: lambda.Function;
  readonly bounce: lambda.Function;
  /** Invoked only by operators (`lambda-lmtp check --function`) and postsuper. */
  readonly check: lambda.Function;
  /** Draws the screens of the dashboard, and changes nothing. */
  readonly showq: lambda.Function;
  /** Carries out the buttons of the dashboard. */
  readonly postsuper: lambda.Function;
  readonly #props: FunctionsProps;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.#props = props;
    const { resources } = props;
    this.qmgr = this.#function('Qmgr', 'qmgr', functionTimeouts.qmgr, qmgrPermissions(resources));
    this.lmtp = this.#function('Lmtp', 'lmtp', props.lmtpTimeout, lmtpPermissions(resources));
    this.sweep = this.#function('Sweep', 'sweep', functionTimeouts.sweep, sweepPermissions(resources));
    const reporting = bouncePermissions(resources, Stack.of(this), props.sesSender);
    this.bounce = this.#function('Bounce', 'bounce', functionTimeouts.bounce, reporting);
    this.check = this.#function('Check', 'check', functionTimeouts.check, checkPermissions(resources));
    this.showq = this.#function('Showq', 'showq', functionTimeouts.showq, showqPermissions(resources));
    const acting = postsuperPermissions(resources, this.check);
    this.postsuper = this.#function('Postsuper', 'postsuper', functionTimeouts.postsuper, acting);
    this.showq.addEnvironment(environmentNames.postsuperFunction, this.postsuper.functionArn);
    this.postsuper.addEnvironment(environmentNames.checkFunction, this.check.functionName);
  }

  #function(id: string, name: FunctionName, timeout: Duration, permissions: iam.PolicyStatement[]): lambda.Function {
    const { code, environment, memorySize, logRetention, encryptionKey } = this.#props;
    const network = meetServers.has(name) ? this.#props.network : undefined;
    const logGroup = new logs.LogGroup(this, `${id}Log`, {
      retention: logRetention,
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
    return new lambda.Function(this, id, {
      description: `lambda-lmtp: ${descriptions[name]}`,
      code: code(name),
      handler: lambdaHandler,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      timeout,
      memorySize,
      environment: { ...environment, ...network?.environment },
      role: roleOf(this, id, [logPermissions(logGroup), ...permissions, ...(network ? networkPermissions() : [])]),
      ...network?.functionProps,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      // By design, waiting mail loops through SQS for days; Lambda would stop it after about sixteen rounds. The lifetime in
      // the queue table bounds a delivery.
      recursiveLoop: lambda.RecursiveLoop.ALLOW,
    });
  }
}

/** The functions that connect to mail servers: only these are in the VPC, if there is one. */
const meetServers: ReadonlySet<FunctionName> = new Set(['lmtp', 'check']);

const descriptions: Readonly<Record<FunctionName, string>> = {
  qmgr: 'admits requests and wake-ups, and schedules deliveries (Postfix qmgr)',
  lmtp: 'delivers mail over LMTP (Postfix lmtp)',
  bounce: 'sends reports to senders and postmasters (Postfix bounce)',
  check: 'tests the path to a mail server step by step; delivers nothing',
  showq: 'draws waiting mail on the dashboard; changes nothing (Postfix showq)',
  postsuper: 'flushes, holds, releases and checks for buttons of the dashboard (Postfix postsuper)',
  sweep: 'finds due and overdue deliveries, and wakes them',
};

/** Permissions are inline in the role, so that no trigger is created before its function may read the queue. */
function roleOf(scope: Construct, id: string, statements: iam.PolicyStatement[]): iam.Role {
  const role = new iam.Role(scope, `${id}Role`, {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { mail: new iam.PolicyDocument({ statements }) },
  });
  acknowledgeWildcards(role, statements);
  return role;
}
