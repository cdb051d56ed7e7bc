/** Returns an error in one line for a log: name and message. Not for errors whose message may contain secrets. */
export function errorWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
