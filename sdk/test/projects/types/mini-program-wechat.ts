// Beside WeChat's own types: what is written for `wx.request` and its like goes on as it is.
import { createAuth } from '@wechat-auth/mini-program';

const auth = createAuth({ baseUrl: 'https://auth.example.com', adapter: wx });

export function goOn(request: WechatMiniprogram.RequestOption, file: WechatMiniprogram.UploadFileOption) {
  return [
    auth.request(request),
    auth.upload(file),
    auth.request({
      url: '/v1/users/me',
      enableHttp2: true,
      success: ({ statusCode, cookies }: WechatMiniprogram.RequestSuccessCallbackResult) =>
        `${statusCode} ${cookies.join()}`,
      fail: ({ errMsg }: WechatMiniprogram.GeneralCallbackResult) => errMsg.length,
    }),
  ];
}

export async function openData(): Promise<number> {
  const { stepInfoList } = await auth.openData<{ stepInfoList: number[] }>((callbacks) =>
    wx.getWeRunData(callbacks),
  );
  await auth.openData((callbacks) => wx.getUserProfile({ ...callbacks, desc: 'x' }));
  await auth.openData(() => wx.getWeRunData());
  return stepInfoList.length;
}

Page({
  onPhone: (event: WechatMiniprogram.ButtonGetPhoneNumber) => auth.phoneNumber(event),
  onNickname: (event: WechatMiniprogram.FormSubmit) => auth.nickname(event),
  onAvatar: (event: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) => auth.avatar(event),
});

// @ts-expect-error: the address is missing
auth.request({ method: 'POST' });
// @ts-expect-error: the file is missing
auth.upload({ url: '/v1/users/me/avatar' });
