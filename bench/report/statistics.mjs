/** Median, minimum and maximum. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle)
    ? (sorted[middle - 1] + sorted[middle]) / 2
    : sorted[Math.floor(middle)];
  return { median, least: sorted[0], most: sorted.at(-1) };
}

/** Ratio of two contestants in each round: a disturbance of the machine affects both. */
export function ratio(rounds, of, to, measure) {
  return spread(rounds.map((round) => round[of][measure] / round[to][measure]));
}
