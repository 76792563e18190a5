import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '#kernel';
import { compileMasking, parseMasking, shippedMasking, type MaskingRules } from '#masking';
import { parseConfig, type WeirConfig } from '#platform';
import { compilePolicies, type PolicyFile } from '#policy-engine';

export interface PolicySet {
  readonly version: string;
  readonly files: readonly PolicyFile[];
  /** What compiles but looks wrong, one line each. */
  readonly warnings: readonly string[];
}

export interface MaskingSet {
  readonly version: string;
  readonly rulesJson: string;
  /** No column is masked by its name: legal, and worth a warning. */
  readonly masksNothing: boolean;
}

/** The configuration as its file says now. CONFIG_INVALID names file and line. */
export function rereadConfig({ file, dataDir, ...start }: WeirConfig): WeirConfig {
  return parseConfig(read(file), file, dataDir, start);
}

/** The policies of a folder, in the order of their names. POLICY_INVALID names file, line and column. */
export function readPolicies(folder: string): PolicySet {
  const names = list(folder).filter((name) => name.endsWith('.cedar'));
  if (names.length === 0) throw new AppError('POLICY_INVALID', `${folder}: no *.cedar file is there`);
  const files = names.toSorted().map((name) => join(folder, name));
  return validPolicies(
    files.map((path) => ({ name: join(basename(folder), basename(path)), text: read(path) })),
  );
}

/** Files that compile, with the version they compile to. */
export function validPolicies(files: readonly PolicyFile[]): PolicySet {
  const { version, warnings } = compilePolicies(files);
  return { version, files, warnings };
}

/** masking.yaml, or what is shipped where none is configured. CONFIG_INVALID names file and line. */
export function readMasking(path: string | undefined): MaskingSet {
  const rules: MaskingRules = path === undefined ? shippedMasking : parseMasking(read(path), basename(path));
  const rulesJson = JSON.stringify(rules);
  const version = createHash('sha256').update(rulesJson).digest('hex');
  return { version, rulesJson, masksNothing: compileMasking(rules).masksNothing };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
  return new AppError('CONFIG_INVALID', `${path} ${reason}`, { cause });
}
