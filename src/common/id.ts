const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text has the format of our ids (UUID, lower case). Other texts need no database query. */
export function isId(text: string): boolean {
  return UUID_PATTERN.test(text);
}
