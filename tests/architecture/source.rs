//! Source text → what it mentions: every path, spelled out from the crate's root, and where. Works on tokens, so that
//! comments and strings do not count and the insides of macros do.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One source file.
pub(crate) struct Source {
    /// Path below `src/`: `archive/s3.rs`. Only `rules::long_names` gets one below the repository root: `src/archive/s3.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A path that the source mentions: `crate::archive::Store`, `std::env::var`, `println`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// Its parts; those of this crate begin with `crate`, whatever way they were written.
    pub(crate) parts: Vec<String>,
    pub(crate) line: usize,
    /// Whether it is called as a macro.
    pub(crate) is_macro: bool,
    /// Whether it is a field or method, `.stdout(…)`.
    pub(crate) is_member: bool,
    /// Whether it is in a `use`.
    pub(crate) is_import: bool,
    /// Whether it is in a `pub use`.
    pub(crate) is_reexport: bool,
    /// Whether it is in code that only tests compile.
    pub(crate) in_tests: bool,
}

impl Mention {
    /// Whether the parts occur next to each other.
    pub(crate) fn holds(&self, wanted: &[&str]) -> bool {
        self.parts.windows(wanted.len()).any(|window| window == wanted)
    }
}

impl Source {
    /// The modules that it is in: `archive/s3.rs` is `["archive", "s3"]`; main and lib are the root.
    pub(crate) fn module(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        if ["main", "lib"].contains(&stem) {
            Vec::new()
        } else {
            stem.split('/').map(str::to_owned).collect()
        }
    }

    /// The top-level module that it is in: `archive`, `main`.
    pub(crate) fn top(&self) -> &str {
        self.path.trim_end_matches(".rs").split('/').next().unwrap_or_default()
    }

    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let module = self.module();
        let in_tests = module.iter().any(|name| name == "tests");
        let mut reader = Reader { module, in_tests, in_import: false, in_reexport: false, found: Vec::new() };
        reader.read(self.tokens());
        reader.found
    }

    /// The modules that it declares, in its order.
    pub(crate) fn declared_modules(&self) -> Vec<String> {
        let tokens: Vec<TokenTree> = self.tokens().into_iter().collect();
        let pairs = tokens.windows(2).filter(|pair| pair[0].to_string() == "mod");
        pairs.map(|pair| pair[1].to_string()).collect()
    }

    /// Lines in which a fallible value may be thrown away: `let _ = …`.
    pub(crate) fn ignored_values(&self) -> Vec<usize> {
        let mut lines = Vec::new();
        each_level(self.tokens(), &mut |level| {
            let ignoring =
                level.windows(2).filter(|pair| is_ident(&pair[0], "let") && is_ident(&pair[1], "_"));
            lines.extend(ignoring.map(|pair| line(&pair[0])));
        });
        lines
    }

    /// Line and name of each function that it defines, also inside macros.
    pub(crate) fn functions(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        each_level(self.tokens(), &mut |level| {
            let defined = level.windows(2).filter(|pair| is_ident(&pair[0], "fn"));
            let named = defined.filter(|pair| matches!(pair[1], TokenTree::Ident(_)));
            found.extend(named.map(|pair| (line(&pair[0]), pair[1].to_string())));
        });
        found
    }

    /// Line, name and number of lines of each function that it defines, from the signature to the closing brace.
    pub(crate) fn function_lengths(&self) -> Vec<(usize, String, usize)> {
        let mut found = Vec::new();
        each_level(self.tokens(), &mut |level| {
            for at in (0..level.len().saturating_sub(1)).filter(|at| is_ident(&level[*at], "fn")) {
                let TokenTree::Ident(name) = &level[at + 1] else { continue };
                let body = level[at..].iter().find_map(|token| match token {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(Some(group)),
                    TokenTree::Punct(punct) if punct.as_char() == ';' => Some(None),
                    _ => None,
                });
                let start = line(&level[at]);
                let end = body.flatten().map_or(start, |group| group.span_close().end().line);
                found.push((start, name.to_string(), end - start + 1));
            }
        });
        found
    }

    fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{} is not Rust: {error}", self.path))
    }
}

fn each_level(tokens: TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let level: Vec<TokenTree> = tokens.into_iter().collect();
    visit(&level);
    for token in &level {
        if let TokenTree::Group(group) = token {
            each_level(group.stream(), visit);
        }
    }
}

struct Reader {
    module: Vec<String>,
    in_tests: bool,
    in_import: bool,
    in_reexport: bool,
    found: Vec<Mention>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut at, mut test_item) = (0, false);
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(_) if !follows_path(&tokens, at) => {
                    self.in_import = at > 0 && is_ident(&tokens[at - 1], "use");
                    self.in_reexport = is_reexported(&tokens, at);
                    at = self.path(&tokens, at, Vec::new());
                    (self.in_import, self.in_reexport) = (false, false);
                    continue;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                    test_item |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                    self.read(group.stream());
                }
                TokenTree::Group(group) => {
                    let block = group.delimiter() == Delimiter::Brace;
                    self.block(group, block.then(|| module_name(&tokens, at)).flatten(), block && test_item);
                    test_item &= !block;
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => test_item = false,
                _ => {}
            }
            at += 1;
        }
    }

    fn block(&mut self, group: &Group, module: Option<String>, only_tests: bool) {
        let outside = self.in_tests;
        self.in_tests |= only_tests;
        let depth = self.module.len();
        self.module.extend(module);
        self.read(group.stream());
        self.module.truncate(depth);
        self.in_tests = outside;
    }

    /// Reads a path, or a tree of them, that begins at `at` below `stem`; gives the place after it.
    fn path(&mut self, tokens: &[TokenTree], at: usize, stem: Vec<String>) -> usize {
        let (mut parts, mut end) = (stem, at);
        loop {
            match tokens.get(end) {
                Some(TokenTree::Ident(ident)) => {
                    parts.push(ident.to_string().trim_start_matches("r#").to_owned())
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => parts.push("*".to_owned()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.branches(group, &parts);
                    return end + 1;
                }
                _ => return self.mention(tokens, (at, end), parts),
            }
            end += 1;
            if !is_punct(tokens.get(end), ':') || !is_punct(tokens.get(end + 1), ':') {
                return self.mention(tokens, (at, end), parts);
            }
            end += 2;
        }
    }

    /// `{a, b::c}` of a use.
    fn branches(&mut self, group: &Group, stem: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        for branch in tokens.split(|token| is_punct(Some(token), ',')).filter(|branch| !branch.is_empty()) {
            self.path(branch, 0, stem.to_vec());
        }
    }

    fn mention(&mut self, tokens: &[TokenTree], (at, end): (usize, usize), parts: Vec<String>) -> usize {
        let mut parts = parts;
        if tokens.get(end).is_some_and(|next| is_ident(next, "as")) && parts == ["crate"] {
            // Under another name the crate's root could hide anything.
            parts.push("*".to_owned());
        }
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        self.found.push(Mention {
            parts: self.spelled_out(parts),
            line: line(&tokens[at]),
            is_macro: is_punct(tokens.get(end), '!') && !is_punct(tokens.get(end + 1), '='),
            is_member: is_punct(before, '.'),
            is_import: self.in_import,
            is_reexport: self.in_reexport,
            in_tests: self.in_tests,
        });
        end
    }

    fn spelled_out(&self, parts: Vec<String>) -> Vec<String> {
        let own = parts.iter().take_while(|part| *part == "self" || *part == "super").count();
        let up = parts[..own].iter().filter(|part| *part == "super").count();
        let base = match parts.first().map(String::as_str) {
            Some("sponsor_backup" | "crate") => return with_root(&[], &parts[1..]),
            Some("self" | "super") if parts.len() > 1 || up > 0 => {
                &self.module[..self.module.len().saturating_sub(up)]
            }
            _ => return parts,
        };
        with_root(base, &parts[own..])
    }
}

fn with_root(base: &[String], rest: &[String]) -> Vec<String> {
    std::iter::once("crate".to_owned()).chain(base.iter().chain(rest).cloned()).collect()
}

fn module_name(tokens: &[TokenTree], group: usize) -> Option<String> {
    let (keyword, name) = (tokens.get(group.checked_sub(2)?)?, tokens.get(group - 1)?);
    is_ident(keyword, "mod").then(|| name.to_string())
}

/// Whether the path here is what a `pub use` shows, whatever its visibility.
fn is_reexported(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let is = |back: usize, word: &str| before(back).is_some_and(|token| is_ident(token, word));
    is(1, "use") && (is(2, "pub") || matches!(before(2), Some(TokenTree::Group(_))) && is(3, "pub"))
}

/// Whether the token here is the rest of a path that was read already, `b` of `a::<T>::b`.
fn follows_path(tokens: &[TokenTree], at: usize) -> bool {
    at >= 3
        && is_punct(tokens.get(at - 1), ':')
        && is_punct(tokens.get(at - 2), ':')
        && is_punct(tokens.get(at - 3), '>')
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_ident(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == wanted)
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}
