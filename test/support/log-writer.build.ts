import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  experimentalDecorators: true,
};

/**
 * Compiles a child script and what it imports from this repository, without type checks, into a fresh directory
 * (some 300 ms), so that a child process never runs a stale build. Returns the path to start with node; the
 * directory is the caller's to remove.
 */
export function compileChild(script: string): { path: string; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'weir-child-'));
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ type: 'module', imports: { '#*': './libs/*/index.js' } }),
  );
  for (const beside of ['node_modules', 'detectors'])
    symlinkSync(join(root, beside), join(directory, beside));
  const seen = new Set<string>();
  const entry = join(root, script);
  compile(entry, directory, seen);
  return { path: outputOf(entry, directory), directory };
}

function compile(file: string, directory: string, seen: Set<string>): void {
  if (seen.has(file)) return;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const output = outputOf(file, directory);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, ts.transpileModule(source, { compilerOptions: options }).outputText);
  for (const { fileName } of ts.preProcessFile(source).importedFiles) {
    const imported = sourceOf(fileName, file);
    if (imported) compile(imported, directory, seen);
  }
}

function sourceOf(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('#')) return join(root, 'libs', specifier.slice(1), 'index.ts');
  if (specifier.startsWith('.')) return join(dirname(importer), specifier.replace(/\.js$/, '.ts'));
  return undefined;
}

function outputOf(file: string, directory: string): string {
  return join(directory, relative(root, file).replace(/\.ts$/, '.js'));
}
