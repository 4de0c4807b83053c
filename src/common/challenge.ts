/** What a 401 asks for in WWW-Authenticate (RFC 9110 section 11.6.1) where nothing else is said. */
export const BEARER_CHALLENGE = 'Bearer';

/** A token came, and is not good (RFC 6750 section 3.1). Where none came, no error is told. */
export const INVALID_TOKEN_CHALLENGE = 'Bearer error="invalid_token"';

/** Routes that take the name and key of a program as HTTP Basic (RFC 7617). */
export const BASIC_CHALLENGE = 'Basic realm="wechat-auth", charset="UTF-8"';
