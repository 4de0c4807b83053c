/**
 * What an operator has to mend before the service can start: the message is one line for stderr, without a stack and
 * without a secret. The process ends with status 1.
 */
export class StartFault extends Error {
  override readonly name: string = 'StartFault';
}
