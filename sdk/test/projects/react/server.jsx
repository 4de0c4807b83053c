import { renderToString } from 'react-dom/server';
import { auth } from './auth.js';
import { Shop } from './shop.jsx';

let listeners = 0;
auth.onChange = () => {
  listeners++;
  return () => listeners--;
};

const html = renderToString(<Shop />);
console.log(JSON.stringify({ html, listeners }));
