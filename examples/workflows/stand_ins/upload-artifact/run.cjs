const fs = require('node:fs');
const path = require('node:path');

const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
const fail = (message) => {
  console.log(`::error::${message}`);
  process.exit(1);
};

const name = input('name');
const from = path.resolve(process.env.GITHUB_WORKSPACE, input('path'));
const missing = input('if-no-files-found');
if (!['warn', 'error', 'ignore'].includes(missing)) fail(`if-no-files-found is '${missing}'`);
if (name === '' || /["':<>|*?\r\n\\/]/.test(name)) fail(`the artifact's name '${name}' is not valid`);
const isFile = fs.existsSync(from) && fs.statSync(from).isFile();
const inFolder = () => fs.readdirSync(from, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
const files = isFile ? [from] : fs.existsSync(from) ? inFolder() : [];
if (files.length === 0) {
  if (missing === 'error') fail(`no files were found at ${input('path')}`);
  if (missing === 'warn') console.log(`::warning::no files were found at ${input('path')}`);
  process.exit(0);
}
const to = path.join(process.env.ARTIFACTS, name);
try {
  fs.mkdirSync(to);
} catch {
  fail(`an artifact named '${name}' exists already in this run`);
}
fs.cpSync(from, isFile ? path.join(to, path.basename(from)) : to, { recursive: true });
console.log(`${files.length} files in artifact ${name}`);
