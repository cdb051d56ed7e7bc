/**
 * Lists and braces in Postfix map specifications (mystrtok(3), balpar(3), extpar(3)).
 */

/** Splits at commas and blanks outside all braces. */
export function splitOutsideBraces(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let level = 0;
  for (const character of text) {
    if (level === 0 && /[\s,]/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (character === '{') level++;
    else if (character === '}' && level > 0) level--;
    word += character;
  }
  return word === '' ? words : [...words, word];
}

/** Returns the text between the first brace and its closing brace, which must be the last character; else `undefined`. */
export function insideBraces(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  let level = 0;
  for (const [index, character] of [...text].entries()) {
    if (character === '{') level++;
    else if (character === '}' && --level === 0) return index === [...text].length - 1 ? text.slice(1, -1) : undefined;
  }
  return undefined;
}
