/** Where lines for the operator go. */
export interface OperatorLog {
  warn(line: string): void;
  log(line: string): void;
}

/** More causes of one outage than anybody reads. */
const MAX_TOLD = 20;

/** Tells each cause of an outage once, and its end once, however many connections meet it and however often. */
export class OutageLog {
  private readonly troubled = new Set<object>();
  private readonly told = new Set<string>();
  private readonly held: (() => void)[] = [];
  private isStarting = true;
  private isOver = false;

  constructor(private readonly operator: OperatorLog) {}

  /** @param who a connection, or another thing that can be well again */
  trouble(who: object, line: string): void {
    if (this.isOver) return;
    this.troubled.add(who);
    if (this.told.has(line) || this.told.size >= MAX_TOLD) return;
    this.told.add(line);
    this.warn(line);
  }

  well(who: object): void {
    if (this.isOver || !this.troubled.delete(who) || this.troubled.size > 0) return;
    this.told.clear();
    this.tell(() => this.operator.log('Redis is back: its commands are answered and its writes are taken'));
  }

  /** Tells what was held back until the start was over: a start that fails says why by itself. */
  begin(): void {
    this.isStarting = false;
    for (const tell of this.held.splice(0)) tell();
  }

  /** The store is closed: nothing more is told. */
  end(): void {
    this.isOver = true;
  }

  /** For what is no outage. */
  warn(line: string): void {
    this.tell(() => this.operator.warn(line));
  }

  private tell(tell: () => void): void {
    if (this.isStarting) this.held.push(tell);
    else tell();
  }
}
