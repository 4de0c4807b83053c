const FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text can be an id of ours (UUID, lower case). What cannot is not worth a question to the database. */
export function isId(text: string): boolean {
  return FORM.test(text);
}
