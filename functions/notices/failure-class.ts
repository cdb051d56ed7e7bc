/**
 * What is wrong where a function could not deal with a record: there was not enough of something, or there is a fault.
 */

/** Names of AWS's errors that say "not now" (throttling, limits, outages), and of what the network says. */
const passing =
  /Throttl|TooManyRequests|ProvisionedThroughput|LimitExceeded|SlowDown|RequestTimeout|TimeoutError|ServiceUnavailable|InternalServer|InternalError|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|ENOSPC|ENOMEM|EMFILE/;

/**
 * `resource`: time, memory, throughput or the network ran short, and trying again will do (Postfix: the same). `software`: a
 * bug, or a permission or setting that is not as it should be: trying again will not do.
 */
export function failureClass(error: unknown): 'resource' | 'software' {
  if (!(error instanceof Error)) return 'software';
  const code = 'code' in error ? String(error.code) : '';
  return passing.test(`${error.name} ${code}`) || isServerFault(error) ? 'resource' : 'software';
}

/** An answer of AWS's whose status says that the fault is on its side. */
function isServerFault(error: Error): boolean {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return false;
  const status = 'httpStatusCode' in error.$metadata ? error.$metadata.httpStatusCode : undefined;
  return typeof status === 'number' && status >= 500;
}
