/** Why a picture was refused, and whether a retry is useless. */
const FAULTS = {
  host: { permanent: true, message: 'pictures are not fetched from this URL' },
  redirects: { permanent: true, message: 'too many redirects, or a redirect without a valid target' },
  gone: { permanent: true, message: 'the picture no longer exists' },
  'too-large': { permanent: true, message: 'the picture is too large' },
  content: { permanent: true, message: 'the content is not a usable picture' },
  address: { permanent: false, message: 'the host name resolves to an IP address that is not public' },
  status: { permanent: false, message: 'the status is not 200' },
  busy: { permanent: false, message: 'too many pictures are being decoded' },
  time: { permanent: false, message: 'the picture did not arrive before the deadline' },
  network: { permanent: false, message: 'the connection failed' },
  unavailable: { permanent: false, message: 'the process that decodes pictures does not run' },
  stopped: { permanent: false, message: 'the service is stopping' },
} as const;

/** One of the reasons. */
export type AvatarFaultReason = keyof typeof FAULTS;

/** A picture was refused. The message never contains its URL or content. */
export class AvatarFault extends Error {
  override readonly name = 'AvatarFault';
  /** Whether a retry would end the same way. */
  readonly permanent: boolean;

  /** @param detail for example the code of a network error */
  constructor(
    readonly reason: AvatarFaultReason,
    readonly detail?: string,
  ) {
    const { message, permanent } = FAULTS[reason];
    super(detail === undefined ? message : `${message} (${detail})`);
    this.permanent = permanent;
  }
}
