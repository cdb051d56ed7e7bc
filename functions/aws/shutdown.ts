/**
 * Quits sessions before the environment is shut down.
 *
 * Lambda sends SIGTERM to a function only if an extension is registered. An internal one without events is enough, and
 * leaves half a second. Best effort: no mail depends on it.
 */

/** Milliseconds left after SIGTERM with only internal extensions. */
const grace = 400;

/**
 * Calls `quit` on SIGTERM. Does nothing outside Lambda. To be called while the function starts.
 *
 * @param quit has {@link grace} milliseconds, then the process ends
 */
export async function quitOnShutdown(
  quit: () => Promise<void>,
  runtimeApi = process.env['AWS_LAMBDA_RUNTIME_API'],
): Promise<void> {
  if (runtimeApi === undefined) return;
  process.once('SIGTERM', () => {
    const timer = setTimeout(() => process.exit(0), grace);
    void quit().finally(() => {
      clearTimeout(timer);
      process.exit(0);
    });
  });
  const base = `http://${runtimeApi}/2020-01-01/extension`;
  const response = await fetch(`${base}/register`, {
    method: 'POST',
    headers: { 'Lambda-Extension-Name': 'lmtp-goodbye', 'Content-Type': 'application/json' },
    body: JSON.stringify({ events: [] }),
  });
  const id = response.headers.get('lambda-extension-identifier');
  if (!response.ok || id === null) return;
  // An extension is ready when it asks for its next event. No event ever comes, so the answer is not awaited.
  fetch(`${base}/event/next`, { headers: { 'Lambda-Extension-Identifier': id } }).catch(() => {});
}
