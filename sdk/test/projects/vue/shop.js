import { h } from 'vue';
import { useAuth } from './use-auth.js';

export default {
  setup() {
    const { login, error, logIn, logOut } = useAuth();
    return () => {
      const { status, user } = login.value;
      return h('main', [
        h('p', { role: 'status' }, user ? `Hello ${user.nickname ?? user.id}` : status),
        error.value && h('p', { role: 'alert' }, error.value.advice.en),
        status === 'logged-out' && h('button', { onClick: logIn }, 'Log in'),
        status === 'logged-in' && h('button', { onClick: logOut }, 'Log out'),
      ]);
    };
  },
};
