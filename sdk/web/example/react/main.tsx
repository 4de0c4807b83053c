import { StrictMode, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { auth } from './auth.js';
import { useAuth } from './use-auth.js';

/** A code on the page, for as long as this is mounted. */
function LoginCode() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const { signal, abort } = endable();
    auth.loginEmbedded(place.current, { method: 'mini-program', signal }).catch(() => undefined);
    return abort;
  }, []);
  return <div ref={place} />;
}

function endable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function App() {
  const { status, user, error, logIn, logOut } = useAuth();
  const [showsCode, setShowsCode] = useState(false);
  return (
    <main>
      <h1>Shop</h1>
      {error && <p role="alert">{error.advice.en}</p>}
      {status === 'logged-in' && (
        <>
          <p>Hello {user?.nickname ?? 'WeChat user'}</p>
          <button
            onClick={() => {
              setShowsCode(false);
              void logOut();
            }}
          >
            Log out
          </button>
        </>
      )}
      {status === 'logged-out' && (
        <>
          <button onClick={() => void logIn()}>Log in with WeChat</button>
          {showsCode ? <LoginCode /> : <button onClick={() => setShowsCode(true)}>Show the code here</button>}
        </>
      )}
    </main>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
