/** Why a picture was not taken, and whether that will be so for ever. */
const FAULTS = {
  host: { permanent: true, message: 'the address is none that pictures are fetched from' },
  redirects: { permanent: true, message: 'the address redirects too often, or to nowhere' },
  gone: { permanent: true, message: 'the picture is gone' },
  'too-large': { permanent: true, message: 'the picture has too many bytes' },
  content: { permanent: true, message: 'the content is no picture that can be used' },
  address: { permanent: false, message: 'the host name leads to an address that is not public' },
  status: { permanent: false, message: 'the answer is not 200' },
  busy: { permanent: false, message: 'too many pictures are being decoded' },
  time: { permanent: false, message: 'the picture did not come in time' },
  network: { permanent: false, message: 'the connection failed' },
  stopped: { permanent: false, message: 'the service is stopping' },
} as const;

/** One of the ways in which a picture is not taken. */
export type AvatarFaultReason = keyof typeof FAULTS;

/** A picture was not taken. The message repeats nothing of the address or the content. */
export class AvatarFault extends Error {
  override readonly name = 'AvatarFault';
  /** Whether another try can only end in the same way. */
  readonly permanent: boolean;

  /** @param detail e.g. the code of a network error */
  constructor(
    readonly reason: AvatarFaultReason,
    detail?: string,
  ) {
    const { message, permanent } = FAULTS[reason];
    super(detail === undefined ? message : `${message} (${detail})`);
    this.permanent = permanent;
  }
}
