/** The storage of a phone, in the functions of `wx`. Values survive a restart of the mini program. */
export class PhoneStorage {
  readonly values = new Map<string, unknown>();
  /**
   * - `throws`: every call, as on a phone without space.
   * - `full`: nothing more can be written; what is there can be read and removed.
   * - `forgets`: nothing is written, and nobody is told.
   * - `frozen`: what is there can be read, and neither replaced nor removed.
   */
  state: 'good' | 'throws' | 'full' | 'forgets' | 'frozen' = 'good';

  readonly functions = {
    getStorageSync: (key: string): unknown => {
      this.mayThrow(['throws']);
      return this.values.get(key) ?? '';
    },
    setStorageSync: (key: string, value: unknown): void => {
      this.mayThrow(['throws', 'full', 'frozen']);
      if (this.state === 'good') this.values.set(key, structuredClone(value));
    },
    removeStorageSync: (key: string): void => {
      this.mayThrow(['throws', 'frozen']);
      this.values.delete(key);
    },
  };

  /** All of it as text, to look for secrets in. */
  get text(): string {
    return JSON.stringify([...this.values]);
  }

  private mayThrow(states: readonly string[]): void {
    if (states.includes(this.state)) throw new Error('setStorageSync:fail exceed storage max size 10Mb');
  }
}
