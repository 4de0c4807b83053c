/** Work under way, by name. */
export type Flights = Partial<Record<string, Promise<unknown>>>;

/**
 * Runs a work once for all who want it at the same time.
 * @param work gets a function that says whether it is still the one under its name
 */
export function single<Result>(
  flights: Flights,
  name: string,
  work: (isCurrent: () => boolean) => Promise<Result>,
): Promise<Result> {
  const isCurrent = (): boolean => flights[name] === flight;
  const flight = (flights[name] ||
    work(isCurrent).finally(() => isCurrent() && delete flights[name])) as Promise<Result>;
  return (flights[name] = flight);
}
