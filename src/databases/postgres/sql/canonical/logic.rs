//! `a BETWEEN 1 AND 5 AND b` first reads `(((a >= 1) AND (a <= 5)) AND (b))`, and after a restore `((a >= 1) AND (a
//! <= 5) AND (b))`. The same happens to compared rows, and to lists that are not all constants. Works on masked code.

/// No server accepts conditions that are nested deeper. The limit bounds the cost of texts that only look like
/// conditions.
const DEEPEST: usize = 10_000;

/// What joins a group's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    And,
    Or,
}

/// An open parenthesis.
#[derive(Debug)]
struct Group {
    open: usize,
    joint: Option<Joint>,
    /// The group at its beginning: where it opens and closes, and what joins it.
    first: Option<(usize, usize, Joint)>,
}

/// Removes the parentheses around leading conditions of the same kind.
pub(super) fn flat(code: &[u8]) -> Vec<u8> {
    let mut dropped = superfluous(code);
    dropped.sort_unstable();
    let (mut new, mut from) = (Vec::with_capacity(code.len()), 0);
    for at in dropped {
        new.extend_from_slice(&code[from..at]);
        from = at + 1;
    }
    new.extend_from_slice(&code[from..]);
    new
}

fn superfluous(code: &[u8]) -> Vec<usize> {
    let (mut dropped, mut groups) = (Vec::new(), Vec::<Group>::new());
    for (at, byte) in code.iter().enumerate() {
        match byte {
            b'(' if groups.len() == DEEPEST => return Vec::new(),
            b'(' => groups.push(Group { open: at, joint: None, first: None }),
            b')' => {
                let Some(closed) = groups.pop() else { return Vec::new() };
                if let Some(outer) = groups.last_mut().filter(|outer| outer.open + 1 == closed.open) {
                    outer.first = closed.joint.map(|joint| (closed.open, at, joint));
                }
            }
            b' ' => {
                let (Some(joint), Some(group)) = (joint(&code[at..]), groups.last_mut()) else { continue };
                if group.joint.is_none() {
                    group.joint = Some(joint);
                    let first = group.first.filter(|(_, close, inner)| *inner == joint && close + 1 == at);
                    dropped.extend(first.into_iter().flat_map(|(open, close, _)| [open, close]));
                }
            }
            _ => {}
        }
    }
    dropped
}

fn joint(code: &[u8]) -> Option<Joint> {
    let is = |sign: &[u8]| code.starts_with(sign);
    is(b" AND ").then_some(Joint::And).or_else(|| is(b" OR ").then_some(Joint::Or))
}

#[cfg(test)]
mod tests;
