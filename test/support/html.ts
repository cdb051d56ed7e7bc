/** A strict HTML parser for tests: anything that is not in our own form is a mistake. */
import assert from 'node:assert/strict';

/** A `cwdb-action`, and the element that it belongs to. */
export interface FoundAction {
  readonly endpoint: string;
  readonly confirmation: string | undefined;
  readonly event: Readonly<Record<string, unknown>>;
}

const tag = /<(\/?)([a-z][a-z0-9-]*)((?: [a-z-]+="[^"<>]*")*)>/g;

/**
 * Returns the tags of a text, in order, with the names of their attributes; fails if a `<` or `>` is outside
 * a tag.
 */
export function skeleton(html: string): readonly string[] {
  const body = html.replace(/<style>[^<]*<\/style>/g, '');
  assert.doesNotMatch(body.replace(tag, ''), /[<>]/);
  assert.doesNotMatch(body.replace(tag, ''), /&(?!(?:amp|lt|gt|quot|#39);)/);
  return [...body.matchAll(tag)].map(
    ([, slash, name, attributes = '']) => `${slash}${name} ${attributes.replace(/="[^"]*"/g, '')}`,
  );
}

/**
 * Returns the actions. Each must come directly after an element that can be pressed, and be JSON whether or
 * not it is read as HTML.
 */
export function actionsOf(html: string): readonly FoundAction[] {
  const found = [...html.matchAll(/(<\/button>)?<cwdb-action ([^<>]*)>([^<>]*)<\/cwdb-action>/g)];
  assert.equal(found.length, [...html.matchAll(/<cwdb-action/g)].length);
  return found.map(([, before, attributes = '', content = '']) => {
    assert.equal(before, '</button>');
    const attribute = (name: string) => unescaped(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1]);
    assert.equal(attribute('action'), 'call');
    assert.equal(unescaped(content), content);
    return {
      endpoint: attribute('endpoint') ?? '',
      confirmation: attribute('confirmation'),
      event: JSON.parse(content) as Record<string, unknown>,
    };
  });
}

function unescaped(text: string | undefined): string | undefined {
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' } as const;
  return text?.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity as keyof typeof entities]);
}
