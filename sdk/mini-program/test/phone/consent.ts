/** What WeChat gives to `fail`. */
export interface Failure {
  readonly errMsg: string;
  readonly errno?: number;
}

/** What the person has agreed to on this phone, and how they answer the next prompt. */
export class Consent {
  /** Scopes that were asked for: granted or refused. */
  readonly scopes = new Map<string, boolean>();
  /** Scopes that app.json does not declare. */
  readonly undeclared = new Set<string>();
  /** The answer to the next prompts, and where the switches in the settings are left. */
  answer: 'allow' | 'deny' = 'allow';
  /** Whether the privacy guide must be agreed to first. */
  needsPrivacy = false;
  /** Prompts that the person has seen. */
  prompts = 0;

  get authSetting(): Record<string, boolean> {
    return Object.fromEntries(this.scopes);
  }

  /** wx.authorize. @returns why it fails */
  authorize(scope: string): Failure | null {
    if (this.undeclared.has(scope)) {
      return {
        errMsg:
          'authorize:fail the api need to be declared in the requiredPrivateInfos field in app.json/ext.json',
      };
    }
    if (!this.scopes.has(scope)) {
      this.prompts++;
      this.scopes.set(scope, this.answer === 'allow');
    }
    return this.scopes.get(scope) === true ? null : { errMsg: 'authorize:fail auth deny', errno: 103 };
  }

  /** wx.openSetting: the person leaves each switch as they answer. */
  changeSettings(): void {
    for (const scope of this.scopes.keys()) this.scopes.set(scope, this.answer === 'allow');
  }

  /** wx.requirePrivacyAuthorize. @returns why it fails */
  requirePrivacy(): Failure | null {
    if (!this.needsPrivacy) return null;
    this.prompts++;
    if (this.answer === 'allow') this.needsPrivacy = false;
    return this.needsPrivacy
      ? { errMsg: 'requirePrivacyAuthorize:fail privacy permission is not authorized', errno: 104 }
      : null;
  }
}
