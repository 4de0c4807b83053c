/** The user agent of WeChat's built-in browser on an iPhone, in the language of Accept-Language. */
export function weChatUserAgent(acceptLanguage = ''): string {
  const language = /^en/i.test(acceptLanguage) ? 'en' : 'zh_CN';
  return (
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ' +
    `MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/${language}`
  );
}
