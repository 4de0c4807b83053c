/** Makes a node:http server listen on PORT of this machine, then tells the parent process. */
export function listening(server) {
  server.listen(Number(process.env.PORT), '127.0.0.1', ready);
}

/** Tells the parent process that requests are accepted; exits with it. */
export function ready() {
  process.send?.('ready');
  process.on('disconnect', () => process.exit(0));
}
