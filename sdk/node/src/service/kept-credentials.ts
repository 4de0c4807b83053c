/** wechat-auth has a new one in the last five minutes of the old one (seconds). */
const MARGIN_S = 300;

/** What WeChat issues to an app for some hours. */
interface Credential {
  readonly expiresIn: number;
}

interface Kept<Reply> {
  readonly reply: Promise<Reply>;
  /** By a clock that does not jump (ms); `Infinity` while the request is under way. */
  until: number;
}

/** Access tokens or tickets of WeChat apps, kept until five minutes before they expire. One request for all who wait. */
export class KeptCredentials<Reply extends Credential> {
  private readonly kept = new Map<string, Kept<Reply>>();

  /** @param request fetches the one at a path of wechat-auth */
  constructor(private readonly request: (path: string) => Promise<Reply>) {}

  /** @param isRefused whether WeChat has refused it: then it is not returned again */
  async get(path: string, isRefused: (reply: Reply) => boolean = () => false): Promise<Reply> {
    const kept = this.kept.get(path);
    if (kept && performance.now() < kept.until) {
      const reply = await kept.reply;
      if (!isRefused(reply)) return reply;
    }
    return this.fetch(path, kept);
  }

  private fetch(path: string, unfit: Kept<Reply> | undefined): Promise<Reply> {
    const present = this.kept.get(path);
    // Another caller has replaced it meanwhile.
    if (present && present !== unfit) return present.reply;
    const entry: Kept<Reply> = { reply: this.request(path), until: Infinity };
    this.kept.set(path, entry);
    entry.reply.then(
      ({ expiresIn }) => (entry.until = performance.now() + (expiresIn - MARGIN_S) * 1_000),
      () => this.kept.get(path) === entry && this.kept.delete(path),
    );
    return entry.reply;
  }
}
