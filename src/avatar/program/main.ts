/*
 * The picture process, which the service starts: it fetches pictures from WeChat and encodes them, with neither secrets
 * nor a database.
 */
import { constants } from 'node:os';
import { giveWay } from './give-way.js';
import { serve } from './serve.js';

// A person may wait for the start. The work after it is never in a hurry.
giveWay(constants.priority.PRIORITY_BELOW_NORMAL);
serve(() => giveWay(constants.priority.PRIORITY_LOW));
