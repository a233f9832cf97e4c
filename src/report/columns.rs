//! Text in columns, for people. Pure.

/// A column's title, and whether it holds amounts.
pub(super) type Column = (&'static str, bool);

/// The titles and the rows, as wide as the widest cell of each column.
pub(super) fn aligned<const N: usize>(head: &[Column; N], rows: &[[String; N]]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let titles: [String; N] = head.map(|(title, _)| title.to_owned());
    let all = || std::iter::once(&titles).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cell = |column: usize| match (head[column].1, widths[column]) {
            (true, width) => format!("{:>width$}", row[column]),
            (false, width) => format!("{:<width$}", row[column]),
        };
        let cells: Vec<String> = (0..N).map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    all().map(line).collect()
}
