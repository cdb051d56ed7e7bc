import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { documents } from '../../../infra/documents/documents.ts';

for (const [name, text] of documents()) {
  test(`${name} agrees with the tables in the code (npm run documents writes it)`, () => {
    assert.equal(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'), text);
  });
}
