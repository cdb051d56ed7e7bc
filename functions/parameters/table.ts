import { authenticationRows } from './authentication.ts';
import { contentRows } from './content.ts';
import { conversationRows } from './conversation.ts';
import { destinationRows } from './destinations.ts';
import { identityRows } from './identity.ts';
import { queueRows } from './queue.ts';
import { receivingRows } from './receiving.ts';
import { reportRows } from './reports.ts';
import { sessionRows } from './sessions.ts';
import { timeoutRows } from './timeouts.ts';
import { tlsRows } from './tls.ts';
import { verdictRows } from './verdicts.ts';

/** The rows by subject, in the order of the documents. */
export const parameterSubjects = {
  'Names and log': identityRows,
  Destinations: destinationRows,
  Sessions: sessionRows,
  'Time limits': timeoutRows,
  Conversation: conversationRows,
  TLS: tlsRows,
  Authentication: authenticationRows,
  Content: contentRows,
  Verdicts: verdictRows,
  Queue: queueRows,
  'Mail from Amazon SES': receivingRows,
  Reports: reportRows,
} as const;

/** All rows. */
export const parameterTable = {
  ...identityRows,
  ...destinationRows,
  ...sessionRows,
  ...timeoutRows,
  ...conversationRows,
  ...tlsRows,
  ...authenticationRows,
  ...contentRows,
  ...verdictRows,
  ...queueRows,
  ...receivingRows,
  ...reportRows,
} as const;
