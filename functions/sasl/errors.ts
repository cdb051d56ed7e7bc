/** What ends an exchange. */

/** The exchange cannot continue. The message is for log and sender, and contains no secret. */
export class SaslError extends Error {
  override readonly name: string = 'SaslError';
}

/** The server does not accept the channel binding; another type may succeed. */
export class ChannelBindingError extends SaslError {
  override readonly name = 'ChannelBindingError';
}
