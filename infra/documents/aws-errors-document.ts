/**
 * The table of docs/troubleshooting.md about errors of AWS: by kind, and by service where a service differs.
 */

import type { ErrorKind } from '../../functions/aws/error-kinds.ts';
import { meanings, serviceNames, wordsOf } from '../../functions/aws/error-table.ts';
import type { AwsService } from '../../functions/aws/settings.ts';

/** What stands for the blanks of the words. */
const blanks: Readonly<Record<string, string>> = {
  action: 'ACTION',
  resource: 'RESOURCE',
  on: 'on RESOURCE',
  service: 'SERVICE',
  region: 'REGION',
  key: 'KEY',
  keyAction: '`kms:Decrypt` (to write also `kms:GenerateDataKey`)',
};

/** The table. */
export function awsErrorsTable(): string {
  const rows = Object.keys(meanings).flatMap((kind) => (isKind(kind) ? rowsOf(kind) : []));
  return ['| you see | do this | temporary |', '| --- | --- | --- |', ...rows].join('\n');
}

function isKind(name: string): name is ErrorKind {
  return Object.hasOwn(meanings, name);
}

/** A row for all services, and one for each group of services with the same other words. */
function rowsOf(kind: ErrorKind): readonly string[] {
  const { says, remedy, isTemporary, at = {} } = meanings[kind];
  const groups = new Map<string, string[]>();
  for (const service of Object.keys(at)) {
    if (!isService(service)) continue;
    const own = wordsOf(kind, service);
    const text = cells(own.says, own.remedy);
    groups.set(text, [...(groups.get(text) ?? []), serviceNames[service]]);
  }
  const temporary = isTemporary ? 'yes' : 'no';
  return [
    `| ${cells(says, remedy)} | ${temporary} |`,
    ...[...groups].map(([text, names]) => `| ${names.join(', ')}: ${text} | ${temporary} |`),
  ];
}

function isService(name: string): name is AwsService {
  return Object.hasOwn(serviceNames, name);
}

function cells(says: string, remedy: string): string {
  return `\`${filled(says, '').replaceAll('`', '')}\` | ${filled(remedy, '`')}`;
}

function filled(words: string, quote: string): string {
  return words.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = blanks[name] ?? name;
    return quote === '' || value.includes('`')
      ? value
      : value.replaceAll(/[A-Z]{3,}/g, (word) => `${quote}${word}${quote}`);
  });
}
