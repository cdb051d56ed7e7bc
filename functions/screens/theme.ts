/**
 * Light or dark. CloudWatch has a setting of its own, which it names in every call; without it, the style follows the system.
 */

/** Returns the HTML in the theme that an event names in `widgetContext.theme`. */
export function themed(html: string, event: unknown): string {
  const theme = themeOf(event);
  return theme === undefined ? html : `<div class="lmtp-theme-${theme}">${html}</div>`;
}

function themeOf(event: unknown): 'light' | 'dark' | undefined {
  if (typeof event !== 'object' || event === null || !('widgetContext' in event)) return undefined;
  const { widgetContext } = event;
  if (typeof widgetContext !== 'object' || widgetContext === null || !('theme' in widgetContext)) return undefined;
  const { theme } = widgetContext;
  return theme === 'light' || theme === 'dark' ? theme : undefined;
}
