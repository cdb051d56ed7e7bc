/** A browser for tests: whether it is installed, and what to do otherwise. */
import { existsSync } from 'node:fs';
import { executablePath } from '../../infra/pictures/chromium.ts';
import { installLine } from './debian-packages.ts';

export { startChromium } from '../../infra/pictures/chromium.ts';

/** Debian packages that it needs; fonts for visible text. */
export const chromiumPackages = ['chromium', 'fonts-dejavu-core'] as const;

/** Why tests with a browser are skipped; false: they are not. */
export const chromiumMissing: string | false = existsSync(executablePath)
  ? false
  : `there is no ${executablePath}: ${installLine(chromiumPackages)}`;
