/** Deletes the oldest entry of a map that has more than `most`. Called after each `set`, it bounds the map. */
export function dropOldest(map: Map<unknown, unknown>, most: number): void {
  const oldest = map.size > most ? map.keys().next() : undefined;
  if (oldest && !oldest.done) map.delete(oldest.value);
}
