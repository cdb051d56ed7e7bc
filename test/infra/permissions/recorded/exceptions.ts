import type { Exception } from '../../../support/compare-permissions.ts';

/** What only AWS does in the name of a function, or does for a request of ours: no local run shows it. */
export const exceptions: readonly Exception[] = [
  { action: 'logs:CreateLogStream', reason: 'Lambda writes the log of a function in its name' },
  { action: 'logs:PutLogEvents', reason: 'Lambda writes the log of a function in its name' },
  {
    action: 'sqs:GetQueueAttributes',
    caller: 'Delivery/Functions/Qmgr',
    reason: 'an event source looks at its queue in the name of the function',
  },
  {
    action: 'sqs:GetQueueAttributes',
    caller: 'Delivery/Functions/Lmtp',
    reason: 'an event source looks at its queue in the name of the function',
  },
  {
    action: 'sqs:GetQueueAttributes',
    caller: 'Delivery/Functions/Bounce',
    reason: 'an event source reads the attributes of its queue in the name of the function',
  },
  ...['ses:SendBounce', 'ses:SendRawEmail'].map((action) => ({
    action,
    resource: 'identity/',
    reason: 'which identity SES has verified is not known: the address, its domain or a parent domain',
  })),
  ...['Postmaster', 'Observer'].flatMap((caller) => [
    { caller, action: 'logs:StartQuery', reason: 'the saved queries are run in the console' },
    { caller, action: 'logs:GetQueryResults', reason: 'the saved queries are run in the console' },
    { caller, action: 'logs:FilterLogEvents', reason: 'logs other than those of delivery are read in the console' },
    ...['Showq', ...(caller === 'Postmaster' ? ['Postsuper'] : [])].map((name) => ({
      ...{ caller, action: 'lambda:InvokeFunction', resource: name },
      reason: 'the console calls it in the name of the user who looks at the dashboard',
    })),
  ]),
];
