/** What is known about one error code; `docs/errors.md` is generated from it. */
export interface ErrorEntry {
  /** HTTP status. */
  readonly status: number;
  /** One line for people, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  readonly cause: string;
  readonly cure: string;
  /** Seconds for Retry-After, where a later try can succeed. 429 and 503 always have one. */
  readonly retryAfter?: number;
}

/** Every code that the service can answer. Codes are stable: clients branch on them. */
export const ERROR_CATALOGUE = {
  // WeChat
  WECHAT_CODE_INVALID: {
    status: 401,
    title: 'WeChat does not accept the code',
    cause:
      'The code is unknown to WeChat, has expired (5 minutes), or was issued for another app (40029, 42003, 61010).',
    cure: 'Get a new code (`wx.login`, or a new scan) and send it once. Check that the appId is the app that issued it.',
  },
  WECHAT_CODE_USED: {
    status: 401,
    title: 'The code was used already',
    cause:
      'A code works once. This one was exchanged before, by this service or at WeChat (40163), or is being exchanged now.',
    cure: 'Get a new code and send it once. Do not repeat a login with the same code after a time-out.',
  },
  WECHAT_USER_BLOCKED: {
    status: 403,
    title: 'WeChat refuses this person',
    cause: 'WeChat considers the account risky or has restricted it (40226, 50001, 50002).',
    cure: 'Do not retry. The person has to settle it with WeChat.',
  },
  WECHAT_BUSY: {
    status: 503,
    title: 'WeChat is busy',
    cause: 'WeChat answered "system error" (-1), also when asked again.',
    cure: 'Try again after Retry-After. If the same code is then refused, use a new one.',
    retryAfter: 2,
  },
  WECHAT_RATE_LIMITED: {
    status: 429,
    title: 'WeChat limits the rate',
    cause: 'Too many calls for this person, endpoint or day (45011, 45009).',
    cure: 'Wait as long as Retry-After says. The daily quota is shown in the WeChat console.',
    retryAfter: 60,
  },
  WECHAT_UNAVAILABLE: {
    status: 503,
    title: 'WeChat cannot be reached',
    cause:
      'No connection, no answer in time, or an HTTP error in front of WeChat. It is unknown whether the code was used.',
    cure: 'Get a new code and try again. If it lasts, check the network from the service to api.weixin.qq.com.',
    retryAfter: 5,
  },
  WECHAT_BAD_REPLY: {
    status: 502,
    title: "WeChat's answer makes no sense",
    cause:
      'The answer was not JSON, was too large or nested too deeply, or lacked a required field (for example the openid).',
    cure: 'Try again with a new code. If it lasts, look for a proxy between the service and WeChat that changes answers.',
  },
  WECHAT_CONFIGURATION: {
    status: 500,
    title: 'The WeChat app is not configured correctly',
    cause:
      'WeChat refuses the AppID, the AppSecret, the IP address of the server or a right of the app (40013, 40125, 40164, 48001 and others).',
    cure: 'The operator follows the detail of the problem: it names the app and what to change.',
  },
  WECHAT_ERROR: {
    status: 502,
    title: 'WeChat answered with an error that is not known here',
    cause: 'The errcode is not in the table of this version.',
    cure: "Look up the errcode of the detail in WeChat's documentation, with the rid if there is one.",
  },
  WECHAT_UNIONID_CHANGED: {
    status: 409,
    title: 'The unionid of this WeChat account changed',
    cause:
      'WeChat sends another unionid for a known openid: the app was bound to another Open Platform account.',
    cure: 'If the move was intended, the operator adds the app to ACCEPT_UNIONID_CHANGE.',
  },
  WECHAT_SNAPSHOT_USER: {
    status: 403,
    title: 'A visitor of a snapshot page is nobody yet',
    cause: 'WeChat opened the page as a read-only snapshot and gave an invented person (is_snapshotuser).',
    cure: 'Ask the person to tap 使用完整服务 at the bottom of the page and to log in then.',
  },
  WECHAT_AUTHORIZATION_EXPIRED: {
    status: 409,
    title: "WeChat's authorization of this person is over",
    cause:
      'There is no website login whose WeChat refresh token still works: it lives for 30 days, or until the person withdraws it (40030, 42002, 42007; for the access token that it gives 40001, 40003, 42001).',
    cure: 'The person logs in on the website again.',
  },
  SESSION_KEY_STALE: {
    status: 409,
    title: 'The session_key does not fit',
    cause:
      'The data was not encrypted or signed with a session_key that is known here: WeChat has replaced the key, or the data is damaged. For a signature: the person has no session_key here, or WeChat calls it invalid.',
    cure: 'Call wx.login, send its code to login or validate-token, then fetch the data again and send it. wx.login comes before the data call, not after it. A service that asked for a signature has its mini program do the same, and asks again.',
  },
  SIGNATURE_MISMATCH: {
    status: 400,
    title: 'The signature is wrong',
    cause: 'The encrypted data is genuine, but signature is not the sha1 of rawData and the session_key.',
    cure: 'Send rawData byte for byte as WeChat gave it, with the signature of the same call.',
  },
  OPEN_DATA_WATERMARK_INVALID: {
    status: 400,
    title: 'The watermark does not fit',
    cause: 'The data was made for another app, is too old (OPEN_DATA_MAX_AGE), or has no watermark.',
    cure: 'Fetch the data again in this mini program and send it at once.',
  },
  OPEN_DATA_FOREIGN: {
    status: 403,
    title: "The data is somebody else's",
    cause: 'The openId in the data is not the one of the session.',
    cure: 'Log in as the person to whom the data belongs.',
  },
  MINI_PROGRAM_SESSION_REQUIRED: {
    status: 403,
    title: 'Only from a mini program',
    cause: 'The access token belongs to a session that was not opened in a mini program.',
    cure: 'Use the token of a mini-program login.',
  },
  PHONE_NUMBER_TAKEN: {
    status: 409,
    title: 'The phone number belongs to another account',
    cause: 'Another user has this number. The service never moves a number from one user to another.',
    cure: 'The person logs in to the other account, or the operator settles it.',
  },
  IDENTITY_TAKEN: {
    status: 409,
    title: 'The WeChat account belongs to another user',
    cause: 'The openid or unionid belongs to another user here.',
    cure: 'Log in with that WeChat account, or remove it there first.',
  },
  IDENTITY_UNKNOWN: {
    status: 404,
    title: 'Nobody is known by that id',
    cause: 'No person of this app has that openId, or that user has no identity in this app.',
    cure: 'Check that the openId is of the mini program that appId names. Somebody who has never logged in here has to log in first.',
  },
  LAST_IDENTITY: {
    status: 409,
    title: 'The last WeChat account cannot be removed',
    cause: 'Without it nobody could log in to the user any more.',
    cure: 'Add another WeChat account first, or delete the user.',
  },
  REAUTHENTICATION_REQUIRED: {
    status: 403,
    title: 'A fresh login is needed for this',
    cause: 'The login of this session is older than 10 minutes.',
    cure: 'Log in again and repeat the request with the new token.',
  },
  OWNER_PROOF_REQUIRED: {
    status: 403,
    title: 'The owner of the account has to show that they are there',
    cause:
      'Linking a WeChat account needs `proof`. The request has none, or one that was used, has expired or belongs to somebody else.',
    cure: 'Send as `proof` the code of a new wx.login, or the loginCode of a website login that was just made and is not redeemed, of a WeChat account that the user already has.',
  },
  API_KEY_INVALID: {
    status: 401,
    title: 'An API key is needed',
    cause:
      'X-Api-Key (or HTTP Basic, or client_secret, on routes that take them) is missing or is not one of SERVICE_API_KEYS or ADMIN_API_KEYS. Without any configured key the route is closed. A wrong key is also refused on routes that need none.',
    cure: 'Configure a key as `name:key` and send `X-Api-Key: key`.',
  },
  PUSH_SIGNATURE_INVALID: {
    status: 403,
    title: "The push is not WeChat's",
    cause:
      'signature or msg_signature is missing or was not made with WECHAT_PUSH_TOKEN or a token of WECHAT_PUSH_APPS.',
    cure: 'Set WECHAT_PUSH_TOKEN, or the app in WECHAT_PUSH_APPS, to the Token of the message push settings at WeChat.',
  },
  PUSH_STALE: {
    status: 403,
    title: 'The push is too old or too new',
    cause: 'Its timestamp differs from the clock of this machine by more than 5 minutes.',
    cure: 'Set the clock of this machine. WeChat repeats a push with a new timestamp.',
  },
  PUSH_REPLAYED: {
    status: 403,
    title: 'The push was taken from another one',
    cause: 'Its timestamp and nonce came before with another body.',
    cure: 'If somebody tried to forge a push, do nothing. Set WECHAT_PUSH_AES_KEY: its signature covers the body too.',
  },
  PUSH_NOT_ENCRYPTED: {
    status: 403,
    title: 'Only encrypted pushes are taken',
    cause: 'The app has a key, from WECHAT_PUSH_AES_KEY or WECHAT_PUSH_APPS, and the push is not encrypted.',
    cure: 'Choose the safe mode (安全模式) in the message push settings at WeChat.',
  },
  PUSH_DECRYPTION_FAILED: {
    status: 403,
    title: 'The push cannot be decrypted',
    cause:
      'It was not encrypted for the app in the URL with WECHAT_PUSH_AES_KEY or a key of WECHAT_PUSH_APPS.',
    cure: 'Set WECHAT_PUSH_AES_KEY, or the app in WECHAT_PUSH_APPS, to the EncodingAESKey of the message push settings at WeChat, and check the appId in the URL there.',
  },
  PUSH_APP_MISMATCH: {
    status: 403,
    title: 'The push is for no app here',
    cause:
      'The appId in the URL is not configured, not even in WECHAT_PUSH_APPS, or the AppID in the push is another one.',
    cure: 'Give each app its own URL in the message push settings at WeChat: /v1/wechat/events/<its AppID>.',
  },
  PUSH_MALFORMED: {
    status: 400,
    title: 'The push cannot be read',
    cause: 'The body is not a push of WeChat in XML or JSON, or lacks a field of its event.',
    cure: 'Send it as WeChat does: XML without DOCTYPE and entities, or a JSON object.',
  },
  PUSH_BUSY: {
    status: 503,
    title: 'The same push is being handled',
    cause: 'The same push arrived before and is still being handled.',
    cure: 'Repeat it, as WeChat does.',
    retryAfter: 2,
  },
  PUSH_RECEIVER_UNAVAILABLE: {
    status: 503,
    title: "The push's receiver does not answer",
    cause: 'The first receiver of WECHAT_PUSH_FORWARD for this app gave no answer in time.',
    cure: 'Repeat it, as WeChat does. The operator looks at the receiver; the log names it.',
    retryAfter: 5,
  },
  AVATAR_INVALID: {
    status: 422,
    title: 'This is not a picture that can be used',
    cause:
      'The content is not JPEG, PNG, WebP or GIF, is damaged, is animated, has more than 8 bits per channel, or has too many pixels: 24 million in a JPEG that is not progressive, 8 million elsewhere.',
    cure: 'Send the file that chooseAvatar gave, or another picture of one of these kinds.',
  },
  WEBHOOKS_OFF: {
    status: 409,
    title: 'There are no webhooks',
    cause: 'WEBHOOK_URLS is not set, so nothing is sent.',
    cure: 'Set WEBHOOK_URLS and WEBHOOK_SECRET, then send it again.',
  },
  APP_UNKNOWN: {
    status: 400,
    title: 'This app is not configured here',
    cause: 'The appId is not among the configured apps, or no app of that kind is configured.',
    cure: 'Leave appId out for the default app, or add the app to WECHAT_MINI_PROGRAMS, WECHAT_WEBSITES or WECHAT_OFFICIAL_ACCOUNTS.',
  },
  // logins
  STATE_INVALID: {
    status: 400,
    title: 'This login cannot be continued',
    cause:
      'The state is unknown, has expired (10 minutes), was used, or belongs to a login that was started in another browser.',
    cure: 'Start the login again, in one browser, with cookies allowed.',
  },
  PARTNER_UNKNOWN: {
    status: 404,
    title: 'No such partner app',
    cause: 'No partner has this client_id, or it was deleted.',
    cure: 'Check the client_id. GET /v1/admin/partners lists all partners.',
  },
  PARTNER_APP_FORBIDDEN: {
    status: 403,
    title: "The mini program is not one of the partner's",
    cause: "The AppID from which the person came is not in the partner's miniProgramAppIds.",
    cure: 'Send what WeChat says (`referrerInfo.appId`), and register the AppID with PATCH /v1/admin/partners/{id}.',
  },
  SCOPE_FORBIDDEN: {
    status: 403,
    title: 'The partner may not ask for this',
    cause: 'The scope is not among those of the partner, or lacks `openid`.',
    cure: 'Ask for less, or register the scope with PATCH /v1/admin/partners/{id}.',
  },
  AUTHORIZATION_EXPIRED: {
    status: 400,
    title: 'This login for an app cannot be continued',
    cause:
      'The login for a partner app has expired (1 hour), was finished, or was started in another browser; or the partner was deleted meanwhile.',
    cure: 'Go back to the app and log in again, in one browser, with cookies allowed.',
  },
  LOGIN_DENIED: {
    status: 403,
    title: 'The person cancelled the login',
    cause: 'WeChat called back without a code: the person tapped cancel on the phone.',
    cure: 'Offer the login again.',
  },
  LOGIN_CODE_INVALID: {
    status: 401,
    title: 'The loginCode cannot be redeemed',
    cause:
      'It is unknown, has expired (60 seconds), was used, or was sent without the browser cookie or the codeVerifier of its login.',
    cure: 'Redeem it once, at once: from the same browser with credentials, or with the verifier of the codeChallenge. Otherwise start again.',
  },
  ATTEMPT_UNKNOWN: {
    status: 404,
    title: 'No such login attempt',
    cause:
      'The attempt or its picture does not exist, ended long ago, or belongs to another browser: neither its cookie nor X-Attempt-Secret was sent.',
    cure: 'Begin a new attempt in this browser. From another site send the secret of the attempt in X-Attempt-Secret.',
  },
  SCAN_UNKNOWN: {
    status: 404,
    title: 'The scanned code is not valid',
    cause: 'The ticket does not exist, or the login on the screen has expired.',
    cure: 'Scan the code that the screen shows now.',
  },
  SCAN_TAKEN: {
    status: 409,
    title: 'Somebody else scanned the code',
    cause: 'Another person opened this scan before.',
    cure: 'Let the screen show a new code, and scan that.',
  },
  SCAN_REQUIRED: {
    status: 409,
    title: 'The scan comes first',
    cause:
      'The decision came before POST /v1/mini-program/scans/:ticket, which says what asks for the login.',
    cure: 'Open the scan, show the person what asks, then send the decision.',
  },
  SCAN_DECIDED: {
    status: 409,
    title: 'The scan was decided otherwise',
    cause: 'This person has already confirmed what is now refused, or refused what is now confirmed.',
    cure: 'Let the screen show a new code. To end a session that was opened, log out.',
  },
  WEB_VIEW_TICKET_INVALID: {
    status: 401,
    title: 'The ticket of the web view is not valid',
    cause:
      'It is unknown, older than 30 seconds, was used, was made for another returnTo, or came to a browser outside WeChat.',
    cure: 'Let the mini program fetch a new ticket, and open the web view with it at once.',
  },
  RETURN_URL_FORBIDDEN: {
    status: 400,
    title: 'That address is not allowed',
    cause:
      'returnTo is not an absolute http(s) URL, or matches no entry of RETURN_URLS. For js-sdk-config: no entry of RETURN_URLS has the origin of the page.',
    cure: 'Add the origin or URL prefix to RETURN_URLS.',
  },
  TOKEN_CODE_MISMATCH: {
    status: 401,
    title: 'Code and token are not the same person',
    cause: 'The code belongs to another person than the access token, or to a person without an account.',
    cure: 'Throw the token away and log in with a new code.',
  },
  // sessions
  TOKEN_MISSING: {
    status: 401,
    title: 'An access token is needed',
    cause: 'The route is not public and the request has no token.',
    cure: 'Send `Authorization: Bearer <accessToken>`, or the header that TOKEN_HEADER names.',
  },
  METRICS_TOKEN_INVALID: {
    status: 401,
    title: 'The metrics need their token',
    cause: 'METRICS_TOKEN is set, and the request for /metrics has no token or another one.',
    cure: 'Send `Authorization: Bearer <METRICS_TOKEN>`; in Prometheus, `authorization.credentials_file`.',
  },
  TOKEN_INVALID: {
    status: 401,
    title: 'The access token is not valid',
    cause: 'It is malformed, has expired (15 minutes by default), or is for another key, issuer or audience.',
    cure: 'Refresh it; if that fails, log in.',
  },
  SESSION_ENDED: {
    status: 401,
    title: 'The session has ended',
    cause: 'It was logged out or revoked, has expired, or its account was deleted.',
    cure: 'Log in again.',
  },
  REFRESH_TOKEN_INVALID: {
    status: 401,
    title: 'The refresh token is not valid',
    cause: 'It is malformed or was not issued by this service.',
    cure: 'Log in again.',
  },
  REFRESH_TOKEN_REUSED: {
    status: 401,
    title: 'The refresh token was used before',
    cause: 'An old refresh token was used again: somebody may have copied it. The session was revoked.',
    cure: 'Log in again. Keep only the newest refresh token; a repeat within 60 seconds is safe.',
  },
  ACCOUNT_DISABLED: {
    status: 403,
    title: 'The account is disabled',
    cause: 'An operator disabled it.',
    cure: 'The person contacts the operator.',
  },
  // requests
  VALIDATION_FAILED: {
    status: 400,
    title: 'The request is not valid',
    cause: 'A field is missing, has the wrong type or is out of range; `errors` names each.',
    cure: 'Correct the fields.',
  },
  CURSOR_INVALID: {
    status: 400,
    title: 'The cursor is not valid',
    cause: 'It was not issued by this service, or for another list or other filters.',
    cure: 'Send nextCursor of the page before, with the same filters, or none for the first page.',
  },
  MALFORMED_JSON: {
    status: 400,
    title: 'The body cannot be read as JSON',
    cause: 'The body cannot be parsed, or is nested deeper than 64 levels. (An empty one counts as no body.)',
    cure: 'Send UTF-8 JSON, as flat as the route documents it.',
  },
  BAD_REQUEST: {
    status: 400,
    title: 'The request cannot be understood',
    cause: 'The URL, a header or the framing of the request is malformed.',
    cure: 'Correct the request.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'Not allowed',
    cause: 'The request may not do this.',
    cure: 'Use an account that may.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is nothing here',
    cause: 'There is no such route or no such thing.',
    cure: 'Check the path; /docs lists the routes.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This method is not allowed here',
    cause: 'The path exists for other methods; the Allow header lists them.',
    cure: 'Use one of those.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    title: 'No acceptable form of the answer',
    cause: 'The Accept header excludes every form that the route can answer in.',
    cure: 'Accept application/json.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    cause: 'The body is larger than the route takes, or has more members and elements than any route reads.',
    cure: 'Send less: 16 kB are enough for all but open data, pushes and pictures.',
  },
  URI_TOO_LONG: {
    status: 414,
    title: 'The address is too long',
    cause: 'The path or a parameter in it is longer than allowed.',
    cure: 'Shorten it.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'This content type is not supported',
    cause: 'The route takes JSON.',
    cure: 'Send `Content-Type: application/json`.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The header fields are too large',
    cause: 'URL, cookies and the other header fields are longer than 16 kB together.',
    cure: 'Delete the cookies of the site, or send less.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request took too long to arrive',
    cause: 'The header fields were not complete within 10 s, or the whole request not within 30 s.',
    cure: 'Send the request again, on a better connection.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    cause: 'There were more requests than allowed in this time.',
    cure: 'Wait as long as Retry-After says.',
    retryAfter: 60,
  },
  // the service itself
  INTERNAL_ERROR: {
    status: 500,
    title: 'Something went wrong here',
    cause: 'A fault in the service. The log has it under the requestId.',
    cure: 'Report it with the requestId.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    title: 'The database cannot be reached',
    cause:
      'There is no connection to the database, no answer in time, or it accepts no writes at the moment.',
    cure: 'Try again; the service reconnects by itself. What was refused was not done. The log names the cause, such as a full disk.',
    retryAfter: 2,
  },
  STORE_UNAVAILABLE: {
    status: 503,
    title: 'The shared store cannot be reached',
    cause:
      'The shared store does not answer in time, or accepts no writes. Logins need it, so that a code works once.',
    cure: 'Try again; the service reconnects by itself.',
    retryAfter: 2,
  },
  AVATAR_STORE_UNAVAILABLE: {
    status: 503,
    title: 'The store of the pictures cannot be reached',
    cause: 'The folder or bucket that AVATAR_STORE names does not answer, or refuses.',
    cure: 'Try again. If it lasts, the operator checks the disk, or the bucket and its keys.',
    retryAfter: 5,
  },
  AVATARS_BUSY: {
    status: 503,
    title: 'Pictures cannot be read at present',
    cause:
      'More pictures are sent than this instance decodes, the machine is too busy to decode this one in time, or the process that decodes pictures was ended or does not start; the log says why.',
    cure: 'Send the picture again after Retry-After. If it persists, the operator looks for the picture process in the log.',
    retryAfter: 3,
  },
  SHUTTING_DOWN: {
    status: 503,
    title: 'This instance is stopping',
    cause: 'The instance got SIGTERM.',
    cure: 'Try again; another instance answers.',
    retryAfter: 1,
  },
} as const satisfies Record<string, ErrorEntry>;

/** A stable error code, as it stands in `code` of a problem and in `docs/errors.md`. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** The entry of a code, in its general form. */
export function catalogueEntry(code: ErrorCode): ErrorEntry {
  return ERROR_CATALOGUE[code];
}
