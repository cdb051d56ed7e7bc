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
  postsuperPermissions,
  qmgrPermissions,
  type Surroundings,
  showqPermissions,
  sweepPermissions,
} from '../permissions/permissions.ts';
import { functionTimeouts } from '../properties/timeouts.ts';
import { acknowledgeWildcards } from '../security/acknowledgements.ts';
import type { AnyKey } from '../security/encryption.ts';
import { type FunctionName, lambdaHandler } from './bundle.ts';

export interface FunctionsProps {
  readonly surroundings: Surroundings;
  /** The code of each function. */
  readonly code: (name: FunctionName) => lambda.Code;
  /** Variables of all of them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly lmtpTimeout: Duration;
  /** An address that Amazon SES has verified, where reports leave through SES. */
  readonly sesSender: string | undefined;
  /** Megabytes. */
  readonly memorySize: number;
  readonly logRetention: logs.RetentionDays;
  /** The key that logs are under; that of CloudWatch if absent. */
  readonly encryptionKey?: AnyKey | undefined;
  /** What lmtp and check are in; the network of Lambda itself if absent. */
  readonly network?: Network | undefined;
}

/** The programs: qmgr decides what is delivered when, lmtp delivers, sweep finds what is overdue, bounce reports, check looks. */
export class Functions extends Construct {
  readonly qmgr: lambda.Function;
  readonly lmtp: lambda.Function;
  readonly sweep: lambda.Function;
  readonly bounce: lambda.Function;
  /** Nothing sets it going but whoever asks (`lambda-lmtp check --function`). */
  readonly check: lambda.Function;
  /** Draws the screens of the dashboard, and changes nothing. */
  readonly showq: lambda.Function;
  /** Does what is asked for with a button of the dashboard. */
  readonly postsuper: lambda.Function;
  readonly #props: FunctionsProps;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.#props = props;
    const { surroundings } = props;
    this.qmgr = this.#function('Qmgr', 'qmgr', functionTimeouts.qmgr, qmgrPermissions(surroundings));
    this.lmtp = this.#function('Lmtp', 'lmtp', props.lmtpTimeout, lmtpPermissions(surroundings));
    this.sweep = this.#function('Sweep', 'sweep', functionTimeouts.sweep, sweepPermissions(surroundings));
    const reporting = bouncePermissions(surroundings, Stack.of(this), props.sesSender);
    this.bounce = this.#function('Bounce', 'bounce', functionTimeouts.bounce, reporting);
    this.check = this.#function('Check', 'check', functionTimeouts.check, checkPermissions(surroundings));
    this.showq = this.#function('Showq', 'showq', functionTimeouts.showq, showqPermissions(surroundings));
    const acting = postsuperPermissions(surroundings, this.check);
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
      // Mail that waits goes round through SQS for days, by design; Lambda would stop it after some sixteen rounds. What
      // bounds a delivery is its attempt and its lifetime, both in the queue table.
      recursiveLoop: lambda.RecursiveLoop.ALLOW,
    });
  }
}

/** The functions that speak to mail servers: they alone are in a VPC, where there is one. */
const meetServers: ReadonlySet<FunctionName> = new Set(['lmtp', 'check']);

const descriptions: Readonly<Record<FunctionName, string>> = {
  qmgr: 'takes in requests and wake-ups, and decides what is delivered when (Postfix qmgr)',
  lmtp: 'delivers mail over LMTP (Postfix lmtp)',
  bounce: 'tells senders and postmasters what became of mail (Postfix bounce)',
  check: 'says what stands between the functions and a mail server; delivers nothing',
  showq: 'shows what waits, why and where, on the dashboard; changes nothing (Postfix showq)',
  postsuper: 'flushes, holds, releases and checks at the press of a button of the dashboard (Postfix postsuper)',
  sweep: 'finds deliveries that fall due or are overdue, and wakes them',
};

/** Permissions are part of the role itself, so that no trigger is made before its function may read the queue. */
function roleOf(scope: Construct, id: string, statements: iam.PolicyStatement[]): iam.Role {
  const role = new iam.Role(scope, `${id}Role`, {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { mail: new iam.PolicyDocument({ statements }) },
  });
  acknowledgeWildcards(role, statements);
  return role;
}
