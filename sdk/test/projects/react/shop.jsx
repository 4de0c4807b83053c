import { useAuth } from './use-auth.js';

export function Shop() {
  const { status, user, error, logIn, logOut } = useAuth();
  return (
    <main>
      <p role="status">{user ? `Hello ${user.nickname ?? user.id}` : status}</p>
      {error && <p role="alert">{error.advice.en}</p>}
      {status === 'logged-out' && <button onClick={logIn}>Log in</button>}
      {status === 'logged-in' && <button onClick={logOut}>Log out</button>}
    </main>
  );
}
