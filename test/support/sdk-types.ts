import { join } from 'node:path';
import ts from 'typescript';
import { root } from './house.js';

const folder = join(root, 'node_modules/@grafana/grafana-foundation-sdk/dist');

/**
 * The types that the SDK declares, read by the compiler, and what a JSON value lacks to be of one. The package has no
 * schema to check against at run time; its types are made from Grafana's own schemas.
 */
export class SdkTypes {
  readonly #checker: ts.TypeChecker;
  readonly #modules: ReadonlyMap<string, ts.SourceFile>;

  constructor(modules: readonly string[]) {
    const paths = new Map(modules.map((name) => [name, join(folder, name, 'types.gen.d.ts')]));
    const program = ts.createProgram([...paths.values()], { strict: true, skipLibCheck: true, types: [] });
    this.#checker = program.getTypeChecker();
    this.#modules = new Map([...paths].map(([name, path]) => [name, program.getSourceFile(path)!]));
  }

  /** What is wrong with it, by path; nothing if it is a `name` of that module. */
  problems(value: unknown, module: string, name: string): string[] {
    const symbol = this.#checker
      .getExportsOfModule(this.#checker.getSymbolAtLocation(this.#modules.get(module)!)!)
      .find((each) => each.name === name);
    if (symbol === undefined) throw new Error(`${module} declares no ${name}`);
    return this.#check(value, this.#checker.getDeclaredTypeOfSymbol(symbol), name);
  }

  #check(value: unknown, type: ts.Type, path: string): string[] {
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return [];
    if (type.isUnion()) return this.#checkUnion(value, type, path);
    if (isScalar(type))
      return ofScalar(value, type, this.#checker)
        ? []
        : [`${path}: ${shown(value)} is no ${this.#checker.typeToString(type)}`];
    if (this.#checker.isArrayType(type)) {
      const [element] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return Array.isArray(value)
        ? value.flatMap((each, i) => this.#check(each, element!, `${path}[${i}]`))
        : [`${path}: no list`];
    }
    // Queries are their data source's: whoever asks checks them by their own type.
    if (type.symbol?.name === 'Dataquery') return [];
    return this.#checkObject(value, type, path);
  }

  /** Of what fits none, what the nearest says. */
  #checkUnion(value: unknown, type: ts.UnionType, path: string): string[] {
    const fitting = type.types.filter(
      ({ flags }) => !(flags & ts.TypeFlags.Undefined) || value === undefined,
    );
    const each = fitting.map((one) => this.#check(value, one, path));
    return each.toSorted((a, b) => a.length - b.length)[0] ?? [];
  }

  #checkObject(value: unknown, type: ts.Type, path: string): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: no object`];
    const index = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String);
    const properties = new Map(this.#checker.getPropertiesOfType(type).map((each) => [each.name, each]));
    const missing = [...properties.values()]
      .filter(
        ({ flags, name }) => !(flags & (ts.SymbolFlags.Optional | ts.SymbolFlags.Method)) && !(name in value),
      )
      .map(({ name }) => `${path}.${name}: missing`);
    const wrong = Object.entries(value).flatMap(([name, own]) => {
      const property = properties.get(name);
      if (property) return this.#check(own, this.#checker.getTypeOfSymbol(property), `${path}.${name}`);
      return index ? this.#check(own, index, `${path}.${name}`) : [`${path}.${name}: unknown`];
    });
    return [...missing, ...wrong];
  }
}

const scalars =
  ts.TypeFlags.String |
  ts.TypeFlags.Number |
  ts.TypeFlags.Boolean |
  ts.TypeFlags.Null |
  ts.TypeFlags.Undefined |
  ts.TypeFlags.Literal;

const isScalar = (type: ts.Type): boolean => (type.flags & scalars) !== 0;

function ofScalar(value: unknown, type: ts.Type, checker: ts.TypeChecker): boolean {
  if (type.isStringLiteral() || type.isNumberLiteral()) return value === type.value;
  if (type.flags & ts.TypeFlags.BooleanLiteral) return String(value) === checker.typeToString(type);
  if (type.flags & ts.TypeFlags.String) return typeof value === 'string';
  if (type.flags & ts.TypeFlags.Number) return typeof value === 'number';
  if (type.flags & ts.TypeFlags.Boolean) return typeof value === 'boolean';
  return type.flags & ts.TypeFlags.Null ? value === null : value === undefined;
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'undefined';
