/** `patchboard config`: check the settings, or print each with the place it comes from. */

import { type Command, EXIT, print, UsageError } from './call.js';
import { loadWhole, tellProblems } from './opening.js';
import { table } from './times.js';

export const command: Command = {
  help: `config print | check [--json]

  print   every setting that has a value, the value and where it comes from; secrets are masked
  check   problems only; exit 1 when there are any`,
  async run(call) {
    const what = call.words[0] ?? 'print';
    if (what !== 'print' && what !== 'check') throw new UsageError(`config has no "${what}"`);
    const loaded = await loadWhole(call);
    if (call.json && !loaded.ok) {
      call.out(JSON.stringify({ ok: false, problems: loaded.problems }));
      return EXIT.failed;
    }
    if (!tellProblems(call, loaded)) return EXIT.failed;
    const { settings, file } = loaded;
    if (what === 'check') print(call, { ok: true, file }, [`${file ?? 'no file'}: no problem`]);
    else print(call, { file, settings }, table(settings.filter(isSet).map(row)));
    return EXIT.ok;
  },
};

function isSet({ value }: { value: unknown }): boolean {
  return value !== undefined;
}

function row(setting: { path: string; value: unknown; origin: string }): string[] {
  const { value } = setting;
  const shown = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return [setting.path, shown, `(${setting.origin})`];
}
