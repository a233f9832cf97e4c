//! What the benchmarks share: pairs whose rounds are interleaved, and a table of their ratios.

use std::time::Duration;

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Wall clock in seconds.
    pub(crate) wall: f64,
    /// CPU time in seconds, of all processes that the run started. Servers do not count.
    pub(crate) cpu: f64,
}

/// The cost of a run that measures its own time.
fn cost(run: impl FnOnce() -> Duration) -> Cost {
    let before = cpu_of_children();
    let wall = run().as_secs_f64();
    Cost { wall, cpu: cpu_of_children() - before }
}

/// CPU time in seconds of the processes that have ended: fields 16 and 17 of proc(5)'s `stat`, in hundredths.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name of a program may contain blanks.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks =
        fields.split_whitespace().skip(13).take(2).map(|field| field.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / 100.0
}

/// Rows of a table in Markdown.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<String>,
}

impl Table {
    /// Measures A and B in turn, and adds the median of their ratios, with the smallest and the largest.
    pub(crate) fn pair(
        &mut self,
        rounds: u64,
        (name, goal): (&str, &str),
        mut a: impl FnMut() -> Duration,
        mut b: impl FnMut() -> Duration,
    ) {
        if !is_wanted(name) {
            return;
        }
        let costs: Vec<(Cost, Cost)> = (0..rounds).map(|_| (cost(&mut a), cost(&mut b))).collect();
        let wall = Spread::of(costs.iter().map(|(a, b)| a.wall / b.wall));
        let cpu = Spread::of(costs.iter().map(|(a, b)| a.cpu / b.cpu));
        let seconds = |pick: fn(&(Cost, Cost)) -> f64| Spread::of(costs.iter().map(pick)).median;
        let (a, b) = (seconds(|pair| pair.0.wall), seconds(|pair| pair.1.wall));
        self.row(&[name, goal, &wall.shown(), &cpu.shown(), &format!("{a:.1} / {b:.1}")]);
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let row = format!("| {} |", cells.join(" | "));
        println!("{row}");
        self.rows.push(row);
    }

    /// The whole table with its head, if it has rows.
    pub(crate) fn shown(&self, head: &[&str]) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        format!("| {} |\n|{}\n{}\n", head.join(" | "), "---|".repeat(head.len()), self.rows.join("\n"))
    }
}

/// Whether a pair is measured: `ONLY=zstd` repeats those with that word in their names.
pub(crate) fn is_wanted(name: &str) -> bool {
    std::env::var("ONLY").map_or(true, |only| name.contains(&only))
}

/// A median with its extremes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }

    pub(crate) fn shown(self) -> String {
        format!("{:.2} [{:.2}..{:.2}]", self.median, self.least, self.most)
    }
}
