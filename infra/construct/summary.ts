/** What is in force in a stack, as synth prints it: one note, to be read before a deployment. */
import { isParameterName, rowOf, shownValue } from '../../functions/parameters/parameters.ts';
import { hidePasswords } from '../../functions/secrets/open-password-maps.ts';
import { withoutTokens } from '../properties/tokens.ts';
import { unreachedTimeouts } from '../properties/unreached-timeouts.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';
import type { DeliverySettings } from './delivery-settings.ts';

/** Entries of the transport map that are shown. */
const mostEntries = 20;

/** Returns the summary: a line for each subject. */
export function summaryOf(settings: DeliverySettings, props: LmtpDeliveryProps): string {
  const timeouts = unreachedTimeouts(settings.functionTimeout.toMilliseconds(), settings.parsed);
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['destinations', destinationLines(settings)],
    ['transport', [transportLine(settings)]],
    ['TLS', [tlsLine(settings)]],
    ['AUTH', [authLine(settings, props)]],
    ['parameters', parameterLines(props)],
    ['time-outs', timeouts?.split(/(?<=\.) (?=[A-Z])/) ?? ['all of them end before the functions do']],
  ];
  const shown = lines.flatMap(([subject, [first = 'none', ...others]]) => [
    `  ${subject.padEnd(13)} ${first}`,
    ...others.map((line) => `${' '.repeat(16)}${line}`),
  ]);
  return ['In force:', ...shown].join('\n');
}

function destinationLines({ transportMap, transportMapObject, allowedDestinations }: DeliverySettings): string[] {
  const entries = transportMap.split('\n').filter((line) => line !== '');
  const shown = entries.slice(0, mostEntries).map((entry) => {
    const [, pattern = '', hop = ''] = /^\s*(\S+)\s+(.*)$/.exec(withoutTokens(entry)) ?? [];
    return `${pattern === '*' ? 'all other mail' : pattern} → ${hop}`;
  });
  const more = entries.length > mostEntries ? [`and ${entries.length - mostEntries} more entries of transportMap`] : [];
  const source =
    transportMapObject === undefined
      ? []
      : [`first the map in s3://${withoutTokens(transportMapObject.bucket.bucketName)}/${transportMapObject.key}`];
  const allowed = allowedDestinations.length === 0 ? [] : [`requests may name ${allowedDestinations.join(', ')}`];
  return [...source, ...shown, ...more, ...allowed].map(withoutTokens);
}

function transportLine({ transport, otherTransports, maximumConcurrency }: DeliverySettings): string {
  const others = Object.keys(otherTransports);
  const hands = others.length === 0 ? '' : `, hands mail to ${others.join(', ')}`;
  return `${transport}, at most ${maximumConcurrency} functions at once${hands}`;
}

const levels: Readonly<Record<string, string>> = {
  '': 'none: mail goes in plain text',
  none: 'none: mail goes in plain text',
  may: 'may: where the server offers it, with any certificate',
  encrypt: 'encrypt: always, with any certificate',
  fingerprint: 'fingerprint: always, with a certificate of the list',
  verify: 'verify: always, with a certificate for the name of the server',
  secure: 'secure: always, with a certificate for the next-hop',
};

function tlsLine({ parsed }: DeliverySettings): string {
  const level = parsed.lmtp_tls_security_level;
  const policies = parsed.lmtp_tls_policy_maps.isEmpty ? '' : '; lmtp_tls_policy_maps names others for some servers';
  return `${levels[level] ?? level}${policies}`;
}

function authLine({ parsed }: DeliverySettings, { parameters = {} }: LmtpDeliveryProps): string {
  if (!parsed.lmtp_sasl_auth_enable) return 'none';
  const source = hidePasswords(withoutTokens(parameters['lmtp_sasl_password_maps'] ?? ''));
  return `with the passwords of ${source}`;
}

function parameterLines({ parameters = {} }: LmtpDeliveryProps): string[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    if (!isParameterName(name)) return [];
    const standard = rowOf(name).default;
    if (value === standard) return [];
    return [`${name}=${shownValue(name, withoutTokens(value))} (default: ${standard === '' ? 'empty' : standard})`];
  });
}
