/** Configuration: where values come from, and every way to get them wrong. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Type from 'typebox';
import { type ConfigOptions, type LoadedConfig, loadConfig } from '../../runtime/config.js';
import { environmentName } from '../../runtime/configuration/settings.js';
import { listenAddress, secret, size, span } from '../../schemas/config.js';

const pigeon = {
  name: 'pigeon',
  config: Type.Object(
    {
      listen: listenAddress('127.0.0.1:2525', 'Where pigeons land.'),
      flightMs: Type.Integer({ default: 60_000 }),
      cargoMax: size(1024, 'Weight of a letter.'),
      rest: span(5000, 'Between two flights.'),
      names: Type.Array(Type.String(), { default: [] }),
      tame: Type.Boolean({ default: true }),
      smartLoft: Type.Object(
        { host: Type.Optional(Type.String()), password: Type.Optional(secret('Of the loft.')) },
        { additionalProperties: false },
      ),
      mate: Type.Optional(Type.Object({ name: Type.String(), eggs: Type.Integer({ default: 2 }) })),
    },
    { additionalProperties: false },
  ),
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'patchboard-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function load(options: Partial<ConfigOptions> & { yaml?: string } = {}): LoadedConfig {
  const { yaml, ...rest } = options;
  if (yaml !== undefined) writeFileSync(join(directory, 'patchboard.yaml'), yaml);
  const defaults = { channels: [pigeon], flags: new Map(), environment: {}, directory };
  return loadConfig({ ...defaults, ...rest });
}

function loaded(options: Parameters<typeof load>[0] = {}): LoadedConfig & { ok: true } {
  const result = load(options);
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result;
}

function problems(options: Parameters<typeof load>[0]): string {
  const result = load(options);
  assert.ok(!result.ok, 'expected problems');
  return result.problems.join('\n').replaceAll(directory, 'DIR');
}

function origin(result: LoadedConfig & { ok: true }, path: string): string | undefined {
  return result.settings.find((setting) => setting.path === path)?.origin;
}

describe('configuration', () => {
  it('is complete without any file', () => {
    const { config, file } = loaded();
    assert.equal(file, undefined);
    assert.equal(config.http.listen, '127.0.0.1:2580');
    assert.equal(config.retention.history, 90 * 86_400_000);
    assert.deepEqual(config.policy, {});
    assert.deepEqual(config.channels['pigeon'], {
      listen: '127.0.0.1:2525',
      flightMs: 60_000,
      cargoMax: 1024,
      rest: 5000,
      names: [],
      tame: true,
      smartLoft: {},
    });
  });

  it('reads spans and sizes with their units, and lists', () => {
    const { config } = loaded({
      yaml: `retention: {history: 2d}
pigeon: {flightMs: 90s, cargoMax: 64KiB, rest: 250, names: [ann, bob]}
policy: {pigeon: {retryMs: [5s, 1m], trials: 3}}
`,
    });
    assert.equal(config.retention.history, 2 * 86_400_000);
    assert.deepEqual(config.policy['pigeon'], { retryMs: [5000, 60_000], trials: 3 });
    const section = config.channels['pigeon'] as Record<string, unknown>;
    assert.equal(section['flightMs'], 90_000);
    assert.equal(section['cargoMax'], 65_536);
    assert.equal(section['rest'], 250);
    assert.deepEqual(section['names'], ['ann', 'bob']);
  });

  it('keeps the characters of a text that looks like a number', () => {
    const { config } = loaded({ yaml: 'pigeon: {smartLoft: {password: 0012345}}' });
    const section = config.channels['pigeon'] as { smartLoft: { password: string } };
    assert.equal(section.smartLoft.password, '0012345');
  });

  it('lets flags win over the environment, and that over the file, and says so', () => {
    const yaml = 'domain: file.example\noperator: filed\nhttp:\n  listen: 127.0.0.1:1\n';
    const environment = { PATCHBOARD_DOMAIN: 'env.example', PATCHBOARD_OPERATOR: 'environed' };
    const flags = new Map([['domain', 'flag.example']]);
    const result = loaded({ yaml, environment, flags });
    assert.equal(result.config.domain, 'flag.example');
    assert.equal(result.config.operator, 'environed');
    assert.equal(result.config.http.listen, '127.0.0.1:1');
    assert.equal(origin(result, 'domain'), '--domain');
    assert.equal(origin(result, 'operator'), 'PATCHBOARD_OPERATOR');
    assert.equal(origin(result, 'http.listen'), `${join(directory, 'patchboard.yaml')}:4`);
    assert.equal(origin(result, 'log.level'), 'default');
    assert.equal(origin(result, 'pigeon.smartLoft.host'), 'not set');
  });

  it('turns flags and variables into numbers, booleans and lists', () => {
    const { config } = loaded({
      flags: new Map([['pigeon.tame', 'false']]),
      environment: { PATCHBOARD_PIGEON_NAMES: 'ann, bob', PATCHBOARD_PIGEON_FLIGHT_MS: '2m' },
    });
    const section = config.channels['pigeon'] as Record<string, unknown>;
    assert.equal(section['tame'], false);
    assert.deepEqual(section['names'], ['ann', 'bob']);
    assert.equal(section['flightMs'], 120_000);
  });

  it('reads secrets from files and from the credentials directory, and masks them', () => {
    const file = join(directory, 'loft');
    writeFileSync(file, 'pass\n');
    const name = `${environmentName('pigeon.smartLoft.password')}_FILE`;
    const byFile = loaded({ environment: { [name]: file } });
    writeFileSync(join(directory, 'pigeon.smartLoft.password'), 'credential\n');
    const byCredential = loaded({ environment: { CREDENTIALS_DIRECTORY: directory } });
    const passwordOf = (result: LoadedConfig & { ok: true }): unknown =>
      (result.config.channels['pigeon'] as { smartLoft: { password: string } }).smartLoft.password;
    assert.equal(passwordOf(byFile), 'pass');
    assert.equal(passwordOf(byCredential), 'credential');
    assert.doesNotMatch(JSON.stringify(byFile.settings), /"pass"/);
    assert.match(JSON.stringify(byFile.settings), /\*{8}/);
  });

  it('keeps data in the state directory of the service manager unless told otherwise', () => {
    const environment = { STATE_DIRECTORY: '/var/lib/patchboard' };
    assert.equal(loaded({ environment }).config.data, '/var/lib/patchboard');
    assert.equal(loaded({ environment, flags: new Map([['data', 'x']]) }).config.data, 'x');
  });

  it('names the line and the nearest key of an unknown setting', () => {
    const text = problems({ yaml: 'domain: a.example\nhtpp:\n  listen: 127.0.0.1:1\n' });
    assert.equal(text, 'DIR/patchboard.yaml:2: unknown setting "htpp"; did you mean "http"?');
    const below = problems({ yaml: 'pigeon:\n  smartLoft:\n    hots: x\n' });
    assert.match(
      below,
      /^DIR\/patchboard.yaml:3: unknown setting "pigeon.smartLoft.hots"; .*"host"/,
    );
  });

  it('a public URL that is neither HTTPS nor this computer, or has a path', () => {
    const withUrl = (url: string) => load({ flags: new Map([['http.publicUrl', url]]) });
    const right = ['https://switch.example.org', 'https://switch.example.org:8443/'];
    for (const url of [...right, 'http://localhost:2580', 'http://[::1]:2580']) {
      assert.equal(withUrl(url).ok, true, url);
    }
    const wrong = ['http://switch.example.org', 'https://a.example/b', 'https://a@b', 'a.example'];
    for (const url of wrong) {
      const refused = withUrl(url);
      assert.ok(!refused.ok, url);
      assert.match(refused.problems.join(), /publicUrl .* must be https:\/\/name, without a path/);
    }
  });

  it('names the place, the value and what is expected of a wrong one, all at once', () => {
    const text = problems({
      yaml: 'log: {level: loud}\nhttp:\n  listen: 2580\nretention: {history: soon}\n',
      environment: { PATCHBOARD_PIGEON_TAME: 'perhaps' },
      flags: new Map([['disk.lowBytes', 'much']]),
    });
    assert.match(text, /yaml:1: log.level is "loud": must be one of debug, info, warn, error/);
    assert.match(text, /yaml:3: http.listen is "2580": must be host:port, or off/);
    assert.match(text, /yaml:4: retention.history is "soon": must be a time such as 30s, 5m, 30d/);
    assert.match(text, /PATCHBOARD_PIGEON_TAME: pigeon.tame is "perhaps": must be boolean/);
    assert.match(text, /--disk.lowBytes: disk.lowBytes is "much": must be a size such as 64KiB/);
  });

  it('never shows a wrong secret', () => {
    const text = problems({ yaml: 'pigeon: {smartLoft: {password: [hunter2]}}' });
    assert.match(text, /pigeon.smartLoft.password is \(secret\)/);
    assert.doesNotMatch(text, /hunter2/);
  });

  it('leaves an optional section out until something in it is set, then wants it whole', () => {
    const { config } = loaded({ yaml: 'pigeon: {mate: {name: Eve}}' });
    const section = config.channels['pigeon'] as Record<string, unknown>;
    assert.deepEqual(section['mate'], { name: 'Eve', eggs: 2 });
    assert.match(problems({ yaml: 'pigeon: {mate: {eggs: 1}}' }), /pigeon.mate.name is required/);
  });

  it('refuses a policy for a channel that does not exist', () => {
    const text = problems({ yaml: 'policy:\n  pigoen: {trials: 2}\n' });
    assert.equal(
      text,
      'DIR/patchboard.yaml:2: unknown setting "policy.pigoen"; did you mean "pigeon"?',
    );
  });

  it('refuses an unknown flag and only warns of an unknown variable', () => {
    const text = problems({ flags: new Map([['pigeon.lisen', 'x']]) });
    assert.equal(text, '--pigeon.lisen: unknown setting; did you mean "pigeon.listen"?');
    const { warnings } = loaded({ environment: { PATCHBOARD_PIGEON_LISTN: 'x' } });
    assert.deepEqual(warnings, [
      'PATCHBOARD_PIGEON_LISTN is not a setting; did you mean "PATCHBOARD_PIGEON_LISTEN"?',
    ]);
  });

  it('refuses a file that is not there, not YAML or not a map', () => {
    assert.match(problems({ file: join(directory, 'none.yaml') }), /none.yaml: cannot be read/);
    assert.match(problems({ yaml: 'domain: [a\n' }), /yaml:\d+: not YAML/);
    assert.match(problems({ yaml: '- a\n' }), /yaml:1: the file must be a map of settings/);
    assert.match(problems({ yaml: 'http: 2580\n' }), /yaml:1: http must be a map of settings/);
    assert.match(problems({ yaml: 'domain: a\ndomain: b\n' }), /yaml:2: not YAML/);
  });

  it('refuses a secret both in a variable and in a file, and a file that cannot be read', () => {
    const name = environmentName('pigeon.smartLoft.password');
    const text = problems({ environment: { [name]: 'a', [`${name}_FILE`]: '/nowhere/at/all' } });
    assert.match(text, /are both set: keep one of them/);
    assert.match(text, /PASSWORD_FILE: \/nowhere\/at\/all cannot be read/);
  });
});
