/**
 * docs/metrics.md: what the functions write to CloudWatch, and how to look at it.
 */

import { dimensions, type MetricRow, metricTable, mostDestinations } from '../../functions/metrics/catalogue.ts';

const rows: readonly (readonly [string, MetricRow])[] = Object.entries(metricTable);

/** The whole text. */
export function metricsDocument(): string {
  const lines = rows.map(
    ([name, { unit, about, statistic, by, perDestination }]) =>
      `| \`${name}\` | ${unit} | ${about} | ${statistic} | ${perDestination === true ? 'yes' : ''} | ${by} |`,
  );
  return [
    introduction,
    '| metric | unit | meaning | look at | by destination | written by |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
    notes,
  ].join('\n');
}

const own = rows.filter(([, { perDestination }]) => perDestination === true).length;

const introduction = `# Metrics

What the functions write to CloudWatch. The alarms and the dashboard of a stack use these metrics, and so can your own:

\`\`\`ts
new Alarm(this, 'Slow', { metric: delivery.metrics.metricDelay(), threshold: 60, evaluationPeriods: 3 });
delivery.metrics.metric('DeferredMailbox');
delivery.metrics.metricFor('inet:lmtp.example.com:24', 'Sent');
\`\`\`

Their namespace is \`LambdaLmtp/\` and the name of the construct, one for each transport (\`delivery.metrics.namespace\`). Their dimension is
\`${dimensions.transport}\`; for the watched destinations (\`watchedDestinations\`, at most ${mostDestinations}) some are there a second time, with the
dimension \`${dimensions.destination}\` beside it. Recipients, queue ids and hosts are never dimensions: the saved queries find them in the logs.
`;

const notes = `Each line of the delivery log is counted once. So *Sent* + *Deferred* + *Bounced* is the number of lines. Each recipient that arrives is
sent or bounced in the end, unless an operator removes it. A recipient that expires has two lines, one for the last attempt and one for
the expiry, and counts in both.
*Deferred...* and *Bounced...* are the same recipients by the subject of their enhanced status (RFC 3463 section 3).

An invocation writes its counts when it ends, in CloudWatch's embedded metric format: one line of its log, and one more for each
watched destination that it delivered to. An invocation that Lambda kills writes none: its sessions and attempts are missing, and so are
the recipients that it had logged, except those whose lines are written again (*found* in the log). The sweep writes the state of the
table at that moment.

A metric costs about $0.30 a month where it has values in each hour, and nothing in hours without. There are ${rows.length}, and ${own} more for each
watched destination. In a stack with one destination where all is well, some 23 have values.

Functions that operators call (\`check\`, \`showq\`, \`postsuper\`) and the command line write no metrics.

Written from \`functions/metrics/\` by \`npm run documents\`.
`;
