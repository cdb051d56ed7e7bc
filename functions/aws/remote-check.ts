/**
 * The check by the function of a stack, from inside its VPC.
 */

import type { CheckReport } from '../check/report.ts';
import type { CheckRequest } from '../check/request.ts';
import { errorWords } from '../log/error-words.ts';

/** The function could not be asked, or would not answer. */
export class RemoteCheckError extends Error {
  override readonly name = 'RemoteCheckError';
  /** Whether what was asked for is at fault. */
  readonly isUsage: boolean;

  constructor(message: string, { isUsage = false, ...options }: ErrorOptions & { isUsage?: boolean } = {}) {
    super(message, options);
    this.isUsage = isUsage;
  }
}

/** Milliseconds: a little longer than the function may run. */
const requestTimeout = 310_000;

/** Errors of the function that are about what it was asked. */
const usageErrors: ReadonlySet<string> = new Set(['RequestError', 'DestinationError']);

/**
 * Asks the function.
 *
 * @param functionName its name or ARN
 * @throws RemoteCheckError
 */
export async function remoteCheck(functionName: string, request: CheckRequest): Promise<CheckReport> {
  const { isError, payload } = await invoke(functionName, request);
  const answer: unknown = parse(payload);
  if (isError) throw asError(functionName, answer);
  if (!isReport(answer)) throw new RemoteCheckError(`${functionName} gave no report: is it the check function?`);
  return answer;
}

async function invoke(
  functionName: string,
  request: CheckRequest,
): Promise<{ readonly isError: boolean; readonly payload: string }> {
  // Loaded where it is needed: a check from this machine needs no AWS.
  const [{ InvokeCommand, LambdaClient }, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-lambda'),
    import('@smithy/node-http-handler'),
  ]);
  // Once: a check that went wrong is for whoever asked to repeat.
  const client = new LambdaClient({
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 5000, requestTimeout, throwOnRequestTimeout: true }),
  });
  try {
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(request) }),
    );
    return { isError: FunctionError !== undefined, payload: Payload?.transformToString() ?? '' };
  } catch (cause) {
    throw new RemoteCheckError(`${functionName} could not be asked: ${errorWords(cause)}`, { cause });
  } finally {
    client.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error of a function, as Lambda hands it over. */
function asError(functionName: string, answer: unknown): RemoteCheckError {
  const { errorType, errorMessage } = (answer ?? {}) as {
    readonly errorType?: unknown;
    readonly errorMessage?: unknown;
  };
  const message = typeof errorMessage === 'string' ? errorMessage : 'for no reason that is known';
  if (typeof errorType === 'string' && usageErrors.has(errorType))
    return new RemoteCheckError(message, { isUsage: true });
  return new RemoteCheckError(`${functionName} failed: ${message}`);
}

function isReport(answer: unknown): answer is CheckReport {
  if (typeof answer !== 'object' || answer === null) return false;
  const { outcome, hops } = answer as { readonly outcome?: unknown; readonly hops?: unknown };
  return typeof outcome === 'string' && ['well', 'deferred', 'bounced'].includes(outcome) && Array.isArray(hops);
}
