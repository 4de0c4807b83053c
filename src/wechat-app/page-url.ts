import { AppError } from '../common/app-error.js';
import { AMBIGUOUS, isPlain, type ReturnUrls } from '../attempt/return-urls.js';

/** Maximum length of a page's URL in bytes. */
export const MAX_PAGE_URL_BYTES = 2048;

/**
 * The URL of a page as WeChat signs it: without its fragment, otherwise byte for byte as given (wechat-api-2.md
 * section 14.2). To sign any page would lend the account to it.
 * @param given `location.href` of the page
 * @throws AppError VALIDATION_FAILED; RETURN_URL_FORBIDDEN where no entry of RETURN_URLS has its origin
 */
export function signedPageUrl(given: string, returnUrls: Pick<ReturnUrls, 'listsOriginOf'>): string {
  const text = given.replace(/#.*$/s, '');
  if (Buffer.byteLength(text) > MAX_PAGE_URL_BYTES) {
    throw invalid(`url must be at most ${MAX_PAGE_URL_BYTES} bytes, without its fragment`);
  }
  const isUrl = /^https?:\/\/[^/?]/i.test(text) && !AMBIGUOUS.test(text) && URL.canParse(text);
  const url = isUrl ? new URL(text) : null;
  if (!url || !isPlain(url)) {
    throw invalid('url must be the location.href of a page: http or https, percent-encoded once');
  }
  if (!returnUrls.listsOriginOf(url)) {
    throw new AppError('RETURN_URL_FORBIDDEN', {
      detail: 'No entry of RETURN_URLS has the origin of this page.',
    });
  }
  return text;
}

function invalid(message: string): AppError {
  return new AppError('VALIDATION_FAILED', { errors: [{ field: 'url', message }] });
}
