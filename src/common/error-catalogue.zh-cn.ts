import type { ErrorCode } from './error-catalogue.js';

/** What `docs/errors.zh-CN.md` says of one error code. Replies of the service stay in English. */
export interface ErrorTexts {
  readonly title: string;
  readonly cause: string;
  readonly cure: string;
}

/** The Chinese texts of every code of the catalogue: the compiler reports a code that is missing or too many. */
export const ERROR_CATALOGUE_ZH_CN = {
  WECHAT_CODE_INVALID: {
    title: '微信不接受这个 code',
    cause: '微信不认识这个 code，或者它已过期（5 分钟），或者是为另一个应用签发的（40029、42003、61010）。',
    cure: '取一个新的 code（`wx.login` 或重新扫码），只发送一次。检查 appId 是否就是签发它的应用。',
  },
  WECHAT_CODE_USED: {
    title: 'code 已经用过',
    cause: '一个 code 只能用一次。它已经被本服务或在微信侧换过（40163），或者正在换取。',
    cure: '取一个新的 code，只发送一次。超时之后不要用同一个 code 重试登录。',
  },
  WECHAT_USER_BLOCKED: {
    title: '微信拒绝了这个用户',
    cause: '微信认为该账号有风险，或已限制该账号（40226、50001、50002）。',
    cure: '不要重试。用户需要自行与微信解决。',
  },
  WECHAT_BUSY: {
    title: '微信繁忙',
    cause: '微信返回 system error（-1），重试后仍然如此。',
    cure: '按 Retry-After 等待后再试；如果同一个 code 被拒绝，就换新的 code。',
  },
  WECHAT_RATE_LIMITED: {
    title: '微信限制了调用频率',
    cause: '对这个用户、接口或当日的调用次数过多（45011、45009）。',
    cure: '按 Retry-After 等待。每日额度见微信后台。',
  },
  WECHAT_UNAVAILABLE: {
    title: '无法连接微信',
    cause: '连接不上、没有及时应答，或者微信前面返回了 HTTP 错误。code 是否已被使用无从得知。',
    cure: '取一个新的 code 再试。持续出现时，检查从服务到 api.weixin.qq.com 的网络。',
  },
  WECHAT_BAD_REPLY: {
    title: '微信的应答无法理解',
    cause: '应答不是 JSON、过大、嵌套过深，或者缺少必需的字段（例如 openid）。',
    cure: '用新的 code 再试。持续出现时，检查服务与微信之间是否有代理改动了应答。',
  },
  WECHAT_CONFIGURATION: {
    title: '微信应用的配置不正确',
    cause: '微信拒绝了 AppID、AppSecret、服务器 IP 或应用的某项权限（40013、40125、40164、48001 等）。',
    cure: '由运维人员按 detail 处理：其中写明了是哪个应用、要改什么。',
  },
  WECHAT_ERROR: {
    title: '微信返回了未知的错误',
    cause: 'errcode 不在本版本的表里。',
    cure: '在微信文档里查 detail 中的 errcode；有 rid 的话一并查询。',
  },
  WECHAT_UNIONID_CHANGED: {
    title: '这个微信账号的 unionid 变了',
    cause: '对已知的 openid，微信给出了另一个 unionid：应用被绑定到了另一个开放平台账号。',
    cure: '如果是有意换绑，由运维人员把应用加进 ACCEPT_UNIONID_CHANGE。',
  },
  WECHAT_SNAPSHOT_USER: {
    title: '快照页的访客不是真实用户',
    cause: '微信以只读快照打开页面，给出的是虚拟用户（is_snapshotuser）。',
    cure: '请用户点页面底部的「使用完整服务」，然后再登录。',
  },
  WECHAT_AUTHORIZATION_EXPIRED: {
    title: '微信对该用户的授权已失效',
    cause:
      '没有哪次网站登录的微信 refresh token 仍然可用：它的有效期是 30 天，用户撤回授权也会使它失效（40030、42002、42007；由它换来的 access token 则是 40001、40003、42001）。',
    cure: '请用户在网站上重新登录。',
  },
  SESSION_KEY_STALE: {
    title: 'session_key 对不上',
    cause:
      '数据不是用本服务知道的 session_key 加密或签名的：微信已更换 session_key，或者数据损坏。如果是请求签名：这个人在本服务没有 session_key，或者微信认为它已失效。',
    cure: '调用 wx.login，把 code 发给 login 或 validate-token，再重新获取数据并发送。wx.login 要在获取数据之前，不能在之后。请求签名的服务也让自己的小程序这样做，然后重新请求。',
  },
  SIGNATURE_MISMATCH: {
    title: '签名错误',
    cause: '加密数据是真实的，但 signature 不是 rawData 与 session_key 的 sha1。',
    cure: 'rawData 要与微信给出的逐字节一致，并使用同一次调用的 signature。',
  },
  OPEN_DATA_WATERMARK_INVALID: {
    title: '水印不符',
    cause: '数据属于另一个应用、过旧（OPEN_DATA_MAX_AGE），或者没有水印。',
    cure: '在这个小程序里重新获取数据，并立即发送。',
  },
  OPEN_DATA_FOREIGN: {
    title: '数据属于别人',
    cause: '数据里的 openId 不是会话里的那个。',
    cure: '以数据所属的用户登录。',
  },
  MINI_PROGRAM_SESSION_REQUIRED: {
    title: '只能在小程序里调用',
    cause: 'access token 所属的会话不是在小程序里建立的。',
    cure: '使用小程序登录得到的令牌。',
  },
  PHONE_NUMBER_TAKEN: {
    title: '手机号属于另一个账号',
    cause: '另一个用户已有这个号码。服务从不把号码从一个用户转给另一个用户。',
    cure: '请用户登录那个账号，或由运维人员处理。',
  },
  IDENTITY_TAKEN: {
    title: '该微信账号属于另一个用户',
    cause: '这个 openid 或 unionid 在这里属于另一个用户。',
    cure: '用该微信账号登录，或先在那边解绑。',
  },
  IDENTITY_UNKNOWN: {
    title: '没有这个人',
    cause: '这个应用里没有人使用该 openId，或者该用户在这个应用里没有身份。',
    cure: '检查 openId 是否属于 appId 所指的小程序。从未在本服务登录过的人要先登录。',
  },
  LAST_IDENTITY: {
    title: '不能解绑最后一个微信账号',
    cause: '解绑之后就没有人能登录这个用户了。',
    cure: '先绑定另一个微信账号，或者注销用户。',
  },
  REAUTHENTICATION_REQUIRED: {
    title: '需要重新登录才能进行',
    cause: '这个会话的登录已超过 10 分钟。',
    cure: '重新登录，用新的令牌再次请求。',
  },
  OWNER_PROOF_REQUIRED: {
    title: '需要证明账号主人在场',
    cause: '绑定微信账号需要 `proof`，而请求里没有，或者它已经用过、已过期、属于别人。',
    cure: '`proof` 要发送刚刚 wx.login 得到的 code，或者刚完成、尚未兑换的网站登录的 loginCode，并且来自该用户已绑定的微信账号。',
  },
  API_KEY_INVALID: {
    title: '需要 API key',
    cause:
      '缺少 X-Api-Key（或者在支持的接口上缺少 HTTP Basic、client_secret），或者它不在 SERVICE_API_KEYS 和 ADMIN_API_KEYS 里。没有配置任何 key 时，接口是关闭的。错误的 key 在不需要 key 的接口上也会被拒绝。',
    cure: '以 `name:key` 配置 key，并发送 `X-Api-Key: key`。',
  },
  PUSH_SIGNATURE_INVALID: {
    title: '推送不是微信发出的',
    cause:
      '缺少 signature 或 msg_signature，或者不是用 WECHAT_PUSH_TOKEN 或 WECHAT_PUSH_APPS 中的 Token 计算的。',
    cure: '把 WECHAT_PUSH_TOKEN（或 WECHAT_PUSH_APPS 中该应用的 Token）设为微信消息推送配置里的 Token。',
  },
  PUSH_STALE: {
    title: '推送的时间不对',
    cause: '时间戳与本机时钟相差超过 5 分钟。',
    cure: '校准本机时钟。微信重试时会带上新的时间戳。',
  },
  PUSH_REPLAYED: {
    title: '推送是由另一条改成的',
    cause: '它的时间戳和随机数之前配过另一个正文。',
    cure: '如果是有人伪造推送，无需处理。请设置 WECHAT_PUSH_AES_KEY：它的签名也覆盖正文。',
  },
  PUSH_NOT_ENCRYPTED: {
    title: '只接收加密的推送',
    cause: '该应用有密钥（WECHAT_PUSH_AES_KEY 或 WECHAT_PUSH_APPS），而推送没有加密。',
    cure: '在微信消息推送配置里选择「安全模式」。',
  },
  PUSH_DECRYPTION_FAILED: {
    title: '推送无法解密',
    cause: '它不是用 WECHAT_PUSH_AES_KEY 或 WECHAT_PUSH_APPS 中的密钥为地址里的应用加密的。',
    cure: '把 WECHAT_PUSH_AES_KEY（或 WECHAT_PUSH_APPS 中该应用的密钥）设为微信消息推送配置里的 EncodingAESKey，并检查那里 URL 中的 appId。',
  },
  PUSH_APP_MISMATCH: {
    title: '推送不属于这里的应用',
    cause: '地址里的 appId 没有配置（也不在 WECHAT_PUSH_APPS 中），或者推送里的 AppID 是另一个。',
    cure: '在微信消息推送配置里，每个应用填自己的 URL：/v1/wechat/events/<该应用的 AppID>。',
  },
  PUSH_MALFORMED: {
    title: '推送无法解析',
    cause: '正文不是微信的 XML 或 JSON 推送，或者缺少该事件的字段。',
    cure: '按微信的格式发送：不含 DOCTYPE 和实体的 XML，或 JSON 对象。',
  },
  PUSH_BUSY: {
    title: '同一条推送正在处理',
    cause: '同一条推送之前已经到达，尚未处理完。',
    cure: '像微信那样重试。',
  },
  PUSH_RECEIVER_UNAVAILABLE: {
    title: '推送的接收方没有响应',
    cause: 'WECHAT_PUSH_FORWARD 中该应用的第一个接收方没有及时响应。',
    cure: '像微信那样重试。运维人员应检查接收方；日志中有它的地址。',
  },
  AVATAR_INVALID: {
    title: '这张图片不能使用',
    cause:
      '内容不是 JPEG、PNG、WebP 或 GIF，或者已损坏、是动图、每通道超过 8 位、像素过多：非渐进式 JPEG 上限 2400 万，其他 800 万。',
    cure: '发送 chooseAvatar 给出的文件，或其他这几种格式的图片。',
  },
  WEBHOOKS_OFF: {
    title: '没有启用 webhook',
    cause: '没有设置 WEBHOOK_URLS，不会发送任何内容。',
    cure: '设置 WEBHOOK_URLS 和 WEBHOOK_SECRET，然后重新发送。',
  },
  APP_UNKNOWN: {
    title: '没有配置这个应用',
    cause: 'appId 不在已配置的应用里，或者没有配置这一类应用。',
    cure: '不写 appId 即使用默认应用；或者把应用加进 WECHAT_MINI_PROGRAMS、WECHAT_WEBSITES 或 WECHAT_OFFICIAL_ACCOUNTS。',
  },
  STATE_INVALID: {
    title: '这次登录无法继续',
    cause: 'state 未知、已过期（10 分钟）、已用过，或者属于在另一个浏览器里发起的登录。',
    cure: '在同一个浏览器里重新发起登录，并允许 cookie。',
  },
  PARTNER_UNKNOWN: {
    title: '没有这个合作应用',
    cause: '没有合作应用使用这个 client_id，或者它已被删除。',
    cure: '检查 client_id。GET /v1/admin/partners 列出全部合作应用。',
  },
  PARTNER_APP_FORBIDDEN: {
    title: '该小程序不属于这个合作应用',
    cause: '用户来源小程序的 AppID 不在合作应用的 miniProgramAppIds 中。',
    cure: '请发送微信给出的值（`referrerInfo.appId`），并用 PATCH /v1/admin/partners/{id} 登记该 AppID。',
  },
  SCOPE_FORBIDDEN: {
    title: '合作应用无权申请这些内容',
    cause: 'scope 不在合作应用的范围内，或者缺少 `openid`。',
    cure: '减少申请的内容，或用 PATCH /v1/admin/partners/{id} 登记该 scope。',
  },
  AUTHORIZATION_EXPIRED: {
    title: '这次应用登录无法继续',
    cause:
      '为合作应用发起的登录已过期（1 小时）、已完成，或者是在另一个浏览器里发起的；也可能合作应用已被删除。',
    cure: '回到应用重新登录，在同一个浏览器里完成，并允许 cookie。',
  },
  LOGIN_DENIED: {
    title: '用户取消了登录',
    cause: '微信回调时没有带 code：用户在手机上点了取消。',
    cure: '再次提供登录入口。',
  },
  LOGIN_CODE_INVALID: {
    title: 'loginCode 无法兑换',
    cause: '它未知、已过期（60 秒）、已用过，或者没有带上这次登录的浏览器 cookie 或 codeVerifier。',
    cure: '立即兑换，只兑换一次：在同一个浏览器里带 credentials，或带上 codeChallenge 对应的 verifier；否则重新登录。',
  },
  ATTEMPT_UNKNOWN: {
    title: '没有这次登录尝试',
    cause:
      '登录尝试或它的图片不存在、早已结束，或者属于另一个浏览器：既没有它的 cookie，也没有 X-Attempt-Secret。',
    cure: '在这个浏览器里重新开始。跨站时请用 X-Attempt-Secret 发送该尝试的 secret。',
  },
  SCAN_UNKNOWN: {
    title: '扫到的码无效',
    cause: '票据不存在，或者屏幕上的登录已过期。',
    cure: '请扫描屏幕上当前显示的码。',
  },
  SCAN_TAKEN: {
    title: '这个码已被别人扫过',
    cause: '另一个人先打开了这次扫码。',
    cure: '让屏幕显示新的码，再扫描。',
  },
  SCAN_REQUIRED: {
    title: '要先打开扫码',
    cause: '还没有调用 POST /v1/mini-program/scans/:ticket（它说明是谁在请求登录），就提交了决定。',
    cure: '先打开这次扫码，向用户显示是谁在请求，再提交决定。',
  },
  SCAN_DECIDED: {
    title: '这次扫码已作出相反的决定',
    cause: '用户已经确认过，现在又拒绝；或者已经拒绝过，现在又确认。',
    cure: '让屏幕显示新的码。已经建立的会话用退出登录来结束。',
  },
  WEB_VIEW_TICKET_INVALID: {
    title: 'web-view 票据无效',
    cause: '它未知、超过 30 秒、已用过、是为另一个 returnTo 签发的，或者来自微信之外的浏览器。',
    cure: '让小程序重新获取票据，并立即用它打开 web-view。',
  },
  RETURN_URL_FORBIDDEN: {
    title: '不允许使用这个地址',
    cause:
      'returnTo 不是完整的 http(s) 地址，或者不匹配 RETURN_URLS 里的任何一项。对于 js-sdk-config：RETURN_URLS 里没有与页面同源的项。',
    cure: '把它的源或 URL 前缀加进 RETURN_URLS。',
  },
  TOKEN_CODE_MISMATCH: {
    title: 'code 和令牌不是同一个人',
    cause: 'code 与 access token 属于不同的人，或者 code 属于还没有账号的人。',
    cure: '丢弃令牌，用新的 code 登录。',
  },
  TOKEN_MISSING: {
    title: '需要 access token',
    cause: '接口不是公开的，而请求没有带令牌。',
    cure: '发送 `Authorization: Bearer <accessToken>`，或使用 TOKEN_HEADER 指定的请求头。',
  },
  METRICS_TOKEN_INVALID: {
    title: '读取指标需要令牌',
    cause: '设置了 METRICS_TOKEN，而请求 /metrics 时没有带令牌，或令牌不对。',
    cure: '发送 `Authorization: Bearer <METRICS_TOKEN>`；在 Prometheus 里用 `authorization.credentials_file`。',
  },
  TOKEN_INVALID: {
    title: 'access token 无效',
    cause: '格式不对、已过期（默认 15 分钟），或者属于别的密钥、签发者或受众。',
    cure: '刷新令牌；刷新失败就重新登录。',
  },
  SESSION_ENDED: {
    title: '会话已结束',
    cause: '已退出登录、被吊销、已过期，或账号已注销。',
    cure: '重新登录。',
  },
  REFRESH_TOKEN_INVALID: {
    title: 'refresh token 无效',
    cause: '格式不对，或不是本服务签发的。',
    cure: '重新登录。',
  },
  REFRESH_TOKEN_REUSED: {
    title: 'refresh token 已经用过',
    cause: '旧的 refresh token 又被使用：可能被人复制。会话已吊销。',
    cure: '重新登录。只保留最新的 refresh token；60 秒内重复使用是安全的。',
  },
  ACCOUNT_DISABLED: {
    title: '账号已被禁用',
    cause: '运维人员禁用了它。',
    cure: '请用户联系运营方。',
  },
  VALIDATION_FAILED: {
    title: '请求不合规',
    cause: '某个字段缺失、类型不对或超出范围；`errors` 逐一列出。',
    cure: '改正这些字段。',
  },
  CURSOR_INVALID: {
    title: '游标无效',
    cause: '它不是本服务给出的，或者属于另一个列表或其他筛选条件。',
    cure: '发送上一页的 nextCursor，筛选条件保持不变；第一页不要发送。',
  },
  MALFORMED_JSON: {
    title: '正文不是有效的 JSON',
    cause: '正文无法解析，或嵌套超过 64 层。（空正文等于没有正文。）',
    cure: '发送 UTF-8 编码的 JSON，层级以接口文档为准。',
  },
  BAD_REQUEST: {
    title: '请求无法理解',
    cause: '请求的 URL、请求头或报文格式不正确。',
    cure: '改正请求。',
  },
  FORBIDDEN: {
    title: '不允许',
    cause: '这个请求无权这样做。',
    cure: '使用有权限的账号。',
  },
  NOT_FOUND: {
    title: '这里什么也没有',
    cause: '没有这个接口，或没有这个对象。',
    cure: '检查路径；/docs 列出了所有接口。',
  },
  METHOD_NOT_ALLOWED: {
    title: '不支持这个方法',
    cause: '路径存在，但要用其他方法；Allow 头列出了它们。',
    cure: '使用其中之一。',
  },
  NOT_ACCEPTABLE: {
    title: '没有可接受的应答格式',
    cause: 'Accept 头排除了接口能返回的所有格式。',
    cure: '接受 application/json。',
  },
  PAYLOAD_TOO_LARGE: {
    title: '正文过大',
    cause: '正文超过接口的上限，或者成员和元素多于任何接口会读取的数量。',
    cure: '减少内容：除了开放数据、推送和图片，16 kB 足够。',
  },
  URI_TOO_LONG: {
    title: '地址过长',
    cause: '路径或其中的参数超过允许的长度。',
    cure: '缩短它。',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: '不支持这种内容类型',
    cause: '接口只接受 JSON。',
    cure: '发送 `Content-Type: application/json`。',
  },
  HEADERS_TOO_LARGE: {
    title: '请求头过大',
    cause: '地址、cookie 和其他请求头合计超过 16 kB。',
    cure: '清除该站点的 cookie，或减少内容。',
  },
  REQUEST_TIMEOUT: {
    title: '请求传输超时',
    cause: '请求头没有在 10 秒内收齐，或整个请求没有在 30 秒内收齐。',
    cure: '在更好的网络下重新发送。',
  },
  RATE_LIMITED: {
    title: '请求过于频繁',
    cause: '这段时间内的请求超过了限额。',
    cure: '按 Retry-After 等待。',
  },
  INTERNAL_ERROR: {
    title: '服务内部出错',
    cause: '服务出现故障，日志里可按 requestId 查到。',
    cure: '带上 requestId 报告问题。',
  },
  DATABASE_UNAVAILABLE: {
    title: '无法连接数据库',
    cause: '连接不上数据库、没有及时应答，或者数据库暂时不接受写入。',
    cure: '稍后再试，服务会自动重连。被拒绝的操作没有执行。原因见日志，例如磁盘已满。',
  },
  STORE_UNAVAILABLE: {
    title: '无法连接共享存储',
    cause: '共享存储没有及时应答，或不接受写入。登录离不开它，否则无法保证 code 只用一次。',
    cure: '稍后再试，服务会自动重连。',
  },
  AVATAR_STORE_UNAVAILABLE: {
    title: '无法连接图片存储',
    cause: 'AVATAR_STORE 指定的目录或存储桶没有应答，或拒绝访问。',
    cure: '稍后再试。持续出现时，由运维人员检查磁盘，或存储桶及其密钥。',
  },
  AVATARS_BUSY: {
    title: '暂时无法处理图片',
    cause:
      '同时上传的图片超过该实例的处理能力，或机器过于繁忙、未能及时解码这张图片，或解码图片的进程被终止、无法启动；原因见日志。',
    cure: '按 Retry-After 等待后重新发送图片。持续出现时，由运维人员在日志中查看图片进程的情况。',
  },
  SHUTTING_DOWN: {
    title: '该实例正在停止',
    cause: '实例收到了 SIGTERM。',
    cure: '稍后再试，会由另一个实例应答。',
  },
} as const satisfies Record<ErrorCode, ErrorTexts>;
