import { mapTypes } from '../maps/maps.ts';
import { passwordMapTypes } from '../secrets/open-password-maps.ts';
import { tlsVersions } from './protocols.ts';
import { type Row, second } from './row.ts';

/** Returns the allowed values of a parameter, in a few words. */
export function allowedValues(row: Row): string {
  switch (row.kind) {
    case 'time':
      return `a time, ${range(row, (bound) => shortTime(bound))}`;
    case 'number':
      return range(row, String);
    case 'size':
      return `${range(row, String)} octets`;
    case 'port':
      return `${range(row, String)}, or a name of known_tcp_ports`;
    case 'ports':
      return 'name=port, ...';
    case 'switch':
      return 'yes, no';
    case 'text':
      return row.wanted ?? 'text';
    case 'choice':
      return inWords(row.allowed ?? []);
    case 'words':
      return `words: ${row.allowed === undefined ? (row.wanted ?? 'any') : inWords(row.allowed)}`;
    case 'flags':
      return `letters: ${inWords(row.allowed ?? [])}`;
    case 'protocols':
      return `versions: ${tlsVersions.join(', ')}, with >=, <= or !`;
    case 'passwords':
      return `maps: ${passwordMapTypes.join(', ')}`;
    case 'maps':
      return `maps: ${mapTypes.join(', ')}`;
    case 'patterns':
      return row.matches === 'hosts' ? 'patterns of hosts' : 'patterns';
    default:
      return row.kind satisfies never;
  }
}

function range({ min = 0, max }: Row, show: (bound: number) => string): string {
  return max === undefined ? `${show(min)} or more` : `${show(min)} to ${show(max)}`;
}

function shortTime(milliseconds: number): string {
  const seconds = milliseconds / second;
  return seconds > 0 && seconds % 86_400 === 0 ? `${seconds / 86_400}d` : `${seconds}s`;
}

function inWords(allowed: readonly string[]): string {
  return allowed.map((word) => (word === '' ? '(empty)' : word)).join(', ');
}
