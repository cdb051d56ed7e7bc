/**
 * The states of a delivery, and the only transitions between them.
 *
 * A delivery is one item of the queue table: a request, cut down to one destination and one chunk of recipients. Each
 * write to such an item is one of the transitions below, as one conditional write. The code builds its condition from
 * the row (`from` and `fence`), the tests walk the rows, and docs/queue.md shows them.
 *
 * A fence refuses a write based on an old state of the item:
 * - `absent`: the item must not exist yet;
 * - `generation`: the number in the SQS message must be the item's own; it rises with each send to active, and when an
 *   operator takes a delivery out of the queue or puts it back;
 * - `token`: the random token of the claim must be the item's own, so a worker whose lease has ended cannot write;
 * - `time`: the item must still be overdue, as the sweep saw it;
 * - `mark`: the item must not have moved since the operator read it.
 *
 * With `token` and `time` the last write must have been read too. So a request of an operator is respected before the
 * delivery moves on.
 */

/** `done` and `corrupt` are final, but an operator may requeue a corrupt delivery. */
export const states = ['queued', 'active', 'delivering', 'deferred', 'held', 'done', 'corrupt'] as const;
export type State = (typeof states)[number];

/** Whether a value is a state. */
export function isState(value: unknown): value is State {
  return states.some((state) => state === value);
}

export type Fence = 'absent' | 'generation' | 'token' | 'time' | 'mark';

/** Who moves deliveries: one of the functions, or an operator. */
export type Mover = 'qmgr' | 'lmtp' | 'sweep' | 'operator';

export interface Transition {
  readonly from: readonly State[];
  /** `unchanged`: the item keeps its state. */
  readonly to: State | 'unchanged';
  readonly fence: Fence;
  /** Whether the item's generation rises by one: messages sent before are then stale. */
  readonly raises?: true;
  readonly by: readonly Mover[];
  readonly when: string;
}

export const transitions = {
  admit: { from: [], to: 'active', fence: 'absent', by: ['qmgr'], when: 'a request is admitted' },
  admitQueued: {
    from: [],
    to: 'queued',
    fence: 'absent',
    by: ['qmgr'],
    when: 'a request is admitted, and active has no place left for its destination',
  },
  admitHeld: {
    from: [],
    to: 'held',
    fence: 'absent',
    by: ['qmgr'],
    when: 'a request is admitted, and its destination is held, or a verdict of Amazon SES holds it',
  },
  refuse: { from: [], to: 'done', fence: 'absent', by: ['qmgr'], when: 'none of its recipients has a usable address' },
  activate: {
    from: ['queued', 'deferred'],
    to: 'active',
    fence: 'generation',
    raises: true,
    by: ['qmgr'],
    when: 'its wake-up arrives, and active has a place for its destination',
  },
  enqueue: {
    from: ['deferred'],
    to: 'queued',
    fence: 'generation',
    by: ['qmgr'],
    when: 'its wake-up arrives, and active has no place left for its destination',
  },
  withhold: {
    from: ['queued', 'deferred', 'active'],
    to: 'held',
    fence: 'generation',
    by: ['qmgr', 'lmtp'],
    when: 'its turn comes, and its destination is held',
  },
  reroute: {
    from: ['queued', 'deferred'],
    to: 'unchanged',
    fence: 'generation',
    by: ['qmgr'],
    when: 'its wake-up arrives, and the transport map, which had parked it, names another destination',
  },
  handOn: {
    from: ['queued', 'deferred'],
    to: 'done',
    fence: 'generation',
    by: ['qmgr'],
    when: 'the same, and the destination is another transport',
  },
  claim: { from: ['active'], to: 'delivering', fence: 'generation', by: ['lmtp'], when: 'content is about to be sent' },
  progress: {
    from: ['delivering'],
    to: 'delivering',
    fence: 'token',
    by: ['lmtp'],
    when: 'some recipients are settled and the server is slow with the rest; or content waits until the table accepts writes again',
  },
  finish: {
    from: ['delivering'],
    to: 'done',
    fence: 'token',
    by: ['lmtp'],
    when: 'no recipient is left to deliver to',
  },
  defer: { from: ['delivering'], to: 'deferred', fence: 'token', by: ['lmtp'], when: 'some recipients must wait' },
  finishHeld: {
    from: ['delivering'],
    to: 'held',
    fence: 'token',
    by: ['lmtp'],
    when: 'some recipients must wait, and an operator must decide first',
  },
  finishUnclaimed: {
    from: ['active'],
    to: 'done',
    fence: 'generation',
    by: ['lmtp', 'qmgr'],
    when: 'every recipient is refused before content, or no recipient was left',
  },
  deferUnclaimed: {
    from: ['active'],
    to: 'deferred',
    fence: 'generation',
    by: ['lmtp'],
    when: 'the attempt fails before content',
  },
  putBack: {
    from: ['active'],
    to: 'queued',
    fence: 'generation',
    by: ['lmtp'],
    when: 'the invocation has no time left for it, or its concurrency window has shrunk: no attempt is counted',
  },
  unclaim: {
    from: ['delivering'],
    to: 'queued',
    fence: 'token',
    by: ['lmtp'],
    when: 'the table refused writes until no time was left, and no content was sent: no attempt is counted',
  },
  markCorrupt: {
    from: ['active'],
    to: 'corrupt',
    fence: 'generation',
    by: ['lmtp'],
    when: 'its body is missing, or was altered after admission',
  },
  markCorruptClaimed: {
    from: ['delivering'],
    to: 'corrupt',
    fence: 'token',
    by: ['lmtp'],
    when: 'the same, noticed after the claim and before any content was sent',
  },
  resend: { from: ['active'], to: 'active', fence: 'time', by: ['sweep'], when: 'its message in active seems lost' },
  expireLease: {
    from: ['delivering'],
    to: 'deferred',
    fence: 'time',
    by: ['sweep'],
    when: 'the lease ended: recipients without an answer are in doubt',
  },
  expireLeaseHeld: {
    from: ['delivering'],
    to: 'held',
    fence: 'time',
    by: ['sweep'],
    when: 'the same, and an operator must decide first',
  },
  expireLeaseFinished: {
    from: ['delivering'],
    to: 'done',
    fence: 'time',
    by: ['sweep'],
    when: 'the lease ended after all recipients were written as sent, or the message is to be removed',
  },
  recover: {
    from: ['active'],
    to: 'deferred',
    fence: 'generation',
    by: ['qmgr'],
    when: 'its message is in the dead-letter queue of active: no function could handle it',
  },
  holdUndeliverable: {
    from: ['active'],
    to: 'held',
    fence: 'generation',
    by: ['qmgr'],
    when: 'the same, for the last time in a row: an operator must act',
  },
  hold: {
    from: ['queued', 'deferred', 'active'],
    to: 'held',
    fence: 'mark',
    raises: true,
    by: ['operator'],
    when: 'an operator holds the message',
  },
  release: {
    from: ['held'],
    to: 'queued',
    fence: 'mark',
    raises: true,
    by: ['operator', 'sweep'],
    when: 'its last hold, or that of its destination, was removed or has ended',
  },
  expire: {
    from: ['held'],
    to: 'done',
    fence: 'time',
    by: ['sweep'],
    when: 'it is held because only recipients at in_doubt_limit are left, and its lifetime is over',
  },
  drop: {
    from: ['held'],
    to: 'done',
    fence: 'time',
    by: ['sweep'],
    when: 'a verdict of Amazon SES held it, and that hold has ended without a release',
  },
  amend: {
    from: ['queued', 'deferred', 'held', 'delivering'],
    to: 'unchanged',
    fence: 'mark',
    by: ['operator', 'sweep'],
    when: 'an operator changes it without moving it: one of several holds, a hold or a removal after the attempt, one of several recipients, its due time; or the sender is warned of mail held at in_doubt_limit',
  },
  remove: {
    from: ['queued', 'deferred', 'active', 'held', 'corrupt'],
    to: 'done',
    fence: 'mark',
    raises: true,
    by: ['operator'],
    when: 'an operator removes it, or marks its last recipients as delivered',
  },
  requeue: {
    from: ['corrupt'],
    to: 'queued',
    fence: 'mark',
    raises: true,
    by: ['operator'],
    when: 'an operator has corrected it',
  },
} as const satisfies Record<string, Transition>;

export type TransitionName = keyof typeof transitions;

/** Returns the state after a transition from another state. */
export function targetOf({ to }: Transition, from: State): State {
  return to === 'unchanged' ? from : to;
}
