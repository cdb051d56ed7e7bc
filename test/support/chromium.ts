/** A browser for tests: whether it is there, and what to do where it is not. */
import { existsSync } from 'node:fs';
import { executablePath } from '../../infra/pictures/chromium.ts';
import { installLine } from './debian-packages.ts';

export { startChromium } from '../../infra/pictures/chromium.ts';

/** Debian packages that it needs; the fonts, so that there are letters. */
export const chromiumPackages = ['chromium', 'fonts-dejavu-core'] as const;

/** Why tests with a browser are skipped; false: they are not. */
export const chromiumMissing: string | false = existsSync(executablePath)
  ? false
  : `there is no ${executablePath}: ${installLine(chromiumPackages)}`;
