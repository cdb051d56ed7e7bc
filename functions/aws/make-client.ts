/**
 * The one place where a client of AWS is made, for functions and the command line: with limits, and with errors in
 * words. A test refuses any other.
 */

import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Explainable, explainErrors } from './explained-errors.ts';
import { type AwsLimits, type AwsService, type AwsSettings, settingsOfProcess } from './settings.ts';

const connectionTimeout = 3_000;

/** The limits of each service's client, unless its caller has others. */
const usualLimits: Readonly<Record<AwsService, AwsLimits>> = {
  CLOUDFORMATION: { attempts: 3, connectionTimeout, requestTimeout: 10_000, socketTimeout: 10_000 },
  // AWS allows few of these calls a second: with back-off, twelve tries are some minutes.
  CLOUDWATCH_LOGS: { attempts: 12, connectionTimeout, requestTimeout: 30_000, socketTimeout: 30_000 },
  DYNAMODB: { attempts: 3, connectionTimeout, requestTimeout: 10_000, socketTimeout: 10_000 },
  // A check may take as long as the function may run. It is not repeated: the operator decides about that.
  LAMBDA: { attempts: 1, connectionTimeout: 5_000, requestTimeout: 310_000, socketTimeout: 310_000 },
  // A large body takes long; only a stall is limited.
  S3: { connectionTimeout, socketTimeout: 30_000 },
  // The delivery waits meanwhile with its session open, and a cached secret can replace the answer.
  SECRETS_MANAGER: { attempts: 2, connectionTimeout, requestTimeout: 5_000, socketTimeout: 5_000 },
  // One call transfers a whole message.
  SES: { connectionTimeout, requestTimeout: 20_000, socketTimeout: 20_000 },
  SNS: { attempts: 3, connectionTimeout, requestTimeout: 10_000, socketTimeout: 10_000 },
  SQS: { attempts: 3, connectionTimeout, requestTimeout: 10_000, socketTimeout: 10_000 },
  STS: { connectionTimeout, requestTimeout: 10_000, socketTimeout: 10_000 },
};

/** What the constructor of a client is given. */
interface ClientConfiguration {
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoint?: string;
  readonly maxAttempts?: number;
  readonly requestHandler: NodeHttpHandler;
}

/** How a client is made. */
export interface ClientOptions<More extends object> {
  readonly aws?: AwsSettings;
  readonly limits?: Partial<AwsLimits>;
  /** Configuration that only this service has. */
  readonly more?: More;
}

/**
 * Returns a client.
 *
 * @param Constructor the class of the client, such as S3Client
 */
export function makeClient<Client, Input extends object, Output extends object, More extends object = object>(
  Constructor: new (configuration: ClientConfiguration & More) => Client & Explainable<Input, Output>,
  service: AwsService,
  { aws = settingsOfProcess, limits: given = {}, more }: ClientOptions<More> = {},
): Client {
  const { limits: own = {}, ...settings } = aws(service);
  const { attempts, ...times } = { ...usualLimits[service], ...given, ...own };
  const client = new Constructor({
    ...(more as More),
    ...settings,
    ...(attempts === undefined ? {} : { maxAttempts: attempts }),
    requestHandler: new NodeHttpHandler({ ...times, throwOnRequestTimeout: true }),
  });
  explainErrors(client, service);
  return client;
}
