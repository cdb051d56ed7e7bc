/**
 * The life of a delivery: its states, and the only moves between them.
 *
 * A delivery is one item of the queue table: a request, cut down to one destination and one chunk of recipients. Every
 * write to such an item is one of the transitions below, as one conditional write; the code builds its condition from the
 * row (`from` and `fence`), the tests walk the rows, and ARCHITECTURE.md shows them.
 *
 * Three fences keep an item from being moved by somebody who is behind:
 * - `absent`: the item must not exist yet;
 * - `generation`: the number in the SQS message must be the item's own; it rises with every send to active;
 * - `token`: the random token of the claim must be the item's own, so a worker whose lease ran out can write no more;
 * - `time`: the item must still be overdue, as the sweep saw it.
 */

/** Where a delivery is. `done` and `corrupt` are ends; all others are live. */
export const states = ['queued', 'active', 'delivering', 'deferred', 'done', 'corrupt'] as const;
export type State = (typeof states)[number];

export type Fence = 'absent' | 'generation' | 'token' | 'time';

export interface Transition {
  readonly from: readonly State[];
  readonly to: State;
  readonly fence: Fence;
  /** Whether the item's generation rises by one: what was sent before is then stale. */
  readonly raises?: true;
  readonly by: 'qmgr' | 'lmtp' | 'sweep';
  readonly when: string;
}

export const transitions = {
  admit: { from: [], to: 'active', fence: 'absent', by: 'qmgr', when: 'a request is taken in' },
  refuse: { from: [], to: 'done', fence: 'absent', by: 'qmgr', when: 'none of its recipients has a usable address' },
  activate: {
    from: ['queued', 'deferred'],
    to: 'active',
    fence: 'generation',
    raises: true,
    by: 'qmgr',
    when: 'its wake-up arrives',
  },
  claim: { from: ['active'], to: 'delivering', fence: 'generation', by: 'lmtp', when: 'content is about to be sent' },
  progress: {
    from: ['delivering'],
    to: 'delivering',
    fence: 'token',
    by: 'lmtp',
    when: 'some recipients are settled and the server takes its time over the rest',
  },
  finish: { from: ['delivering'], to: 'done', fence: 'token', by: 'lmtp', when: 'every recipient is sent or bounced' },
  defer: { from: ['delivering'], to: 'deferred', fence: 'token', by: 'lmtp', when: 'some recipients must wait' },
  finishUnclaimed: {
    from: ['active'],
    to: 'done',
    fence: 'generation',
    by: 'lmtp',
    when: 'every recipient is refused before content',
  },
  deferUnclaimed: {
    from: ['active'],
    to: 'deferred',
    fence: 'generation',
    by: 'lmtp',
    when: 'the attempt fails before content',
  },
  putBack: {
    from: ['active'],
    to: 'queued',
    fence: 'generation',
    by: 'lmtp',
    when: 'the invocation has no time left for it: no attempt is counted',
  },
  condemn: {
    from: ['active'],
    to: 'corrupt',
    fence: 'generation',
    by: 'lmtp',
    when: 'its body is missing, or is not the body it was taken in with',
  },
  condemnClaimed: {
    from: ['delivering'],
    to: 'corrupt',
    fence: 'token',
    by: 'lmtp',
    when: 'the same, noticed after the claim and before any content was sent',
  },
  resend: { from: ['active'], to: 'active', fence: 'time', by: 'sweep', when: 'its message in active seems lost' },
  lapse: {
    from: ['delivering'],
    to: 'deferred',
    fence: 'time',
    by: 'sweep',
    when: 'the lease ran out: recipients without an answer are in doubt',
  },
  lapseFinished: {
    from: ['delivering'],
    to: 'done',
    fence: 'time',
    by: 'sweep',
    when: 'the lease ran out after every recipient had been written down as sent',
  },
} as const satisfies Record<string, Transition>;

export type TransitionName = keyof typeof transitions;
