/**
 * The passwords, tokens and keys that the tests use. None of them may occur in anything that the system
 * writes: the end of a test run searches for them (secret-search.ts).
 */

/** Passwords that are no word of any text, so that they can be searched for literally. */
export const testSecrets = {
  password: 'Zw9-tulpe.Ufer',
  changedPassword: 'Qx4-nelke.Hafen',
  wrongPassword: 'Vb7-distel.Moor',
  /** With a colon, and with letters that SASLprep changes. */
  oddPassword: 'Kp3:grün∕Ⅸ ªber',
  token: 'ya29.Tk8-mohnblume-Feld',
} as const;

/** Users that passwords go with: PLAIN encodes both in one piece of base64. */
export const testUsers = ['joe', 'lmtpuser', 'relay', 'mx-relay'] as const;

/** Passwords that are words of other texts too: only derived forms can be searched for. */
export const plainWords = ['secret'] as const;
