/**
 * What the dashboard asks for. CloudWatch sends the parameters of the widget or of a button, and beside them `widgetContext`;
 * what else there is does not concern us.
 */

import { parseTime } from '../parameters/parameters.ts';
import { type State, states } from '../queue/items/states.ts';
import { Fields, isBoolean, isNonEmptyString, isString, oneOf } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import { replaceControls } from '../smtp/control-characters.ts';
import { type ScreenName, screenNames } from './page.ts';

/** What is to be drawn. */
export type DrawRequest =
  | { readonly kind: 'describe' }
  /** @property lateAfter milliseconds after which mail is late */
  | { readonly kind: 'screens'; readonly names: readonly ScreenName[]; readonly lateAfter: number }
  | { readonly kind: 'list'; readonly wish: ListRequest }
  | { readonly kind: 'explain'; readonly what: 'destination' | 'message'; readonly name: string };

/** Which mail is to be listed; what is absent is no condition. */
export interface ListRequest {
  readonly destination?: string;
  readonly state?: State;
  readonly inDoubt?: true;
  /** Key of a cause. */
  readonly cause?: string;
  /** Minutes: as old, or older. */
  readonly from?: number;
  /** Minutes: younger. */
  readonly to?: number;
}

/** What is to be done. */
export interface ActRequest {
  readonly action: 'flush' | 'hold' | 'release' | 'check';
  /** As the queue has it; absent: what waits for a cause. */
  readonly destination?: string;
  readonly cause?: string;
  /** The text of the field for the reason. */
  readonly reason?: string;
  /** The function that draws, as the button has it: what is told can then be pressed. Absent: it is plain text. */
  readonly screens?: string;
}

/** Characters of a reason: it is kept with what is changed. */
const reasonLength = 300;

/** Characters of a destination or a cause. */
const nameLength = 2000;

/** Characters of a queue id. */
const idLength = 255;

/** Characters of the name of a function that draws. */
const endpointPattern = /^[A-Za-z0-9:_$-]{1,300}$/;

const isId = (value: unknown): value is string => isNonEmptyString(value) && value.length <= idLength;
const isEndpoint = (value: unknown): value is string => isString(value) && endpointPattern.test(value);
const isName = (value: unknown): value is string => isNonEmptyString(value) && value.length <= nameLength;
const isMinutes = (value: unknown): value is number => typeof value === 'number' && value >= 0;
const name = `a text of at most ${nameLength} characters`;

/**
 * Reads what showq is asked.
 *
 * @throws RequestError naming field, value and what is allowed
 */
export function readDrawRequest(event: unknown): DrawRequest {
  const fields = new Fields('', event);
  if (fields.optional('describe', isBoolean, 'true or false') === true) return { kind: 'describe' };
  const wanted = oneOf('all', ...screenNames, 'list', 'explain');
  const screen = fields.optional('screen', wanted, `all, ${screenNames.join(', ')}, list or explain`) ?? 'all';
  if (screen === 'list') return { kind: 'list', wish: readList(fields) };
  if (screen === 'explain') return readExplain(fields);
  const late = fields.optional('late', isString, 'a time such as 15m or 1h') ?? '1h';
  const lateAfter = parseTime(late);
  if (lateAfter === undefined) throw new RequestError('late', `"${late}" is not allowed; expected a time such as 15m`);
  return { kind: 'screens', names: screen === 'all' ? screenNames : [screen], lateAfter };
}

/** A message by its queue id, or a destination. */
function readExplain(fields: Fields): DrawRequest {
  const id = fields.optional('id', isId, `a queue id of at most ${idLength} characters`);
  if (id === undefined) {
    return { kind: 'explain', what: 'destination', name: fields.require('destination', isName, name) };
  }
  if (fields.optional('destination', isName, name) !== undefined) {
    throw new RequestError('destination', 'is not allowed together with an id');
  }
  return { kind: 'explain', what: 'message', name: id };
}

function readList(fields: Fields): ListRequest {
  const destination = fields.optional('destination', isName, name);
  const state = fields.optional('state', oneOf(...states), states.join(', '));
  const inDoubt = fields.optional('inDoubt', isBoolean, 'true or false');
  const cause = fields.optional('cause', isName, name);
  const from = fields.optional('from', isMinutes, 'minutes');
  const to = fields.optional('to', isMinutes, 'minutes');
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(state === undefined ? {} : { state }),
    ...(inDoubt === true ? { inDoubt } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/**
 * Reads what postsuper is asked.
 *
 * @throws RequestError naming field, value and what is allowed
 */
export function readActRequest(event: unknown): ActRequest {
  const fields = new Fields('', event);
  const action = fields.require(
    'action',
    oneOf('flush', 'hold', 'release', 'check'),
    'flush, hold, release or check: nothing else is done from a dashboard',
  );
  const destination = fields.optional('destination', isName, name);
  const cause = fields.optional('cause', isName, name);
  if (destination === undefined && (cause === undefined || action !== 'hold')) {
    throw new RequestError('destination', `is missing; expected the destination to ${action}`);
  }
  if (destination !== undefined && cause !== undefined) {
    throw new RequestError('cause', 'is not allowed together with a destination');
  }
  const reason = readReason(event);
  const screens = fields.optional('screens', isEndpoint, 'the ARN of a function');
  return {
    action,
    ...(destination === undefined ? {} : { destination }),
    ...(cause === undefined ? {} : { cause }),
    ...(reason === undefined ? {} : { reason }),
    ...(screens === undefined ? {} : { screens }),
  };
}

/** `widgetContext.forms.all.reason`, made one line. */
function readReason(event: unknown): string | undefined {
  const { widgetContext } = event as { readonly widgetContext?: { readonly forms?: { readonly all?: unknown } } };
  const { reason } = (widgetContext?.forms?.all ?? {}) as { readonly reason?: unknown };
  if (reason === undefined || reason === null) return undefined;
  if (typeof reason !== 'string' || reason.length > reasonLength) {
    throw new RequestError('reason', `at most ${reasonLength} characters of text are allowed`);
  }
  const text = replaceControls(reason, ' ').replace(/\s+/g, ' ').trim();
  return text === '' ? undefined : text;
}
