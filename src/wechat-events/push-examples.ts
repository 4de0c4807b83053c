/** Pushes as WeChat sends them, for the API documentation (wechat-api.md sections 6.3, 6.5). */
export const EXAMPLE_XML = `<xml>
<ToUserName><![CDATA[gh_870882ca4b1f]]></ToUserName>
<FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>
<CreateTime>1714037059</CreateTime>
<MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[user_authorization_revoke]]></Event>
<OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>
<AppID><![CDATA[wx5a4db0c0de000001]]></AppID>
<RevokeInfo><![CDATA[301]]></RevokeInfo>
</xml>`;

export const EXAMPLE_JSON = JSON.stringify({
  ToUserName: 'gh_870882ca4b1f',
  FromUserName: 'owAqB1v0ahK_Xlc7GshIDdf2yf7E',
  CreateTime: 1714037059,
  MsgType: 'event',
  Event: 'user_info_modified',
  OpenID: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
  AppID: 'wx5a4db0c0de000001',
});

export const EXAMPLE_ENCRYPTED = `<xml>
<ToUserName><![CDATA[gh_870882ca4b1f]]></ToUserName>
<Encrypt><![CDATA[jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==]]></Encrypt>
</xml>`;
