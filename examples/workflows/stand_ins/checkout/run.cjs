const { execFileSync } = require('node:child_process');

const ref = (process.env.INPUT_REF ?? '').trim() || process.env.GITHUB_REF;
const git = (...args) => execFileSync('git', ['-C', process.env.GITHUB_WORKSPACE, ...args], { encoding: 'utf8' });
const commit = (name) => {
  try {
    return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).trim();
  } catch {
    return undefined;
  }
};

git('init', '--quiet');
git('fetch', '--quiet', '--force', process.env.REPOSITORY, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
// The real one takes a hash only if it is whole.
const found = [`refs/remotes/origin/${ref}`, `refs/tags/${ref}`, ref.replace(/^refs\/heads\//, 'refs/remotes/origin/')];
if (/^[0-9a-f]{40}$/.test(ref)) found.push(ref);
const at = found.map(commit).find((hash) => hash !== undefined);
if (at === undefined) {
  console.log(`::error::A branch or tag with the name '${ref}' could not be found`);
  process.exit(1);
}
git('checkout', '--quiet', '--force', '--detach', at);
console.log(`HEAD is now at ${at}`);
