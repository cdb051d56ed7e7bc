/** Name of the stack of the transport `lmtp`, which is meant where none is named. */
export const defaultStack = 'LambdaLmtp';
