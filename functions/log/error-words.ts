/** An error in one line for a log: what kind it is, and what it says. Not for errors whose words may hold secrets. */
export function errorWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
