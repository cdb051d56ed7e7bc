/**
 * A goodbye before the environment is shut down.
 *
 * Lambda sends SIGTERM to a function only where an extension is registered; an internal one that wants no events is enough,
 * and then leaves half a second. Best effort: no mail depends on it, and servers must bear clients that just vanish.
 */

/** Milliseconds that are left after SIGTERM where there are internal extensions only. */
const grace = 400;

/**
 * Has a goodbye said on SIGTERM. Does nothing where there is no Lambda around; to be called while the function starts.
 *
 * @param goodbye is given {@link grace}, then the process ends
 */
export async function quitOnShutdown(
  goodbye: () => Promise<void>,
  runtimeApi = process.env['AWS_LAMBDA_RUNTIME_API'],
): Promise<void> {
  if (runtimeApi === undefined) return;
  process.once('SIGTERM', () => {
    const timer = setTimeout(() => process.exit(0), grace);
    void goodbye().finally(() => {
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
  // An extension counts as ready once it asks for its next event; none ever comes, so nobody waits for the answer.
  fetch(`${base}/event/next`, { headers: { 'Lambda-Extension-Identifier': id } }).catch(() => {});
}
