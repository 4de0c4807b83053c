/** Receives log lines for the operator. */
export interface OperatorLog {
  warn(line: string): void;
  log(line: string): void;
}

/** Upper bound of logged causes per outage. */
const MAX_CAUSES = 20;

/**
 * Logs each cause of an outage once and its end once, however many connections are affected and however
 * often.
 */
export class OutageLog {
  private readonly affected = new Set<object>();
  private readonly loggedCauses = new Set<string>();
  private readonly heldBack: (() => void)[] = [];
  private isStarting = true;
  private isOver = false;

  constructor(private readonly operator: OperatorLog) {}

  /** @param who a connection, or another thing that can recover */
  report(who: object, line: string): void {
    if (this.isOver) return;
    this.affected.add(who);
    if (this.loggedCauses.has(line) || this.loggedCauses.size >= MAX_CAUSES) return;
    this.loggedCauses.add(line);
    this.warn(line);
  }

  recovered(who: object): void {
    if (this.isOver || !this.affected.delete(who) || this.affected.size > 0) return;
    this.loggedCauses.clear();
    this.emit(() => this.operator.log('Redis is back: its commands are answered and its writes are taken'));
  }

  /** Logs the lines that were held back during the start. A start that fails reports its own reason. */
  begin(): void {
    this.isStarting = false;
    for (const emit of this.heldBack.splice(0)) emit();
  }

  /** The store is closed: nothing more is logged. */
  end(): void {
    this.isOver = true;
  }

  /** Logs a warning that is not an outage. */
  warn(line: string): void {
    this.emit(() => this.operator.warn(line));
  }

  private emit(emit: () => void): void {
    if (this.isStarting) this.heldBack.push(emit);
    else emit();
  }
}
