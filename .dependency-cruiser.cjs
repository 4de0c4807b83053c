/** Who may import whom. Each rule is one of CONTRIBUTING.md's, with its reason. */
const FLOOR = ['common', 'channel', 'crypto', 'config', 'http'];

/** A room may import itself and the rooms named; `files` are single files of other rooms. */
function room(name, rooms, comment, files = []) {
  const allowed = [name, ...rooms].map((each) => `^src/${each}/`).concat(files);
  return {
    name: `${name}-imports`,
    severity: 'error',
    comment,
    from: { path: `^src/${name}/` },
    to: { path: '^src/', pathNot: allowed },
  };
}

/** A library with one home: its API stays replaceable. */
function home(library, rooms) {
  return {
    name: `${library}-has-one-home`,
    severity: 'error',
    comment: `${library} is used in ${rooms.join(' and ')} only, so that it can be replaced there.`,
    from: { path: '^src/', pathNot: rooms.map((each) => `^src/${each}/`) },
    to: { path: `node_modules/${library}/` },
  };
}

const DOORS = [
  'mini-program',
  'web-qr-login',
  'token',
  'account',
  'wechat-events',
  'wechat-app',
  'operator',
  'partner',
];
const BELOW_DOORS = [
  ...FLOOR,
  'database',
  'ephemeral',
  'background',
  'events',
  'rate-limit',
  'outgoing',
  'avatar',
  'wechat',
  'user',
  'session',
  'auth',
  'attempt',
  'pages',
];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one thing in two places, or a thing that is missing.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that nobody imports is dead.',
      from: {
        orphan: true,
        path: '^(src|sandbox/src)/',
        pathNot:
          '(\\.d\\.ts$|^(src|sandbox/src)/main\\.ts$|\\.client\\.js$|^src/((partner|web-qr-login)/)?pages/browser/)',
      },
      to: {},
    },
    room('channel', [], 'The list of channels is data: every room may read it, so it imports nothing.'),
    room(
      'common',
      [],
      'Everything imports common. Of ours it knows the labels of channels, for the metrics.',
      ['^src/channel/channels\\.ts$'],
    ),
    room(
      'crypto',
      ['common'],
      'Keys and secrets are used everywhere, and know nothing of what they protect.',
    ),
    room('config', ['common', 'channel', 'crypto'], 'Settings are read before anything else exists.'),
    room(
      'http',
      ['common', 'channel', 'crypto', 'config'],
      'How requests and replies look is the same for every door.',
    ),
    room('outgoing', FLOOR, 'Calls to elsewhere: names, connections, deadlines, whatever is said on them.'),
    room('database', FLOOR, 'The way to the tables knows no table.'),
    room(
      'background',
      [...FLOOR, 'database', 'ephemeral'],
      'A queue works on tables, an hourly job on a mark in the store; neither knows what the work is.',
    ),
    room(
      'events',
      [...FLOOR, 'outgoing', 'database', 'ephemeral', 'background'],
      'What happened is recorded below everything that happens.',
    ),
    room('ephemeral', FLOOR, 'A port with two implementations knows nothing of what is kept in it.'),
    room(
      'rate-limit',
      [...FLOOR, 'ephemeral'],
      'A limit knows addresses and apps, and nothing of what a route does.',
    ),
    room(
      'avatar',
      [...FLOOR, 'outgoing', 'ephemeral'],
      'A picture is fetched, checked and kept without knowing whose it is.',
    ),
    room(
      'wechat',
      [...FLOOR, 'outgoing', 'ephemeral'],
      'WeChat is spoken to without knowing users or sessions.',
    ),
    room(
      'user',
      [...FLOOR, 'database', 'ephemeral', 'background', 'events', 'avatar'],
      'Of WeChat the user room knows one type.',
      ['^src/wechat/wechat-login\\.ts$'],
    ),
    room(
      'session',
      [...FLOOR, 'database', 'ephemeral', 'background', 'events', 'user'],
      'A session does not care how somebody logged in: never wechat, never a door.',
    ),
    room(
      'auth',
      [...FLOOR, 'database', 'events', 'ephemeral', 'rate-limit', 'wechat', 'user', 'session', 'attempt'],
      'auth says who it is, by a loginCode too, and records whom it refused; it issues nothing.',
    ),
    room(
      'attempt',
      [...FLOOR, 'ephemeral', 'user', 'session'],
      'A login that begins at one door and is finished at another, up to the session of its loginCode.',
    ),
    room('pages', FLOOR, 'The shell of a hosted page knows nothing of what one page does.'),
    ...DOORS.map((door) => room(door, BELOW_DOORS, 'Doors use what is below them, never one another.')),
    room('ops', [...FLOOR, 'database', 'ephemeral'], 'Running the service is no part of a login.'),
    {
      name: 'a-start-loads-what-it-needs',
      severity: 'error',
      comment:
        'Large libraries of which many services use nothing are imported when they are first needed: docs/decisions/066-a-start-loads-what-it-needs.md.',
      from: { path: '^src/' },
      to: {
        path: 'node_modules/(@aws-sdk|libphonenumber-js|oidc-provider)/',
        dynamic: false,
        dependencyTypesNot: ['type-only', 'type-import'],
      },
    },
    {
      name: 'service-imports-no-sandbox',
      severity: 'error',
      comment: 'The service calls the sandbox over HTTP, as it calls WeChat.',
      from: { path: '^src/' },
      to: { path: '(^sandbox/|@wechat-auth/sandbox)' },
    },
    ...['mini-program', 'web', 'node'].map((name) => ({
      name: `sdk-${name}-stands-alone`,
      severity: 'error',
      comment:
        'A client package shares only sdk/shared with the others, and nothing but HTTP with the service.',
      from: { path: `^sdk/${name}/src/` },
      to: {
        path: '^(src|sandbox|sdk|console|test)/',
        pathNot: [`^sdk/${name}/src/`, '^sdk/shared/', '^sdk/node_modules/'],
      },
    })),
    {
      name: 'sdk-shared-imports-nothing',
      severity: 'error',
      comment: 'It is bundled into every client package.',
      from: { path: '^sdk/shared/', pathNot: '^sdk/shared/test/' },
      to: { pathNot: '^sdk/shared/' },
    },
    {
      name: 'service-imports-no-sdk',
      severity: 'error',
      comment: 'The service and its clients share HTTP and docs/openapi.json.',
      from: { path: '^(src|sandbox/src)/' },
      to: { path: '^sdk/' },
    },
    {
      name: 'sandbox-imports-no-service',
      severity: 'error',
      comment: 'The sandbox is a package of its own: it shares nothing with the service but HTTP.',
      from: { path: '^sandbox/src/' },
      to: { path: '^src/' },
    },
    {
      name: 'sandbox-declares-its-dependencies',
      severity: 'error',
      comment: 'Installed without the service, the sandbox has what its own package.json names.',
      from: { path: '^sandbox/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'npm-optional', 'unknown'] },
    },
    {
      name: 'the-service-imports-no-browser-code',
      severity: 'error',
      comment: 'Browser code is bundled (scripts/pages.mjs); the service reads the bundles.',
      from: { path: '^src/', pathNot: '^src/((partner|web-qr-login)/)?pages/browser/' },
      to: { path: '^src/((partner|web-qr-login)/)?pages/browser/' },
    },
    {
      name: 'browser-code-imports-nothing-of-the-service',
      severity: 'error',
      comment: 'Of the service it knows the types of the data in the page.',
      from: { path: '^src/((partner|web-qr-login)/)?pages/browser/' },
      to: {
        pathNot: ['^src/((partner|web-qr-login)/)?pages/browser/', '^src/web-qr-login/pages/page-data\\.ts$'],
      },
    },
    {
      name: 'only-the-table-of-contents-imports-doors',
      severity: 'error',
      comment: 'Adding a channel means adding one door, and one line in app.module.',
      from: {
        path: '^src/',
        pathNot: ['^src/(app\\.module|create-app)\\.ts$', ...DOORS.map((door) => `^src/${door}/`)],
      },
      to: { path: DOORS.map((door) => `^src/${door}/`) },
    },
    home('ioredis', ['ephemeral']),
    home('axios', ['wechat']),
    home('undici', ['outgoing']),
    home('@nestjs/axios', ['wechat']),
    home('@nestjs/jwt', ['session']),
    home('passport-custom', ['auth']),
    home('sharp', ['avatar']),
    home('@aws-sdk/client-s3', ['avatar']),
    home('ipaddr.js', ['outgoing']),
    home('pino', ['ops']),
    home('prom-client', ['ops']),
    home('oidc-provider', ['partner']),
    home('fast-xml-parser', ['wechat-events']),
    home('lossless-json', ['wechat-events']),
    home('standardwebhooks', ['events']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
