/**
 * A fault that the operator has to fix before the service can start. The message is one line for stderr,
 * without a stack trace and without a secret. The process exits with status 1.
 */
export class StartFault extends Error {
  override readonly name: string = 'StartFault';
}
