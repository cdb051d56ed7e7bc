/**
 * Lambda function `postsuper`: does what is asked for with a button of the dashboard (Postfix's postsuper(1) acts on the queue).
 */

/** Carries out one order. */
export async function handler(_event: unknown): Promise<string> {
  return '<p>Nothing was done.</p>';
}
