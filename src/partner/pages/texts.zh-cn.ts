import type { PartnerTexts } from './partner-texts.js';

/** Texts of the pages for partner apps, in simplified Chinese. */
export const ZH_CN: PartnerTexts = {
  consent: {
    title: '授权登录',
    asks: (partner) => `“${partner}”\n申请使用你的微信账号登录`,
    as: '当前登录',
    nameless: '微信用户',
    shares: '该应用将获得：',
    scopes: {
      openid: '仅用于该应用的用户标识',
      profile: '你的昵称和头像',
      phone: '你的手机号',
      wechat: '你的微信标识（openid 和 unionid）',
      offline_access: '你不使用该应用时，上述信息的更新',
    },
    allow: '同意',
    deny: '拒绝',
    another: '使用其他微信账号',
    returns: '之后将返回',
    withdraw: '你可以随时在账号页的“已授权的应用”中撤回授权。',
  },
  account: {
    title: '我的账号',
    apps: '已授权的应用',
    none: '暂无已授权的应用。',
    lastUsed: '上次使用',
    inBeijing: (day) => `${day}（北京时间）`,
    withdraw: '撤回授权',
    withdrawFrom: (partner) => `撤回授权：${partner}`,
    more: '更多应用',
  },
  logout: {
    title: '退出登录',
    asks: '是否同时退出这里的登录？',
    lead: '退出后，此浏览器中的其他应用需要重新登录。',
    logout: '退出登录',
    stay: '保持登录',
    done: '已退出登录',
    doneLead: '你可以关闭此页面。',
  },
  returning: { title: '正在返回应用', button: '继续' },
  refused: {
    titles: {
      login: '该应用暂时无法登录',
      logout: '你在这里还没有退出登录',
      address: '此地址仅供应用调用',
    },
    because: {
      unknownApp: '此服务不认识该应用：它没有在这里登记，或者已被删除。',
      redirectUri: '该应用要求登录后返回一个未登记的地址。为了你的安全，登录已中止。',
      unsupported: '该应用要求的登录方式，此服务不支持。',
      loginRequest: '该应用发来的登录请求不完整或无效。',
      expiredLogin: '本次登录已过期、已使用过，或是在其他浏览器中发起的。请回到应用重新登录。',
      logoutRequest: '该应用发来的退出请求无效。',
      expiredLogout: '询问是否退出的页面已过期。请回到应用，重新退出登录。',
      forApps: '这里没有可以打开的页面。如果是某个应用把你带到这里，请告诉该应用的开发者。',
    },
    tell: '请告诉该应用的开发者，并附上下面的信息。',
    description: '说明',
  },
};
