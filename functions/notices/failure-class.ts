/**
 * The class of an error for notices: missing resources, or a fault.
 */

/** Names of temporary AWS errors (throttling, limits, outages) and network errors. */
const passing =
  /Throttl|TooManyRequests|ProvisionedThroughput|LimitExceeded|SlowDown|RequestTimeout|TimeoutError|ServiceUnavailable|InternalServer|InternalError|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|ENOSPC|ENOMEM|EMFILE/;

/**
 * Returns the class of an error. `resource`: time, memory, throughput or network was short, and a retry may succeed (as
 * in Postfix). `software`: a bug, or a wrong permission or setting, which a retry does not mend.
 */
export function failureClass(error: unknown): 'resource' | 'software' {
  if (!(error instanceof Error)) return 'software';
  const code = 'code' in error ? String(error.code) : '';
  return passing.test(`${error.name} ${code}`) || isServerFault(error) ? 'resource' : 'software';
}

/** Whether AWS answered with a server error. */
function isServerFault(error: Error): boolean {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return false;
  const status = 'httpStatusCode' in error.$metadata ? error.$metadata.httpStatusCode : undefined;
  return typeof status === 'number' && status >= 500;
}
