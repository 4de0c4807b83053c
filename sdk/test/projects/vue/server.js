import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import Shop from './shop.js';

console.log(JSON.stringify(await renderToString(createSSRApp(Shop))));
