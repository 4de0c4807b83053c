import { ApiProperty } from '@nestjs/swagger';

/**
 * Options with which WxLogin.js shows WeChat's QR code in a frame (wechat-api.md section 4.3), and the URL
 * for a frame without WxLogin.js.
 */
export class WxLoginOptions {
  @ApiProperty({ description: 'The website app.', example: 'wx5a4db0c0de000002' })
  appid!: string;

  @ApiProperty({ description: 'Always `snsapi_login`.', enum: ['snsapi_login'], example: 'snsapi_login' })
  scope!: 'snsapi_login';

  @ApiProperty({
    description: 'Already URL-encoded, as WxLogin.js requires.',
    example: 'https%3A%2F%2Fauth.example.com%2Fv1%2Fweb-qr-login%2Fcallback',
  })
  redirect_uri!: string;

  @ApiProperty({
    description: 'The state of this attempt; single use.',
    example: '6f0cc07bd1f84e5f9a0f6c2b7d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5',
  })
  state!: string;

  @ApiProperty({
    description:
      'The frame itself is redirected to the callback, whose page posts the result to the embedding page.',
  })
  self_redirect!: true;

  @ApiProperty({ enum: [1], description: 'The compact look, from 220 x 220 pixels.' })
  stylelite!: 1;

  @ApiProperty({ enum: ['auto'], description: 'Follows the colour scheme of the browser.' })
  color_scheme!: 'auto';

  @ApiProperty({
    required: false,
    enum: ['en'],
    description:
      'If Accept-Language of the request prefers English to Chinese, or names neither. Absent: Chinese.',
  })
  lang?: 'en';

  @ApiProperty({
    description:
      "The frame's `allow`: Chrome 142 and later need it for WeChat's page to reach the desktop app (quick login).",
    example: 'local-network-access',
  })
  allow!: 'local-network-access';

  @ApiProperty({
    description: 'Address for a frame of your own, without WxLogin.js.',
    example:
      'https://open.weixin.qq.com/connect/qrconnect?appid=wx5a4db0c0de000002&login_type=jssdk&self_redirect=true',
  })
  src!: string;
}
