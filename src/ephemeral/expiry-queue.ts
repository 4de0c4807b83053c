/** What ends at some time. The queue keeps `place`; nobody else writes it. */
export interface Expiring {
  /** ms since the Unix epoch */
  expiresAt: number;
  /** Index in the queue, -1 outside of it. */
  place: number;
}

/**
 * A binary heap: what ends first comes out first. Each operation costs O(log n), and an item that changes its time
 * or leaves early leaves nothing behind.
 */
export class ExpiryQueue<T extends Expiring> {
  private readonly heap: T[] = [];

  /** The item that ends first. */
  first(): T | undefined {
    return this.heap[0];
  }

  add(item: T): void {
    item.place = this.heap.length;
    this.heap.push(item);
    this.rise(item);
  }

  remove(item: T): void {
    const last = this.heap.pop();
    if (last === undefined) return;
    const { place } = item;
    item.place = -1;
    if (last === item) return;
    this.put(last, place);
    this.restore(last);
  }

  /** After `expiresAt` of an item was changed. */
  restore(item: T): void {
    this.rise(item);
    this.sink(item);
  }

  clear(): void {
    this.heap.length = 0;
  }

  private rise(item: T): void {
    while (item.place > 0) {
      const above = this.heap[(item.place - 1) >> 1];
      if (above === undefined || above.expiresAt <= item.expiresAt) return;
      this.swap(item, above);
    }
  }

  private sink(item: T): void {
    for (;;) {
      const left = this.heap[2 * item.place + 1];
      const right = this.heap[2 * item.place + 2];
      if (left === undefined) return;
      const sooner = right !== undefined && right.expiresAt < left.expiresAt ? right : left;
      if (item.expiresAt <= sooner.expiresAt) return;
      this.swap(item, sooner);
    }
  }

  private swap(one: T, other: T): void {
    const { place } = one;
    this.put(one, other.place);
    this.put(other, place);
  }

  private put(item: T, place: number): void {
    item.place = place;
    this.heap[place] = item;
  }
}
