/** The middle value, and how far the others are away from it. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle)
    ? (sorted[middle - 1] + sorted[middle]) / 2
    : sorted[Math.floor(middle)];
  return { median, least: sorted[0], most: sorted.at(-1) };
}

/** Ratio of two contestants in each round: what disturbs the machine for a while disturbs both. */
export function ratio(rounds, of, to, measure) {
  return spread(rounds.map((round) => round[of][measure] / round[to][measure]));
}
