// Imported by a command under test (NODE_OPTIONS=--import): Python's module `conf_stub_app`, which the recorded files name.
const { GatewayResponse, registerModule } = await import(process.env.CONF_STUB_GATEWAY);

/** Ends a server as Python's exceptions of these names do. */
function ending(name, text) {
  const error = new Error(text ?? '');
  error.name = name;
  return error;
}

registerModule('conf_stub_app', {
  make: (globalConf, localConf) => () =>
    new GatewayResponse(JSON.stringify({ global_conf: globalConf, local_conf: localConf }), {
      headers: ['Content-Type', 'application/json'],
    }),
  run_and_exit(_app, _globalConf, { how, text }) {
    if (how === 'interrupt') throw ending('KeyboardInterrupt', text);
    if (how === 'exit') throw ending('SystemExit', text);
    if (how === 'fail') throw ending('RuntimeError', 'the server fails');
  },
});
