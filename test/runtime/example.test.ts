/** Keeps patchboard.example.yaml true to the schemas. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { channels } from '../../actors/channels/index.js';
import { fileSchema, type LoadedConfig, loadConfig } from '../../runtime/config.js';
import { schemaNode, settingsOf } from '../../runtime/configuration/settings.js';
import { temporaryFolder } from '../harness/files.js';

function exampleText(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'patchboard.example.yaml'))) folder = dirname(folder);
  return readFileSync(join(folder, 'patchboard.example.yaml'), 'utf8');
}

function loadText(t: TestContext, text: string): LoadedConfig & { ok: true } {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, 'patchboard.yaml'), text);
  const loaded = loadConfig({ channels, flags: new Map(), environment: {}, directory });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  return loaded;
}

/** "#name: value" is a setting that is not set; "# words" is a comment. */
const withEverythingSet = (text: string): string => text.replace(/^( *)#(?=\w+:)/gm, '$1');

describe('patchboard.example.yaml', () => {
  it('says what holds without any file', (t) => {
    const example = loadText(t, exampleText());
    assert.deepEqual(example.config, loadText(t, '').config);
  });

  it('names every setting, and each of its values is a valid one', (t) => {
    const { settings } = loadText(t, withEverythingSet(exampleText()));
    const missing = settings
      .filter(({ path, origin }) => !path.startsWith('policy.') && !origin.includes('.yaml:'))
      .map(({ path }) => path);
    assert.deepEqual(missing, []);
    const paths = settings
      .filter(({ origin }) => origin.includes('.yaml:'))
      .map(({ path }) => path);
    const policies = paths.filter((path) => path.startsWith('policy.'));
    const first = settings.filter(({ path }) => path.startsWith(`policy.${channels[0]?.name}.`));
    assert.equal(policies.length, first.length);
  });

  it('documents every setting', () => {
    const settings = settingsOf(schemaNode(fileSchema(channels)));
    assert.ok(settings.length > 20);
    const lines = exampleText().split('\n');
    for (const { schema, path } of settings) {
      if (schema.description === undefined) continue;
      const start = schema.description.split(' ').slice(0, 3).join(' ');
      assert.ok(
        lines.some((line) => line.includes(`# ${start}`)),
        `${path} is not described`,
      );
    }
  });
});
