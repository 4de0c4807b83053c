import { describe, expect, test } from '@jest/globals';
import { AuthError, errorOf } from '../auth-error.js';

describe('the error of an answer', () => {
  test('has what problem+json of the service says', () => {
    const errors = [{ field: 'code', message: 'is missing' }];
    const problem = {
      code: 'VALIDATION_FAILED',
      status: 400,
      requestId: 'r-1',
      detail: 'code is missing',
      errors,
    };
    expect(errorOf(400, problem)).toMatchObject({
      name: 'AuthError',
      message: 'VALIDATION_FAILED: code is missing',
      ...problem,
      retryable: false,
    });
  });

  test("takes nothing else from a stranger's body", () => {
    const body: unknown = JSON.parse(`{
      "code": "OUT_OF_TEA", "name": "Teapot", "message": "short and stout", "stack": "at teapot", "retryable": true,
      "advice": { "zh": "茶", "en": "tea" }, "reason": "tea", "retryAfter": 7, "cause": "tea", "title": "Tea",
      "__proto__": { "code": "POLLUTED" }, "toString": 5
    }`);
    const error = errorOf(418, body);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      name: 'AuthError',
      code: 'OUT_OF_TEA',
      message: 'OUT_OF_TEA',
      retryable: false,
    });
    expect(error.stack).toContain('auth-error.spec');
    expect(error.advice).toEqual(new AuthError('OUT_OF_TEA').advice);
    expect(String(error)).toBe('AuthError: OUT_OF_TEA');
    for (const name of ['reason', 'retryAfter', 'cause', 'title'])
      expect(error).not.toHaveProperty(name, expect.anything());
  });

  test.each([
    ['a number as code', { code: 40029, requestId: 7, detail: { toString: 1 }, errors: { code: ['tea'] } }],
    ['an empty code', { code: '', errors: 'tea' }],
    ['a list', []],
    ['a text', '<html></html>'],
    ['a number', 7],
    ['null', null],
    ['nothing', undefined],
  ])('has the status as code where the body has %s', (_, body) => {
    const error = errorOf(502, body);
    expect(error).toMatchObject({ code: 'HTTP_502', message: 'HTTP_502', status: 502, retryable: true });
    expect(error).toMatchObject({ requestId: undefined, detail: undefined, errors: undefined });
  });

  test.each([
    ['7', 7],
    ['0', 0],
    [new Date(Date.now() + 90_000).toUTCString(), 90],
    ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('reads Retry-After: %s as %s seconds', (field, seconds) => {
    const { retryAfter } = errorOf(503, null, field);
    if (seconds === undefined) expect(retryAfter).toBeUndefined();
    else expect(Math.round(retryAfter ?? NaN) - seconds).toBeGreaterThanOrEqual(-2);
    expect(retryAfter ?? 0).toBeLessThanOrEqual(seconds ?? 0);
  });
});
