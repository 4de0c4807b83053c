type Row = readonly [pattern: string, first: string, second: string];

/**
 * Looks a text up in a table that is itself one text, because a mini program carries all of it.
 * @param table a pattern and what it stands for in each line, separated by commas; the last pattern fits everything
 * @returns the first row whose pattern fits, in capitals or not
 */
export const rowOf = (table: string, text: string): Row =>
  table
    .split('\n')
    .map((row) => row.split(',') as unknown as Row)
    .find(([pattern]) => RegExp(pattern, 'i').test(text))!;
