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
    inBeijing: (day) => `${day}（北京時間）`,
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
    titles: {
      login: '此應用程式暫時無法登入',
      logout: '你在這裡尚未登出',
      address: '此網址僅供應用程式呼叫',
    },
    because: {
      unknownApp: '此服務不認識這個應用程式：它沒有在這裡登記，或已被刪除。',
      redirectUri: '此應用程式要求登入後返回一個未登記的網址。為了你的安全，登入已中止。',
      unsupported: '此應用程式要求的登入方式，此服務不支援。',
      loginRequest: '此應用程式傳來的登入請求不完整或無效。',
      expiredLogin: '這次登入已過期、已使用過，或是在其他瀏覽器中開始的。請回到應用程式重新登入。',
      logoutRequest: '此應用程式傳來的登出請求無效。',
      expiredLogout: '詢問是否登出的頁面已過期。請回到應用程式，重新登出。',
      forApps: '這裡沒有可以開啟的頁面。如果是某個應用程式把你帶到這裡，請告訴其開發者。',
    },
    tell: '請告訴此應用程式的開發者，並附上以下資訊。',
    description: '說明',
  },
};
