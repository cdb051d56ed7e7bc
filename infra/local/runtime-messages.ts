/** The messages between a container and its runtime over IPC. */

/** One invocation. */
export interface Task {
  readonly requestId: string;
  readonly event: unknown;
  /** Deadline of the invocation, milliseconds since 1970. */
  readonly deadline: number;
}

/** An error in Lambda's format. */
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack trace; may be empty. */
  readonly trace: string;
}

/** The reports of the runtime: it is loaded, cannot be loaded, or an invocation ended. */
export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'unfit' } & Failure)
  | { readonly kind: 'returned'; readonly requestId: string; readonly value: unknown }
  | ({ readonly kind: 'threw'; readonly requestId: string } & Failure);

/** Returns the line that marks the end of an invocation on standard output; it is not passed on. */
export function endOfInvocation(requestId: string): string {
  return `\u0000END RequestId: ${requestId}`;
}
