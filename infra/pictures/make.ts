/**
 * `npm run pictures`: draws the screens of the dashboard for the documents, from a local stack, with Debian's Chromium.
 */
import { join } from 'node:path';
import { screenNames } from '../../functions/screens/page.ts';
import { serveScreens } from '../local/screens.ts';
import { startLocalStack } from '../local/stack.ts';
import { writeBelievableMail } from './believable-mail.ts';
import { startChromium } from './chromium.ts';

/** Margins of a picture in pixels. */
const margin = 6;

await using stack = new AsyncDisposableStack();
const local = await startLocalStack({ sweepInterval: 0 });
stack.defer(() => local.close());
await writeBelievableMail(local.clients.documents, local.outputs.QueueTableName);
const screens = await serveScreens(local.functions);
stack.defer(() => screens.close());
const browser = await startChromium();
stack.defer(() => browser.close());
const page = await browser.newPage({ viewport: { width: 1180, height: 2000 } });
await page.goto(screens.endpoint);
await page.locator('#widget .lmtp').waitFor();
for (const name of screenNames) {
  const box = await page.locator(`.lmtp-screen-${name}`).boundingBox();
  if (box === null) throw new Error(`the screen ${name} is not visible`);
  const { x, y, width, height } = box;
  const clip = { x: x - margin, y, width: width + 2 * margin, height: height + margin };
  const { length } = await page.screenshot({
    path: join(import.meta.dirname, '../../docs/pictures', `${name}.png`),
    clip,
  });
  process.stdout.write(`${name}.png: ${Math.round(length / 1000)} kB\n`);
}
