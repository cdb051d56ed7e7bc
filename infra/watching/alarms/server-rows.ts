/** Alarms about mail servers, passwords and certificates. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { type AlarmRow, nothingHappened, unknownWithoutSweep } from './row.ts';

export const serverRows = {
  destinationDead: {
    heading: 'A destination is dead',
    urgency: 'page',
    threshold: { usual: 1, unit: 'destinations', least: 1, most: 10_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} cannot be reached or refuses all sessions, and mail waits for it. Mail to other destinations continues.`,
    safety: ({ lifetime }) =>
      `No mail is lost: one delivery at a time probes the server, and the rest follows automatically. Mail is kept for ${lifetime} after its arrival.`,
    act: ({ command }) =>
      `see which server, since when, and its reply: ${command('status')}\nTo stop the attempts for an hour: ${command('hold --destination NEXT-HOP --for 1h --reason alarm')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  authRefused: {
    heading: 'A server refuses our password',
    urgency: 'page',
    threshold: { usual: 1, unit: 'refusals', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} rejects our user and password, or does not offer AUTH. All mail for it is late.`,
    safety: ({ lifetime }) =>
      `No mail is lost, and none is sent unauthenticated: it is retried automatically, with the newest password, for ${lifetime} after its arrival.`,
    act: ({ command }) =>
      `see which server, and its reply: ${command('queue --reply SASL')}\nThen test it: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)`,
    missing: nothingHappened,
    query: 'AUTH and TLS',
  },
  tlsFailures: {
    heading: 'TLS fails',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'sessions', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} does not meet the required TLS level: no STARTTLS, a failed handshake, or a certificate that does not match. Mail for it is late.`,
    safety: ({ lifetime }) =>
      `No mail is lost, and none is sent in plain text: it is retried automatically for ${lifetime} after its arrival.`,
    act: ({ command }) =>
      `see which server, and what is wrong: ${command('queue --reply TLS')}\nThen test it: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)`,
    missing: nothingHappened,
    query: 'AUTH and TLS',
  },
  certificateEnds: {
    heading: 'A certificate is about to expire',
    urgency: 'ticket',
    threshold: { usual: 21, unit: 'days', least: 1, most: 365, direction: 'below' },
    minutes: 60,
    meaning: ({ transport, threshold }) =>
      `The certificate of a mail server of the transport ${transport}, or our own, expires in less than ${threshold} days. After that, mail waits for servers whose certificates are checked.`,
    safety: () => 'No mail is late yet.',
    act: () =>
      'see the certificate and its remaining days: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)',
    missing: {
      treatment: TreatMissingData.IGNORE,
      because: 'without a session there is no new value: the last certificate still counts',
    },
    query: 'certificates',
  },
  secretUnreadable: {
    heading: 'A secret cannot be read',
    urgency: 'page',
    threshold: { usual: 1, unit: 'faults', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A secret that lmtp_sasl_password_maps or a TLS parameter of the transport ${transport} names could not be read or parsed. Mail to its servers waits (4.3.0); a container that has read the secret before continues with that version.`,
    safety: ({ lifetime }) => `No mail is lost: it is retried automatically for ${lifetime} after its arrival.`,
    act: ({ command }) => `see which mail waits for it: ${command('queue --reply secret')}`,
    missing: nothingHappened,
    query: 'secrets',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;
