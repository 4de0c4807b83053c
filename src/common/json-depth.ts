/** The deepest nesting that is read (RFC 8259 section 9 lets a parser have such a limit). */
export const MAX_JSON_DEPTH = 64;

/**
 * Whether parsed JSON is nested deeper than {@link MAX_JSON_DEPTH} arrays and objects. The parser itself copes with
 * any depth; what validates, copies or writes the value afterwards calls itself for each level and runs out of stack.
 */
export function isTooDeep(value: unknown): boolean {
  // Level by level, not by recursion, which would run out of stack itself.
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) return true;
    level = level.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
