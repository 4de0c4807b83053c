import { beforeEach, describe, expect, test } from '@jest/globals';
import { AuthError } from '../../../shared/auth-error.js';
import type { Screen } from './program.js';
import { setStage } from './stage.js';

const SCOPE = 'scope.userLocation';
const HERE = /You are here Latitude 22.54 Longitude 114.06 Accurate to \(metres\) 30/;

const OFFLINE = new AuthError('NETWORK_FAILED').advice.en;
const LOGGED_OUT = new AuthError('LOGGED_OUT').advice.en;

const stage = setStage();

describe('the profile', () => {
  const CHANGE = 'Change picture';
  const PHONE = 'Use my number at WeChat';
  let page: Screen;
  beforeEach(async () => {
    page = await stage.program.open('profile');
  });
  const saveNickname = (nickname: string): Promise<void> =>
    page.dispatchAt('form', 'submit', { value: { nickname } });
  const getPhone = (detail: object): Promise<void> => page.dispatch(PHONE, 'getphonenumber', detail);
  const phoneCode = (more: object = {}) =>
    stage.world.control('phone-code', { person: stage.person.id, ...more });

  test('takes the picture that the person chooses', async () => {
    const avatarUrl = `${stage.world.sandbox.url}/mmopen/vi_32/xiaoming-1/0`;
    await page.dispatch(CHANGE, 'chooseavatar', { avatarUrl });
    expect(page.attributesOf('image')?.src).toContain('/avatars/');
    expect(page.text).toContain('Saved');
  });

  test('keeps the picture where the person closes the chooser', async () => {
    await page.dispatch(CHANGE, 'chooseavatar', { errMsg: 'chooseAvatar:fail cancel' });
    expect(page.text).toContain('The picture was not changed.');
    expect(page.buttons).toContain(CHANGE);
  });

  test('takes the nickname', async () => {
    await saveNickname('小红 🌸');
    expect(page.attributesOf('input')?.value).toBe('小红 🌸');
    expect(page.text).toContain('Saved');
  });

  test('tells a nickname that the content check has emptied from none', async () => {
    await saveNickname('  ');
    expect(page.text).toContain('Enter a nickname first.');
    await page.dispatchAt('input', 'nicknamereview', { pass: false, timeout: false });
    expect(page.text).toContain('WeChat’s content check refuses this nickname.');
    await saveNickname('');
    expect(page.text).toContain('WeChat’s content check refuses this nickname.');
    await page.dispatchAt('input', 'nicknamereview', { pass: true, timeout: false });
    await saveNickname('小红');
    expect(page.text).toContain('Saved');
  });

  test('takes the phone number', async () => {
    await getPhone({ ...(await phoneCode({ phoneNumber: '13700137000' })), errMsg: 'getPhoneNumber:ok' });
    expect(page.text).toContain('Phone number +8613700137000');
    expect(page.text).toContain('Saved');
  });

  test.each([
    ['the person refuses', { errMsg: 'getPhoneNumber:fail user deny' }, 'You did not share your number.'],
    [
      'the quota is used up',
      { errMsg: 'getPhoneNumber:fail', errno: 1400001 },
      'WeChat cannot give your number now.',
    ],
    [
      'the privacy guide was refused',
      { errMsg: 'getPhoneNumber:fail privacy permission is not authorized', errno: 104 },
      'This needs your consent to the privacy guide.',
    ],
    ['the app has no right', { errMsg: 'getPhoneNumber:fail no permission', errno: 102 }, 'Contact support'],
    [
      'the privacy guide does not declare it',
      { errMsg: 'getPhoneNumber:fail api scope is not declared in the privacy agreement', errno: 112 },
      'Contact support',
    ],
  ])('offers another way to a phone number where %s', async (_, detail, text) => {
    const sent = stage.phone.sent.length;
    await getPhone(detail);
    expect(page.text).toContain(text);
    expect(page.buttons).toEqual(expect.arrayContaining([PHONE, 'Send the code']));
    expect(stage.phone.sent).toHaveLength(sent);

    await page.dispatchAt('form', 'submit', { value: { phone: '12' } }, 1);
    expect(page.text).toContain('Enter a phone number.');
    await page.dispatchAt('form', 'submit', { value: { phone: '137 0013 7000' } }, 1);
    expect(page.text).toContain('The example ends here');
  });

  test('says that another account has the phone number, and goes on', async () => {
    const phoneNumber = '13600136000';
    await getPhone(await phoneCode({ phoneNumber }));
    expect(page.text).toContain('Saved');
    await stage.handOver();
    page = await stage.program.open('profile');
    await getPhone(await phoneCode({ phoneNumber }));
    expect(page.text).toMatch(
      new RegExp(`${new AuthError('PHONE_NUMBER_TAKEN').advice.en} Request ID [\\w-]{36}`),
    );
    await saveNickname('小明');
    expect(page.text).toContain('Saved');
    expect(page.text).not.toContain('Request ID');
  });

  test('sends the code of a phone number once: another try takes another tap', async () => {
    stage.phone.lost = 'answer';
    await getPhone(await phoneCode());
    expect(page.text).toContain(OFFLINE);
    expect(page.buttons).not.toContain('Try again');
    stage.phone.lost = 'nothing';
    await getPhone(await phoneCode());
    expect(page.text).toContain('Saved');
  });

  test('says that the network is away, and saves once it is back', async () => {
    stage.phone.lost = 'call';
    await saveNickname('小红');
    expect(page.text).toContain(OFFLINE);
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(page.text).toContain('Saved');
    expect(page.text).not.toContain('network');
  });

  test.each([
    ['who is logged out', ['Log out'], LOGGED_OUT],
    ['who is a guest', ['Log out', 'Look around'], 'Please log in first.'],
  ])('asks a person %s to log in, and then shows what was asked for', async (_, taps, text) => {
    const index = await stage.program.open('index');
    for (const tap of taps) await index.tap(tap);
    const { wxLogins } = stage.phone;
    const asked = await stage.program.open('profile');
    expect(asked.text).toBe(`${text} Log in`);
    expect(stage.phone.wxLogins).toBe(wxLogins);
    await asked.tap('Log in');
    expect(asked.buttons).toContain(PHONE);
  });
});

describe('the location', () => {
  const ASK = 'Show where I am';
  const REFUSED = 'You did not allow your location.';
  const open = (): Promise<Screen> => stage.program.open('location');

  test('is asked for by a tap, and shown', async () => {
    const page = await open();
    expect(page.buttons).toEqual([ASK]);
    expect(stage.phone.authSetting).toEqual({});
    await page.tap(ASK);
    expect(page.text).toMatch(HERE);
    await page.tap('Open the map');
    expect(stage.phone.opened).toEqual(['map']);
    expect(stage.phone.sent).toEqual([]);
  });

  test('is shown at once to a person who has allowed it before', async () => {
    stage.phone.authSetting[SCOPE] = true;
    expect((await open()).text).toMatch(HERE);
  });

  test('is refused, regained in the settings, and then shown without another tap', async () => {
    const page = await open();
    stage.phone.allows = false;
    await page.tap(ASK);
    expect(page.text).toContain(REFUSED);
    await page.tap('Open settings');
    expect(page.text).toContain(REFUSED);
    stage.phone.allows = true;
    await page.tap('Open settings');
    expect(page.text).toMatch(HERE);
  });

  test('was refused before: nothing asks again', async () => {
    stage.phone.authSetting[SCOPE] = false;
    const page = await open();
    expect(page.text).toContain(REFUSED);
    expect(page.buttons).toEqual(['Open settings']);
  });

  test('is shown, too, where the person finds the switch by themselves, and gone where they turn it off', async () => {
    stage.phone.authSetting[SCOPE] = false;
    const page = await open();
    stage.phone.authSetting[SCOPE] = true;
    await page.show();
    expect(page.text).toMatch(HERE);
    stage.phone.authSetting[SCOPE] = false;
    await page.show();
    expect(page.text).toContain(REFUSED);
  });

  test('is switched off in the phone: says where, and goes on when the person comes back', async () => {
    stage.phone.authSetting[SCOPE] = true;
    stage.phone.locationFailure = { errMsg: 'getLocation:fail system permission denied' };
    const page = await open();
    expect(page.text).toContain('Switch on location in the phone’s settings');
    await page.tap('Open the phone’s settings');
    expect(stage.phone.opened).toEqual(['settings of the phone']);
    stage.phone.locationFailure = null;
    await page.show();
    expect(page.text).toMatch(HERE);
  });

  test.each([
    [
      { errMsg: 'getLocation:fail privacy permission is not authorized', errno: 104 },
      'consent to the privacy',
    ],
    [{ errMsg: 'getLocation:fail auth deny' }, REFUSED],
    [{ errMsg: 'getLocation:fail timeout' }, 'This device cannot give a location.'],
  ])('may fail although it is allowed: %j', async (failure, text) => {
    stage.phone.authSetting[SCOPE] = true;
    stage.phone.locationFailure = failure;
    expect((await open()).text).toContain(text);
  });

  test('is not declared in app.json: nothing to tap', async () => {
    stage.phone.wx.authorize = ({ fail }) =>
      fail?.({ errMsg: 'authorize:fail require permission desc', errno: 1026 });
    const page = await open();
    await page.tap(ASK);
    expect(page.text).toContain('does not declare this permission');
    expect(page.buttons).toEqual([]);
  });

  describe('needs the privacy guide', () => {
    const GUIDE = '《示例隐私指引》';
    let page: Screen;
    beforeEach(async () => {
      const { phone } = stage;
      phone.needsPrivacy = true;
      const { authorize } = phone.wx;
      phone.wx.authorize = (options) =>
        phone.askForPrivacy(
          'authorize',
          () => authorize(options),
          (failure) => options.fail?.(failure),
        );
      page = await open();
      page.start(ASK, 'tap');
      await page.shows(GUIDE);
    });

    test('which can be read, and is agreed to', async () => {
      page.start(GUIDE, 'tap');
      expect(stage.phone.opened).toEqual(['privacy guide']);
      await page.dispatch('Agree', 'agreeprivacyauthorization');
      expect(page.text).toMatch(HERE);
      expect(page.text).not.toContain(GUIDE);
      expect(stage.phone.privacyAnswers).toEqual([
        { event: 'exposureAuthorization' },
        { event: 'agree', buttonId: 'agree-to-privacy-guide' },
      ]);
    });

    test('which is refused, and agreed to on the second thought', async () => {
      await page.tap('Disagree');
      expect(page.text).toContain('Your location needs your consent to the privacy guide.');
      page.start('Read and agree', 'tap');
      await page.shows(GUIDE);
      await page.dispatch('Agree', 'agreeprivacyauthorization');
      expect(page.text).toMatch(HERE);
    });

    test('which is refused where the person closes the page', () => {
      page.close();
      expect(stage.phone.privacyAnswers.at(-1)).toEqual({ event: 'disagree' });
    });
  });
});
