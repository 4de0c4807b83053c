import type { PartnerTexts } from './partner-texts.js';

/** Texts of the pages for partner apps, in traditional Chinese. */
export const ZH_HANT: PartnerTexts = {
  consent: {
    title: '授權登入',
    asks: (partner) => `「${partner}」\n想使用你的微信帳號登入`,
    as: '目前登入',
    nameless: '微信用戶',
    shares: '此應用程式將取得：',
    scopes: {
      openid: '僅用於此應用程式的使用者識別碼',
      profile: '你的暱稱和頭像',
      phone: '你的手機號碼',
      wechat: '你的微信識別碼（openid 和 unionid）',
      offline_access: '你未使用此應用程式時，上述資料的更新',
    },
    allow: '同意',
    deny: '拒絕',
    another: '使用其他微信帳號',
    returns: '之後將返回',
    withdraw: '你可以隨時在帳號頁的「已授權的應用程式」中撤回授權。',
  },
  account: {
    title: '我的帳號',
    apps: '已授權的應用程式',
    none: '目前沒有已授權的應用程式。',
    lastUsed: '上次使用',
    withdraw: '撤回授權',
    withdrawFrom: (partner) => `撤回授權：${partner}`,
    more: '更多應用程式',
  },
  logout: {
    title: '登出',
    asks: '要同時登出這裡嗎？',
    lead: '登出後，此瀏覽器中的其他應用程式需要重新登入。',
    logout: '登出',
    stay: '保持登入',
    done: '已登出',
    doneLead: '你可以關閉此頁面。',
  },
  returning: { title: '正在返回應用程式', button: '繼續' },
  refused: {
    title: '此應用程式暫時無法登入',
    lead: '此應用程式傳來的登入請求無效，請聯絡其營運者。',
    expired: '這次登入已過期，或是在其他瀏覽器中開始的。請回到應用程式重新登入。',
  },
};
