import type { TransactionStatus } from './codec.js';

/** How often settings may have changed that give statements another meaning: an approval binds to that number. */
export class SessionSettings {
  changes = 0;
  private inTransaction = false;
  private status: TransactionStatus = 'I';

  changed(): void {
    this.changes++;
    this.inTransaction = true;
  }

  /** Has the open transaction changed some? Its end, or ROLLBACK TO, may take that back. */
  get mayRevert(): boolean {
    return this.inTransaction;
  }

  /** COMMIT too: SET LOCAL ends with it. */
  rolledBack(): void {
    if (this.inTransaction) this.changes++;
  }

  became(status: TransactionStatus): void {
    const before = this.status;
    this.status = status;
    if (status === before && status !== 'I') return;
    this.rolledBack();
    if (status === 'I') this.inTransaction = false;
  }
}
