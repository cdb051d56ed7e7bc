/** Alarms about mail servers, and what opens their doors. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { nothingHappened, unknownWithoutSweep } from './missing.ts';
import type { AlarmRow } from './row.ts';

export const serverRows = {
  destinationDead: {
    heading: 'A destination is dead',
    urgency: 'page',
    threshold: { usual: 1, unit: 'destinations', least: 1, most: 10_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} cannot be reached or refuses all sessions, and mail waits for it. Mail to other destinations goes on.`,
    safety: ({ lifetime }) =>
      `Nothing is lost: one delivery at a time finds out whether it lives again, and the rest follows by itself. Mail is kept for ${lifetime} from its arrival.`,
    act: ({ command }) =>
      `see which, since when, and what it said: ${command('status')}\nTo leave it alone for an hour: ${command('hold --destination NEXT-HOP --for 1h --reason alarm')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  authRefused: {
    heading: 'A server refuses our password',
    urgency: 'page',
    threshold: { usual: 1, unit: 'refusals', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} refuses our user and password, or does not offer AUTH. All mail for it is late.`,
    safety: ({ lifetime }) =>
      `Nothing is lost, and nothing goes out unauthenticated: it is tried again by itself, with the newest password, for ${lifetime} from its arrival.`,
    act: ({ command }) =>
      `see which server, and what it says: ${command('queue --reply SASL')}\nThen ask it: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)`,
    missing: nothingHappened,
    query: 'AUTH and TLS',
  },
  tlsFailures: {
    heading: 'TLS fails',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'sessions', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A mail server of the transport ${transport} does not have the TLS that is wanted: no STARTTLS, a failed handshake, or a certificate that does not match. Mail for it is late.`,
    safety: ({ lifetime }) =>
      `Nothing is lost, and nothing goes out in plain text instead: it is tried again by itself, for ${lifetime} from its arrival.`,
    act: ({ command }) =>
      `see which server, and what is wrong: ${command('queue --reply TLS')}\nThen look: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)`,
    missing: nothingHappened,
    query: 'AUTH and TLS',
  },
  certificateEnds: {
    heading: 'A certificate is about to end',
    urgency: 'ticket',
    threshold: { usual: 21, unit: 'days', least: 1, most: 365, direction: 'below' },
    minutes: 60,
    meaning: ({ transport, threshold }) =>
      `The certificate of a mail server of the transport ${transport}, or our own, ends in less than ${threshold} days. After that its mail waits, where certificates are checked.`,
    safety: () => 'Nothing is late yet.',
    act: () =>
      'see which, and how many days are left: lambda-lmtp check NEXT-HOP --function NAME (output CheckFunctionName)',
    missing: {
      treatment: TreatMissingData.IGNORE,
      because: 'no session is no new certificate: what was seen last still counts',
    },
    query: 'certificates',
  },
  secretUnreadable: {
    heading: 'A secret cannot be read',
    urgency: 'page',
    threshold: { usual: 1, unit: 'faults', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `A secret that lmtp_sasl_password_maps or a TLS parameter of the transport ${transport} names could not be read or understood. Mail to its servers waits (4.3.0); where a container had read the secret before, it goes on with that.`,
    safety: ({ lifetime }) => `Nothing is lost: it is tried again by itself, for ${lifetime} from its arrival.`,
    act: ({ command }) => `see for whom it matters: ${command('queue --reply secret')}`,
    missing: nothingHappened,
    query: 'secrets',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;
