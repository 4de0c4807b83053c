/**
 * What a work comes to, if it comes in time. After a stall of this process its timers come first: an answer that has
 * arrived meanwhile is read before the time is up.
 * @param ms whole
 * @throws what `late` makes where it takes longer; the work goes on, and nobody hears of it
 */
export function inTime<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  // By hand: this stands around every command to the database and to Redis, and a race makes twice as many promises.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(late())), ms);
    const stop = () => clearTimeout(timer);
    work.then(stop, stop);
    work.then(resolve, reject);
  });
}
