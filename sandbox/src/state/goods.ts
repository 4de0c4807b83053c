import { dropOldest } from './drop-oldest.js';

/** An item that is published in the console of virtual payment (section 13.2). */
export interface Good {
  productId: string;
  name: string;
  /** Price of one, in fen. */
  price: number;
}

const SAMPLES: readonly Good[] = [
  { productId: 'product_001', name: '电子贺卡 E-card', price: 100 },
  { productId: 'vip_month', name: '月度会员 Monthly membership', price: 1800 },
  { productId: 'course_001', name: '入门课程 Beginners’ course', price: 9900 },
];

const MOST_GOODS = 1000;

/** The published items. Every mini program sells them. */
export class Goods {
  private readonly byId = new Map<string, Good>();

  constructor() {
    this.reset();
  }

  all(): Good[] {
    return [...this.byId.values()];
  }

  find(productId: string): Good | undefined {
    return this.byId.get(productId);
  }

  publish(good: Good): void {
    this.byId.set(good.productId, good);
    dropOldest(this.byId, MOST_GOODS);
  }

  withdraw(productId: string): void {
    this.byId.delete(productId);
  }

  /** Leaves the samples only. */
  reset(): void {
    this.byId.clear();
    for (const good of SAMPLES) this.publish(good);
  }
}
