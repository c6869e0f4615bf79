/** Disks of their own for tests, as root: a small one in memory, and images behind loop devices. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Service } from '../../scripts/services.js';
import { atEnd } from './at-end.js';
import { temporaryFolder } from './files.js';
import { run } from './program.js';

type Test = Pick<TestContext, 'after'>;

async function must(command: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(command, args);
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
}

/** A folder on a disk of that size; its memory is given back after the test. */
export async function smallDisk(t: Test, mebibytes: number): Promise<string> {
  const folder = temporaryFolder(t);
  await must('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder);
  atEnd(t, () => must('umount', '--lazy', folder));
  return folder;
}

/** An ext4 image, mounted while it is used. */
export interface ImageDisk {
  readonly image: string;
  readonly folder: string;
  mount(): Promise<void>;
  unmount(): Promise<void>;
  /** What a power cut would leave: what has been handed to the device, and no more. */
  copyTo(other: ImageDisk): Promise<void>;
}

/** A disk that is not made yet: `makeDisk` formats it, or a copy fills it. */
export function imageDisk(t: Test, programs: Service<'loop'>['programs']): ImageDisk {
  const home = temporaryFolder(t);
  const image = join(home, 'image');
  const folder = join(home, 'mounted');
  mkdirSync(folder);
  let mounted = false;
  const unmount = async (): Promise<void> => {
    if (!mounted) return;
    mounted = false;
    await must(programs.umount, folder);
  };
  atEnd(t, async () => {
    if (mounted) await must(programs.umount, '--lazy', folder);
  });
  return {
    image,
    folder,
    unmount,
    async mount() {
      await must(programs.mount, '-o', 'loop', image, folder);
      mounted = true;
    },
    copyTo: (other) => must('cp', '--sparse=always', image, other.image),
  };
}

export async function format(
  disk: ImageDisk,
  programs: Service<'loop'>['programs'],
  mebibytes: number,
): Promise<void> {
  await must('truncate', '-s', `${mebibytes}M`, disk.image);
  await must(programs['mkfs.ext4'], '-q', '-F', disk.image);
}
