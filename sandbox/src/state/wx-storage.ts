/** The storage of mini programs on people's phones (wx.setStorage): the access token of the service. */
export class WxStorage {
  private readonly tokens = new Map<string, string>();

  token(personId: string, appId: string): string | undefined {
    return this.tokens.get(keyOf(personId, appId));
  }

  keep(personId: string, appId: string, token: string): void {
    this.tokens.set(keyOf(personId, appId), token);
  }

  reset(): void {
    this.tokens.clear();
  }
}

function keyOf(personId: string, appId: string): string {
  return `${personId} ${appId}`;
}
