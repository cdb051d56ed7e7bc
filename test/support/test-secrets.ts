/**
 * The passwords, tokens and keys that the tests use. None of them may ever be seen in anything that the system writes: the
 * end of a test run looks for them (secret-search.ts).
 */

/** Passwords that are no word of any text, so that they can be looked for as they are. */
export const testSecrets = {
  password: 'Zw9-tulpe.Ufer',
  changedPassword: 'Qx4-nelke.Hafen',
  wrongPassword: 'Vb7-distel.Moor',
  /** With a colon, and with letters that SASLprep has something to do with. */
  oddPassword: 'Kp3:grün∕Ⅸ ªber',
  token: 'ya29.Tk8-mohnblume-Feld',
} as const;

/** Users that passwords go with: PLAIN wraps both in one piece of base64. */
export const testUsers = ['joe', 'lmtpuser', 'relay', 'mx-relay'] as const;

/** Passwords that are words of any text too: only what is made of them can be looked for. */
export const plainWords = ['secret'] as const;
