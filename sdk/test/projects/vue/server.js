import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { auth } from './auth.js';
import Shop from './shop.js';

let listeners = 0;
auth.onChange = () => {
  listeners++;
  return () => listeners--;
};

const html = await renderToString(createSSRApp(Shop));
console.log(JSON.stringify({ html, listeners }));
