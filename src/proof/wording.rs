//! Statements that differ, in words: two that begin alike are shown where they part. Pure.

/// Of statements that differ, so many are named.
const NAMED: usize = 20;
/// So many characters tell which statement it is.
const HEAD: usize = 100;
/// So many are shown before the place where two statements part, and after it.
const BEFORE: usize = 20;
const AFTER: usize = 80;
/// Two statements that share so many characters at least are versions of one.
const ALIKE: usize = 16;

/// What the restored database lacks, holds besides, or holds in other words.
pub(super) fn differing(missing: &[String], unexpected: &[String]) -> Vec<String> {
    let mut besides: Vec<&String> = unexpected.iter().collect();
    let mut told = Vec::new();
    for statement in missing {
        let alike = besides.iter().enumerate().map(|(at, other)| (common(statement, other), at)).max();
        match alike.filter(|(shared, _)| *shared >= ALIKE && *shared > name_ends(statement)) {
            Some((shared, at)) => {
                let other = besides.swap_remove(at);
                let (before, after) = (around(statement, shared), around(other, shared));
                told.push(format!("statement differs: {}: `{before}` became `{after}`", head(statement)));
            }
            None => told.push(format!("the restored database lacks: {}", head(statement))),
        }
    }
    besides.sort();
    told.extend(besides.iter().map(|other| format!("the restored database holds besides: {}", head(other))));
    let count = told.len();
    told.truncate(NAMED);
    if count > NAMED {
        told.push(format!("{} more statements differ", count - NAMED));
    }
    told
}

/// How many characters two texts begin with alike.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

/// Where the name of what a statement makes ends, in characters: versions of one statement share it.
fn name_ends(statement: &str) -> usize {
    let end = statement.find('.').and_then(|dot| {
        let rest = &statement[dot..];
        rest.find([' ', '(', ';', '\'']).map(|end| dot + end)
    });
    end.map_or(usize::MAX, |end| statement[..end].chars().count())
}

fn head(statement: &str) -> String {
    cut(statement, 0, HEAD)
}

fn around(statement: &str, at: usize) -> String {
    cut(statement, at.saturating_sub(BEFORE), BEFORE + AFTER)
}

fn cut(text: &str, from: usize, length: usize) -> String {
    let piece: String = text.chars().skip(from).take(length).collect();
    let (before, after) =
        (if from > 0 { "…" } else { "" }, if text.chars().count() > from + length { "…" } else { "" });
    format!("{before}{piece}{after}")
}

#[cfg(test)]
mod tests {
    use super::differing;

    fn told(missing: &[&str], unexpected: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        differing(&owned(missing), &owned(unexpected))
    }

    #[test]
    fn versions_of_one_statement_are_shown_where_they_part() {
        assert_eq!(
            told(
                &["CREATE INDEX i ON s.t USING btree (a);", "SELECT pg_catalog.setval('s.q', 42, true);"],
                &["SELECT pg_catalog.setval('s.q', 43, true);"]
            ),
            [
                "the restored database lacks: CREATE INDEX i ON s.t USING btree (a);",
                "statement differs: SELECT pg_catalog.setval('s.q', 42, true);: `…alog.setval('s.q', 42, true);` became `…alog.setval('s.q', 43, true);`",
            ]
        );
    }

    #[test]
    fn statements_of_other_things_are_no_versions_of_each_other() {
        assert_eq!(
            told(&["COPY public.b (x) FROM stdin;"], &["COPY public.c (x) FROM stdin;"]),
            [
                "the restored database lacks: COPY public.b (x) FROM stdin;",
                "the restored database holds besides: COPY public.c (x) FROM stdin;"
            ]
        );
    }

    #[test]
    fn many_are_counted() {
        let many: Vec<String> = (0..50).map(|n| format!("CREATE TABLE s.t{n} ();")).collect();
        let told = differing(&many, &[]);
        assert_eq!((told.len(), told[20].as_str()), (21, "30 more statements differ"));
    }
}
