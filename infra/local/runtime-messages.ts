/** What a container and the runtime inside it say to each other over IPC. */

/** One invocation. */
export interface Task {
  readonly requestId: string;
  readonly event: unknown;
  /** When the function's time is up, milliseconds since 1970. */
  readonly deadline: number;
}

/** An error in the words that Lambda uses for it. */
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack, empty if there is none. */
  readonly trace: string;
}

/** What the runtime reports: it is loaded or cannot be, and how each invocation ended. */
export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'unfit' } & Failure)
  | { readonly kind: 'returned'; readonly requestId: string; readonly value: unknown }
  | ({ readonly kind: 'threw'; readonly requestId: string } & Failure);

/** The line on standard output after the last one of an invocation; it is not handed on. */
export function endOfInvocation(requestId: string): string {
  return `\u0000END RequestId: ${requestId}`;
}
