/** An item that expires. `heapIndex` belongs to the queue; nobody else writes it. */
export interface Expiring {
  /** Milliseconds since the Unix epoch. */
  expiresAt: number;
  /** Index in the heap, -1 if it is not in the queue. */
  heapIndex: number;
}

/**
 * A priority queue (binary heap) by expiry. Each operation costs O(log n). An item that is changed or removed
 * early leaves no stale entry behind.
 */
export class ExpiryQueue<T extends Expiring> {
  private readonly heap: T[] = [];

  /** The item that expires first. */
  first(): T | undefined {
    return this.heap[0];
  }

  add(item: T): void {
    item.heapIndex = this.heap.length;
    this.heap.push(item);
    this.rise(item);
  }

  remove(item: T): void {
    const last = this.heap.pop();
    if (last === undefined) return;
    const { heapIndex } = item;
    item.heapIndex = -1;
    if (last === item) return;
    this.put(last, heapIndex);
    this.restore(last);
  }

  /** Restores the heap order after `expiresAt` of an item was changed. */
  restore(item: T): void {
    this.rise(item);
    this.sink(item);
  }

  clear(): void {
    this.heap.length = 0;
  }

  private rise(item: T): void {
    while (item.heapIndex > 0) {
      const above = this.heap[(item.heapIndex - 1) >> 1];
      if (above === undefined || above.expiresAt <= item.expiresAt) return;
      this.swap(item, above);
    }
  }

  private sink(item: T): void {
    for (;;) {
      const left = this.heap[2 * item.heapIndex + 1];
      const right = this.heap[2 * item.heapIndex + 2];
      if (left === undefined) return;
      const sooner = right !== undefined && right.expiresAt < left.expiresAt ? right : left;
      if (item.expiresAt <= sooner.expiresAt) return;
      this.swap(item, sooner);
    }
  }

  private swap(one: T, other: T): void {
    const { heapIndex } = one;
    this.put(one, other.heapIndex);
    this.put(other, heapIndex);
  }

  private put(item: T, heapIndex: number): void {
    item.heapIndex = heapIndex;
    this.heap[heapIndex] = item;
  }
}
