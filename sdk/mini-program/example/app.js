// @ts-check
const auth = require('./auth.js');
const cart = require('./cart.js');

App({
  onLaunch() {
    // After a login the user gets what they chose as a guest, whichever page logs them in.
    // It may be told at a start, too: then the user is not known yet.
    auth.onChange(async ({ user, guest }) => {
      if (!guest) return;
      const owner = user || (await auth.getUser());
      if (!owner) throw new Error('The guest has not logged in.');
      cart.takeOver(guest, owner.id);
    });
  },
});
