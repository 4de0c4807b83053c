/** Has a node:http server listen on PORT of this machine, and tells the parent process when it does. */
export function listening(server) {
  server.listen(Number(process.env.PORT), '127.0.0.1', ready);
}

/** Tells the parent process that requests may come; ends with it. */
export function ready() {
  process.send?.('ready');
  process.on('disconnect', () => process.exit(0));
}
