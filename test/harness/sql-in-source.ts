import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

/** A piece of SQL in the source code. */
export interface SqlInSource {
  /** `file:line` */
  readonly place: string;
  readonly text: string;
  /** Whether a sent statement, with white space collapsed, contains the piece. */
  isIn(sent: string): boolean;
}

/** Excluded: migrations run once and have their own test, and readiness writes a single row. */
const LEFT_OUT = /^src\/database\/(migrations|readiness)/;
const BEGINS = /^\s*(SELECT|INSERT INTO|UPDATE|DELETE|REPLACE INTO|AND|WHERE|ORDER BY|ON DUPLICATE KEY)\s/;
/** Excludes prose that begins with one of these words. */
const HAS_SQL = /\b(FROM|INTO|SET|VALUES|KEY|BY)\b|[=<>]\s*\?|\bIS (NOT )?NULL\b/;

/** Text constants by name. */
type Constants = ReadonlyMap<string, string>;

/**
 * Finds all SQL that the service may send to MySQL or MariaDB: complete statements and fragments. A text
 * constant inside a piece (`${COLUMNS}`) is replaced by its value, also if the value is computed when the
 * module loads. A statement of a lease queue counts once for each table that is described as a `LeaseTable`.
 */
export async function sqlInSource(): Promise<SqlInSource[]> {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => join('src', file))
    .filter((file) => file.endsWith('.ts') && !LEFT_OUT.test(file))
    .map((file) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext, true));
  const tables = sources.flatMap(leaseTables);
  const found: SqlInSource[] = [];
  for (const source of sources) {
    const constants = await constantsOf(source);
    const visit = (node: ts.Node): void => {
      for (const parts of literalParts(node, constants, tables)) {
        const text = parts.join('…');
        if (!BEGINS.test(text) || !HAS_SQL.test(text) || isForSqlite(node)) continue;
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push({
          place: `${source.fileName}:${line + 1}`,
          text: collapsed(text),
          isIn: matcher(parts),
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** The text fields in the description of a queue table: `name`, `key`, `lane`. */
type DescribedTable = ReadonlyMap<string, string>;

/** The tables that a file describes in constants of the type `LeaseTable`. */
function leaseTables(source: ts.SourceFile): DescribedTable[] {
  const found: DescribedTable[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.type?.getText() === 'LeaseTable') {
      const { initializer } = node;
      if (!initializer || !ts.isObjectLiteralExpression(initializer)) {
        throw new Error(`${source.fileName}: a LeaseTable is described by an object literal`);
      }
      const texts = initializer.properties.flatMap((property): [string, string][] =>
        ts.isPropertyAssignment(property) && ts.isStringLiteral(property.initializer)
          ? [[property.name.getText(), property.initializer.text]]
          : [],
      );
      found.push(new Map(texts));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (found.length === 0 && /\b(new|extends) LeaseQueue\b/.test(source.text)) {
    throw new Error(
      `${source.fileName}: makes a LeaseQueue, and does not describe its table as a LeaseTable`,
    );
  }
  return found;
}

const IS_CONSTANT = /^[A-Z][A-Z0-9_]*$/;
/** Replaced before the statement is sent. */
const IS_PLACEHOLDER = /^:\w+$/;

/** The text constants that a file declares, or imports from other files of the service. */
async function constantsOf(source: ts.SourceFile): Promise<Constants> {
  const constants = new Map<string, string>();
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) await addImported(constants, source, statement);
  }
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || !IS_CONSTANT.test(name.text) || !initializer) continue;
      const [parts] = literalParts(initializer, constants, []);
      const [value = ''] = parts ?? [];
      if (parts?.length === 1 && !IS_PLACEHOLDER.test(value)) constants.set(name.text, value);
    }
  }
  return constants;
}

async function addImported(
  constants: Map<string, string>,
  source: ts.SourceFile,
  { importClause, moduleSpecifier }: ts.ImportDeclaration,
): Promise<void> {
  const bindings = importClause?.namedBindings;
  if (!ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')) return;
  if (!bindings || !ts.isNamedImports(bindings) || importClause.phaseModifier !== undefined) return;
  const names = bindings.elements.filter(
    ({ name, isTypeOnly }) => !isTypeOnly && IS_CONSTANT.test(name.text),
  );
  if (names.length === 0) return;
  const path = join(dirname(source.fileName), moduleSpecifier.text).replace(/\.js$/, '.ts');
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  for (const { name, propertyName } of names) {
    const value = module[(propertyName ?? name).text];
    if (typeof value === 'string') constants.set(name.text, value);
  }
}

/**
 * The fixed parts of a text, with constants replaced by their values. For a text that is built per described
 * table, the parts for each table.
 */
function literalParts(node: ts.Node, constants: Constants, tables: readonly DescribedTable[]): string[][] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [[node.text]];
  if (!ts.isTemplateExpression(node)) return [];
  const isGeneric = node.templateSpans.some(({ expression }) => expression.getText() === 'table.name');
  return (isGeneric ? tables : [new Map<string, string>()]).map((table) => {
    const parts = [node.head.text];
    for (const { expression, literal } of node.templateSpans) {
      const [, field = ''] = /^table\.(\w+)$/.exec(expression.getText()) ?? [];
      const value = table.get(field) ?? constants.get(expression.getText());
      if (value === undefined) parts.push(literal.text);
      else parts.push(`${parts.pop() ?? ''}${value}${literal.text}`);
    }
    return parts;
  });
}

/** Whether a condition on the dialect selects this node for SQLite only. */
function isForSqlite(node: ts.Node): boolean {
  for (let child = node; !ts.isSourceFile(child); child = child.parent) {
    const { parent } = child;
    if (!ts.isConditionalExpression(parent)) continue;
    const condition = parent.condition.getText();
    if ((condition === 'mysql' || condition.endsWith("dialect === 'mysql'")) && parent.whenFalse === child)
      return true;
    if (condition.endsWith("dialect === 'sqlite'") && parent.whenTrue === child) return true;
  }
  return false;
}

/** Collapses white space to single spaces. */
export function collapsed(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim();
}

/** Matches any text between the fixed parts. */
function matcher(parts: readonly string[]): (sent: string) => boolean {
  const fixed = parts.flatMap((part) => part.split('?')).map(collapsed);
  return (sent) => {
    let from = 0;
    for (const words of fixed) {
      const at = sent.indexOf(words, from);
      if (at === -1) return false;
      from = at + words.length;
    }
    return true;
  };
}
