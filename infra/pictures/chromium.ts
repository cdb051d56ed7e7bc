/**
 * A browser without a window: Debian's Chromium. It gets pages of this machine only, and a profile that is thrown away.
 */
import type { Browser } from 'playwright-core';

/** Where Debian's package has it. */
export const executablePath = '/usr/bin/chromium';

/** Starts it. */
export async function startChromium(): Promise<Browser> {
  // Loaded where it is needed: most of what knows of the browser only asks whether it is there.
  const { chromium } = await import('playwright-core');
  // Root has no sandbox of Chromium's own making, and there is no foreign page in it; containers have little shared memory.
  const args = ['--disable-gpu', '--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return await chromium.launch({ executablePath, args });
}
