import { createApp, defineComponent, h, onBeforeUnmount, onMounted, ref } from 'vue';
import { auth } from './auth.js';
import { useAuth } from './use-auth.js';

/** A code on the page, for as long as this is mounted. */
const LoginCode = defineComponent(() => {
  const place = ref<HTMLElement>();
  const abort = new AbortController();
  onMounted(() => {
    if (!place.value) return;
    auth.loginEmbedded(place.value, { method: 'mini-program', signal: abort.signal }).catch(() => undefined);
  });
  onBeforeUnmount(() => abort.abort());
  return () => h('div', { ref: place });
});

const App = defineComponent(() => {
  const { login, error, logIn, logOut } = useAuth();
  const showsCode = ref(false);
  const button = (text: string, onClick: () => unknown) => h('button', { onClick }, text);

  const whoIsIn = () => [
    h('p', `Hello ${login.value.user?.nickname ?? 'WeChat user'}`),
    button('Log out', () => {
      showsCode.value = false;
      return logOut();
    }),
  ];
  const howToLogIn = () => [
    button('Log in with WeChat', () => logIn()),
    showsCode.value ? h(LoginCode) : button('Show the code here', () => (showsCode.value = true)),
  ];

  return () =>
    h('main', [
      h('h1', 'Shop'),
      error.value && h('p', { role: 'alert' }, error.value.advice.en),
      login.value.status === 'logged-in' && whoIsIn(),
      login.value.status === 'logged-out' && howToLogIn(),
    ]);
});

createApp(App).mount('#root');
