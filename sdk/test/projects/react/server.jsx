import { renderToString } from 'react-dom/server';
import { Shop } from './shop.jsx';

console.log(JSON.stringify(renderToString(<Shop />)));
