/**
 * The screens, alone or one below the other.
 */

import type { Survey } from '../operator/survey.ts';
import { counted, moment } from '../texts/words.ts';
import type { Endpoints } from './action.ts';
import { agesScreen } from './ages.ts';
import { answerScreen } from './answer.ts';
import { causesScreen } from './causes.ts';
import { destinationsScreen } from './destinations.ts';
import { atLeast, number } from './figures.ts';
import { type Html, html } from './html.ts';
import { style } from './style.ts';

/** What can be shown alone. */
export const screenNames = ['answer', 'ages', 'causes', 'destinations'] as const;
export type ScreenName = (typeof screenNames)[number];

const screens: Readonly<Record<ScreenName, (survey: Survey, endpoints: Endpoints) => Html>> = {
  answer: answerScreen,
  ages: agesScreen,
  causes: causesScreen,
  destinations: destinationsScreen,
};

/** Screens with buttons that change something. */
const acting: readonly ScreenName[] = ['causes', 'destinations'];

/** Draws the screens that are wanted. */
export function page(names: readonly ScreenName[], survey: Survey, endpoints: Endpoints): string {
  const first = names.find((name) => acting.includes(name));
  return framed(html`${names.map(
    (
      name,
    ) => html`${name === first ? reason : ''}<div class="lmtp-screen-${name}">${screens[name](survey, endpoints)}</div>
`,
  )}
${footer(survey)}`);
}

/** A piece of HTML with its style around it, as it goes to the dashboard. */
export function framed(content: Html): string {
  return html`<div class="lmtp">${style}
${content}
</div>`.text;
}

/** Nothing can be said but a sentence. */
export function sentence(text: string): string {
  return framed(html`<p>${text}</p>`);
}

/** Lines of text as they are, with what of them can be pressed. */
export function lines(title: string, all: readonly (string | Html)[]): string {
  return framed(
    html`<h3>${title}</h3><pre>${all.flatMap((line, index) => (index === 0 ? [line] : ['\n', line]))}</pre>`,
  );
}

const reason = html`<form><label>Reason, for the history: <input name="reason" maxlength="300" placeholder="why you press a button below"></label></form>`;

function footer({ cost, isCut, status }: Survey): Html {
  const { entries, pages, consumed, milliseconds } = cost;
  const read = `${atLeast(isCut)}${counted(entries, 'delivery', 'deliveries')} in ${counted(pages, 'page')}`;
  const took = `${number(Math.ceil(consumed))} read units, ${(milliseconds / 1000).toFixed(1)} s`;
  return html`<p class="lmtp-note">${moment(status.now)}: ${read}, ${took}. What the indexes say may be some seconds old.</p>`;
}
