import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A piece of SQL that stands in the source. */
export interface SqlInSource {
  /** `file:line` */
  readonly place: string;
  readonly text: string;
  /** Whether a statement that was sent, with its spaces collapsed, has the piece in it. */
  isIn(sent: string): boolean;
}

/**
 * Migrations run once, and have a test of their own, as has the one row that readiness writes; the sandbox has no
 * tables.
 */
const LEFT_OUT = /^src\/(sandbox|database\/(migrations|readiness))/;
const BEGINS = /^\s*(SELECT|INSERT INTO|UPDATE|DELETE|REPLACE INTO|AND|WHERE|ORDER BY|ON DUPLICATE KEY)\s/;
/** Of prose that begins with such a word. */
const HAS_SQL = /\b(FROM|INTO|SET|VALUES|KEY|BY)\b|[=<>]\s*\?|\bIS (NOT )?NULL\b/;

/** All SQL of the service that MySQL or MariaDB may be sent: whole statements, and parts that are added to some. */
export function sqlInSource(): SqlInSource[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => join('src', file))
    .filter((file) => file.endsWith('.ts') && !LEFT_OUT.test(file));
  return files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext, true);
    const found: SqlInSource[] = [];
    const visit = (node: ts.Node): void => {
      const parts = literalParts(node);
      const text = parts?.join('…') ?? '';
      if (parts && BEGINS.test(text) && HAS_SQL.test(text) && !isForSqlite(node)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push({
          place: `${file}:${line + 1}`,
          text: collapsed(text),
          isIn: matcher(parts),
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** The fixed parts of a text; `null` for what is none. */
function literalParts(node: ts.Node): string[] | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return null;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
}

/** Whether it is what a condition on the dialect leaves to SQLite. */
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

/** Spaces and line breaks as one space. */
export function collapsed(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim();
}

/** Anything may stand where a value or another part goes. */
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
