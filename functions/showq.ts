/**
 * Lambda function `showq`: draws the screens of the dashboard. It reads, and changes nothing (Postfix's showq(8) lists the queue).
 */

/** Draws a screen. */
export async function handler(_event: unknown): Promise<string> {
  return '<p>Nothing to be seen yet.</p>';
}
