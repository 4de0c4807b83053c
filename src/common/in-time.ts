/**
 * What a work comes to, if it comes in time. After a stall of this process its timers come first: an answer that has
 * arrived meanwhile is read before the time is up.
 * @param ms whole
 * @throws what `late` makes where it takes longer; the work goes on, and nobody hears of it
 */
export async function inTime<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => setImmediate(() => reject(late())), ms);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
