//! `docs/monitoring.md`: its configurations are valid, and it explains every alert, metric and command as they are.

use std::collections::BTreeMap;

use sponsor_backup::cli;

use crate::support::{tools, yaml_blocks};

use super::{accept, all_rules, expressions, name, names, read, text};

const PAGE: &str = "monitoring.md";

fn alerts() -> Vec<serde_json::Value> {
    all_rules().into_iter().filter(|rule| rule["alert"].is_string()).collect()
}

/// The text below a heading, up to the next one.
fn section(heading: &str) -> Option<String> {
    let page = read(PAGE);
    let rest = page.split(&format!("# {heading}\n")).nth(1)?;
    rest.split("\n#").next().map(str::to_owned)
}

/// What is between backticks in a line.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The rows of the table below a heading.
fn rows(heading: &str) -> Vec<String> {
    let section = section(heading).unwrap();
    section.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

#[test]
fn the_programs_accept_the_configurations_of_the_page() {
    let folder = tools::open_folder("configurations");
    std::fs::write(folder.path().join("rules.yml"), read("monitoring/rules.yml")).unwrap();
    let blocks = yaml_blocks("docs/monitoring.md");
    let written = |number: usize, block: &str| {
        let file = folder.path().join(format!("{number}.yml"));
        std::fs::write(&file, block).unwrap();
        file
    };
    let [mut scraping, mut routing] = [0, 0];
    for (number, block) in blocks.iter().enumerate() {
        if block.contains("scrape_configs:") {
            scraping += 1;
            accept("promtool", &["check", "config"], &written(number, block));
        } else if block.contains("receivers:") {
            routing += 1;
            accept("amtool", &["check-config"], &written(number, block));
        }
    }
    assert_eq!((scraping, routing), (1, 3));
}

#[test]
fn every_alert_has_its_texts_and_its_section() {
    for alert in alerts() {
        let (name, notes) = (name(&alert), &alert["annotations"]);
        let section = section(name).unwrap_or_else(|| panic!("the page has no section {name}"));
        let severity = match text(&alert["labels"], "severity") {
            "critical" => "Critical",
            "warning" => "Warning",
            other => panic!("{name}: {other}"),
        };
        let delay = match alert["for"].as_str() {
            None => "at once".to_owned(),
            Some("1h") => "after an hour".to_owned(),
            Some(minutes) => format!("after {} minutes", minutes.trim_end_matches('m')),
        };
        let begin = format!("\n{severity}, {delay}. ");
        assert!(section.starts_with(&begin), "{name}: the section does not begin with {begin:?}");
        assert!(section.contains("\n1. "), "{name}: no first step");
        assert!(!text(notes, "summary").ends_with('.'), "{name}");
        let anchor = format!("/docs/monitoring.md#{}", name.to_lowercase());
        assert!(text(notes, "runbook_url").ends_with(&anchor), "{name}");
    }
}

#[test]
fn the_page_lists_every_metric() {
    let rows = rows("Metrics");
    let listed: Vec<&str> = rows.iter().filter_map(|row| code(row).next()).collect();
    assert_eq!(listed, names().collect::<Vec<_>>());
}

#[test]
fn earlier_names_have_a_query_that_prometheus_can_read() {
    let rows = rows("Old metric names");
    let cells = rows.iter().map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let queries: Vec<String> = cells
        .filter(|cells| cells[2].starts_with('`'))
        .map(|cells| cells[2].trim_matches('`').to_owned())
        .collect();
    assert!(queries.len() > 7, "{queries:?}");
    let unknown: Vec<String> = queries.iter().flat_map(|query| expressions::unknown(query)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    expressions::assert_readable(&queries);
}

/// Only commands with all that they need: `sponsor-backup metrics` alone names the command.
#[test]
fn the_program_takes_the_commands_of_alerts_and_page() {
    let annotations = alerts().into_iter().map(|alert| text(&alert["annotations"], "description").to_owned());
    let labels = |text: String| {
        text.replace("{{ $labels.environment }}", "production").replace("{{ $labels.sponsor }}", "callisto")
    };
    let page = read(PAGE).split("```").step_by(2).collect::<String>();
    let texts: Vec<String> = annotations.map(labels).chain([page]).collect();
    let commands =
        texts.iter().flat_map(|text| code(text)).filter(|code| code.starts_with("sponsor-backup "));
    let complete: Vec<&str> = commands.filter(|command| command.contains(" --")).collect();
    assert!(complete.len() > 30, "only {} commands", complete.len());
    for command in complete {
        let words = command.replace("\"data missing\"", "missing").replace(" URL", " http://localhost:9091");
        let words: Vec<String> = words.split_whitespace().skip(1).map(str::to_owned).collect();
        let refused = cli::parse(&words, &BTreeMap::new()).err().map(|error| error.message);
        assert_eq!(refused, None, "{command}");
    }
}
