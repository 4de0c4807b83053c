import { dropOldest } from './drop-oldest.js';
import type { PayEnv } from './pay-keys.js';

/** The tokens (代币) of a person at a mini program (section 13.3). */
export interface Balance {
  /** Bought and not spent. */
  saved: number;
  /** Given and not spent. */
  present: number;
  /** Ever bought, given, spent. */
  sumSaved: number;
  sumPresent: number;
  sumCost: number;
  /** `order_id` of the payments so far. */
  readonly payments: Set<string>;
}

const MOST_BALANCES = 20_000;
const MOST_PAYMENTS = 10_000;

/** The balances, by mini program, environment and person. */
export class Balances {
  private readonly byPlace = new Map<string, Balance>();

  of(appId: string, env: PayEnv, personId: string): Balance {
    const place = `${appId} ${env} ${personId}`;
    const balance = this.byPlace.get(place) ?? {
      saved: 0,
      present: 0,
      sumSaved: 0,
      sumPresent: 0,
      sumCost: 0,
      payments: new Set(),
    };
    this.byPlace.set(place, balance);
    dropOldest(this.byPlace, MOST_BALANCES);
    return balance;
  }

  /** The person bought tokens. */
  save(balance: Balance, amount: number): void {
    balance.saved += amount;
    balance.sumSaved += amount;
  }

  /** The merchant gives tokens. */
  present(balance: Balance, amount: number): void {
    balance.present += amount;
    balance.sumPresent += amount;
  }

  /** Spends tokens, the given ones first. Returns how many of them were given. There must be enough. */
  spend(balance: Balance, orderId: string, amount: number): number {
    const given = Math.min(balance.present, amount);
    balance.present -= given;
    balance.saved -= amount - given;
    balance.sumCost += amount;
    balance.payments.add(orderId);
    const [oldest] = balance.payments;
    if (balance.payments.size > MOST_PAYMENTS && oldest !== undefined) balance.payments.delete(oldest);
    return given;
  }

  reset(): void {
    this.byPlace.clear();
  }
}
