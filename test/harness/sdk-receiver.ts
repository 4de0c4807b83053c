import { freePort } from './free-port.js';
import { endProgram, type Program, startProgram, untilAnswers } from './program.js';

/** Receivers that are made with the SDKs of others, in `receivers/`. */
export type Sdk = 'wechat-crypto' | 'wecom-crypto' | 'nest-wechat' | 'node-easywechat';

/** A push as the SDK has read it, and what the receiver answered. */
export interface Taken {
  readonly message: string;
  readonly contentType: string;
  readonly answer: string;
}

/** A receiver of pushes in a process of its own, which knows the push settings of the app and no other secret. */
export class SdkReceiver {
  private program: Program | null = null;

  private constructor(
    private readonly sdk: Sdk,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly origin: string,
  ) {}

  /** Starts a receiver. @param aesKey without it the pushes are plain */
  static async start(
    sdk: Sdk,
    { appId, token, aesKey }: { readonly appId: string; readonly token: string; readonly aesKey?: string },
  ): Promise<SdkReceiver> {
    const port = String(await freePort());
    const environment = { APP_ID: appId, TOKEN: token, PORT: port, ...(aesKey && { AES_KEY: aesKey }) };
    const receiver = new SdkReceiver(sdk, environment, `http://127.0.0.1:${port}`);
    await receiver.restart();
    return receiver;
  }

  /** Its URL in WECHAT_PUSH_FORWARD. */
  get url(): string {
    return `${this.origin}/push`;
  }

  /** Starts it where it was stopped; it has forgotten what it had read. */
  async restart(): Promise<void> {
    const file = `test/harness/receivers/${this.sdk}.mjs`;
    this.program = startProgram([process.execPath, file], process.cwd(), this.environment);
    await untilAnswers(`${this.origin}/seen`, 200, this.program);
  }

  /** The pushes that it has taken, in order. */
  async taken(): Promise<Taken[]> {
    return (await (await fetch(`${this.origin}/seen`)).json()) as Taken[];
  }

  async stop(): Promise<void> {
    if (this.program) await endProgram(this.program);
    this.program = null;
  }
}
