import type { Scope } from '../registry/partner.js';
import type { Refusal, Refused } from './refusal.js';

/** Texts of the pages for partner apps. */
export interface PartnerTexts {
  readonly consent: {
    readonly title: string;
    readonly asks: (partner: string) => string;
    readonly as: string;
    readonly nameless: string;
    readonly shares: string;
    readonly scopes: Readonly<Record<Scope, string>>;
    /** In place of `scopes.openid`, for a partner that knows people by their user id. */
    readonly publicId: string;
    readonly allow: string;
    readonly deny: string;
    readonly another: string;
    readonly returns: string;
    /** With `{account}`, the title of the account page as a link. */
    readonly withdraw: string;
  };
  readonly account: {
    readonly title: string;
    readonly apps: string;
    readonly none: string;
    /** What `openid` gives, whichever id the partner has. */
    readonly openid: string;
    readonly lastUsed: string;
    readonly inBeijing: (day: string) => string;
    readonly withdraw: string;
    readonly withdrawFrom: (partner: string) => string;
    readonly more: string;
  };
  readonly logout: {
    readonly title: string;
    readonly asks: string;
    readonly lead: string;
    readonly logout: string;
    readonly stay: string;
    readonly done: string;
    readonly doneLead: string;
  };
  readonly returning: { readonly title: string; readonly button: string };
  readonly refused: {
    readonly titles: Readonly<Record<Refused, string>>;
    readonly because: Readonly<Record<Refusal, string>>;
    readonly tell: string;
    readonly description: string;
  };
}
