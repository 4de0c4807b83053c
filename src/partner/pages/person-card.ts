import { escapeHtml } from '../../pages/html.js';
import type { UserReply } from '../../user/user-replies.js';
import type { PartnerTexts } from './partner-texts.js';

/** Picture and name of the person who is logged in, as HTML. @param person `null` for one who was deleted just now */
export function personCard(person: UserReply | null, texts: PartnerTexts['consent']): string {
  const name = person?.nickname ?? texts.nameless;
  return `<div class="person">${face(name, person?.avatarUrl ?? null)}<p><span>${texts.as}</span><b>${escapeHtml(name)}</b></p></div>`;
}

function face(name: string, avatarUrl: string | null): string {
  const [initial = ''] = name;
  return avatarUrl === null
    ? `<span class="face" aria-hidden="true">${escapeHtml(initial)}</span>`
    : `<img class="face" src="${escapeHtml(avatarUrl)}?size=132" alt="" width="40" height="40">`;
}
