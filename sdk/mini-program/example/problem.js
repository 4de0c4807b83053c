// @ts-check
const { language, texts } = require('./texts/index.js');

/**
 * What components/problem shows.
 * @typedef {object} Problem
 * @property {string} code
 * @property {string} text
 * @property {string} requestId with which support finds the request; empty where there was no answer
 * @property {boolean} retryable offers to try again
 * @property {boolean} login offers to log in
 */

/** Codes that a login mends. */
const LOGIN_NEEDED = /^(LOGGED_OUT|GUEST|SESSION_ENDED|TOKEN_(MISSING|INVALID)|REFRESH_TOKEN_\w+)$/;

/**
 * @param {unknown} error AuthError, or anything else that was thrown
 * @returns {Problem}
 */
function toProblem(error) {
  const { code, advice, requestId, retryable } =
    /** @type {Partial<import('./lib/wechat-auth.js').AuthError>} */ (error || {});
  if (!code || !advice) {
    // Not of the SDK: a fault of this mini program.
    console.error(error);
    return { code: '', text: texts('problem').unexpected, requestId: '', retryable: true, login: false };
  }
  return {
    code,
    text: advice[language()],
    requestId: requestId || '',
    retryable: !!retryable,
    login: LOGIN_NEEDED.test(code),
  };
}

/** @returns {Problem} for a page that guests cannot use */
function loginNeeded() {
  return { code: 'GUEST', text: texts('problem').loginNeeded, requestId: '', retryable: false, login: true };
}

module.exports = { toProblem, loginNeeded };
