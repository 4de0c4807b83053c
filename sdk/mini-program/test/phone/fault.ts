/** What goes wrong with a call. */
export type Fault =
  /** Nothing arrives. */
  | { readonly kind: 'lost-before'; readonly errMsg?: string }
  /** The server does it, and the answer is lost. */
  | { readonly kind: 'lost-after'; readonly errMsg?: string }
  /** Neither callback is called; with `isDone` the server has done it. */
  | { readonly kind: 'hangs'; readonly isDone?: boolean }
  /** A proxy answers; with `isDone` after the server has done it. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: unknown;
      readonly header?: Readonly<Record<string, string>>;
      readonly isDone?: boolean;
    }
  /** The call waits until the promise resolves; it then goes on. */
  | { readonly kind: 'waits'; readonly until: Promise<unknown> }
  /** The function of the platform fails: any one but request and uploadFile. */
  | { readonly kind: 'fails'; readonly errMsg?: string; readonly errno?: number }
  /** The function gives this to `success`. */
  | { readonly kind: 'gives'; readonly result: object }
  | { readonly kind: 'throws' };

/** Faults of the next calls, in order. */
export class Faults {
  private readonly planned: { readonly at: string; readonly fault: Fault; times: number }[] = [];

  /**
   * Plans a fault.
   * @param at the beginning of `<method> <path>` or the name of a function, for instance `POST /v1/auth/refresh`, `login`
   */
  plan(at: string, fault: Fault, times = 1): void {
    this.planned.push({ at, fault, times });
  }

  /** The fault of this call, if one is planned; it counts as used. */
  take(call: string): Fault | undefined {
    const index = this.planned.findIndex(({ at }) => call.startsWith(at));
    const found = this.planned[index];
    if (found && --found.times === 0) this.planned.splice(index, 1);
    return found?.fault;
  }

  clear(): void {
    this.planned.length = 0;
  }
}
