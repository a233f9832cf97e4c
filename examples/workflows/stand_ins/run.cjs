// In place of the image: starts the program as the container's entrypoint, with what the runner hands over and no argument.
const { spawnSync } = require('node:child_process');

const { SPONSOR_BACKUP_BINARY: binary, ...env } = process.env;
const ended = spawnSync(binary, [], { env, stdio: ['ignore', 'inherit', 'inherit'] });
if (ended.error) throw ended.error;
process.exit(ended.status ?? 1);
