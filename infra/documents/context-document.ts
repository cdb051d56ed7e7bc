/** The table of context values in docs/configuration.md. */
import { contextTable } from '../context/context.ts';

/** What docs/configuration.md says of context values, as Markdown. */
export function contextDocument(): string {
  const rows = Object.entries(contextTable).map(([name, row]) => {
    const ofFirst = 'isOfFirst' in row ? ' (of the first transport)' : '';
    return `| \`${name}\` | ${row.about}${ofFirst} |`;
  });
  return ['| context value | meaning |', '| --- | --- |', ...rows].join('\n');
}
