/**
 * Runs a check by the function of a stack, inside its VPC.
 */

import type { CheckReport } from '../check/report.ts';
import type { CheckRequest } from '../check/request.ts';
import { type AwsSettings, settingsOfProcess } from './settings.ts';

/** The function failed, or is no check function. */
export class RemoteCheckError extends Error {
  override readonly name = 'RemoteCheckError';
  /** Whether the request is wrong. */
  readonly isUsage: boolean;

  constructor(message: string, { isUsage = false, ...options }: ErrorOptions & { isUsage?: boolean } = {}) {
    super(message, options);
    this.isUsage = isUsage;
  }
}

/** Errors of the function about the request. */
const usageErrors: ReadonlySet<string> = new Set(['RequestError', 'DestinationError']);

/**
 * Invokes the check function.
 *
 * @param functionName its name or ARN
 * @throws RemoteCheckError; errors of AWS unchanged
 */
export async function remoteCheck(
  functionName: string,
  request: CheckRequest,
  aws: AwsSettings = settingsOfProcess,
): Promise<CheckReport> {
  const { isError, payload } = await invoke(functionName, request, aws);
  const answer: unknown = parse(payload);
  if (isError) throw asError(functionName, answer);
  if (!isReport(answer))
    throw new RemoteCheckError(`${functionName} returned no check report: is it the check function?`);
  return answer;
}

async function invoke(
  functionName: string,
  request: CheckRequest,
  aws: AwsSettings,
): Promise<{ readonly isError: boolean; readonly payload: string }> {
  // Loaded on demand: a local check needs no AWS.
  const [{ InvokeCommand, LambdaClient }, { makeClient }] = await Promise.all([
    import('@aws-sdk/client-lambda'),
    import('./make-client.ts'),
  ]);
  const client = makeClient(LambdaClient, 'LAMBDA', { aws });
  try {
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(request) }),
    );
    return { isError: FunctionError !== undefined, payload: Payload?.transformToString() ?? '' };
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

/** Returns the error in Lambda's payload. */
function asError(functionName: string, answer: unknown): RemoteCheckError {
  const { errorType, errorMessage } = (answer ?? {}) as {
    readonly errorType?: unknown;
    readonly errorMessage?: unknown;
  };
  const message = typeof errorMessage === 'string' ? errorMessage : 'for an unknown reason';
  if (typeof errorType === 'string' && usageErrors.has(errorType))
    return new RemoteCheckError(message, { isUsage: true });
  return new RemoteCheckError(`${functionName} failed: ${message}`);
}

function isReport(answer: unknown): answer is CheckReport {
  if (typeof answer !== 'object' || answer === null) return false;
  const { outcome, hops } = answer as { readonly outcome?: unknown; readonly hops?: unknown };
  return typeof outcome === 'string' && ['well', 'deferred', 'bounced'].includes(outcome) && Array.isArray(hops);
}
