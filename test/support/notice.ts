/** Notices, with default values for everything that a test does not set. */
import type { Notice } from '../../functions/notices/notice.ts';

/** Makes a notice. */
export function makeNotice(given: Partial<Notice> = {}): Notice {
  return {
    version: 1,
    kind: 'notice',
    id: 'notice-1',
    class: 'protocol',
    subject: 'store.example[10.0.0.7]:24 said what no server should say',
    time: '2026-11-22T09:00:00Z',
    transport: 'lmtp',
    peer: 'store.example[10.0.0.7]:24',
    destination: 'inet:store.example:24',
    queueId: '4bXq1',
    transcript: ['Out: LHLO mail.example.org', 'In:  999 what?'],
    count: 1,
    ...given,
  };
}
