//! The dashboard: as Grafana can provision it, with expressions that Prometheus can read. Grafana itself does not run here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{expressions, names, read, text};

fn dashboard() -> Value {
    serde_json::from_str(&read("monitoring/dashboard.json")).unwrap()
}

/// Every panel that shows data.
fn panels() -> Vec<Value> {
    let panels = dashboard()["panels"].as_array().unwrap().clone();
    panels.into_iter().filter(|panel| panel["type"] != "row").collect()
}

fn targets(panel: &Value) -> &Vec<Value> {
    panel["targets"].as_array().unwrap()
}

/// The expression of each query, with values in place of its variables.
pub(super) fn queries() -> Vec<String> {
    let panels = panels();
    let targets = panels.iter().flat_map(targets);
    targets.map(|target| expressions::filled(text(target, "expr"))).collect()
}

#[test]
fn prometheus_can_read_every_query_of_the_dashboard() {
    let queries = queries();
    assert!(queries.len() > 30, "only {} queries", queries.len());
    expressions::assert_readable(&queries);
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let queries = queries();
    let unknown: Vec<String> = queries.iter().flat_map(|query| expressions::unknown(query)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let shown: BTreeSet<String> = queries.iter().flat_map(|query| expressions::metrics(query)).collect();
    let missing: Vec<&str> = names().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "no panel shows {missing:?}");
}

/// An export for sharing asks for its data source on import (`__inputs`), so Grafana cannot provision it. An ID belongs to one
/// server.
#[test]
fn the_dashboard_can_be_provisioned() {
    let dashboard = dashboard();
    assert_eq!(dashboard["id"], Value::Null);
    assert_eq!(dashboard["uid"], "sponsor-backup");
    assert_eq!(dashboard["schemaVersion"], 39);
    assert!(dashboard["__inputs"].is_null());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<&str> = variables.iter().map(|variable| text(variable, "name")).collect();
    assert_eq!(names, ["datasource", "environment", "sponsor"]);
    assert_eq!((&variables[0]["type"], &variables[0]["query"]), (&json!("datasource"), &json!("prometheus")));
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    for part in panels().iter().chain(&variables[1..]) {
        assert_eq!(part["datasource"], source, "{part}");
        let targets = part["targets"].as_array().into_iter().flatten();
        assert!(targets.into_iter().all(|target| target["datasource"] == source), "{part}");
    }
}

#[test]
fn every_panel_has_a_description_and_a_unit() {
    let mut ids = BTreeSet::new();
    for panel in panels() {
        let title = text(&panel, "title");
        assert!(text(&panel, "description").ends_with('.'), "{title}");
        assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{title}");
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is another panel's");
        let letters: BTreeSet<&str> = targets(&panel).iter().map(|target| text(target, "refId")).collect();
        assert_eq!(letters.len(), targets(&panel).len(), "{title}");
    }
}

#[test]
fn panels_do_not_overlap() {
    let mut taken = BTreeSet::new();
    for panel in dashboard()["panels"].as_array().unwrap() {
        let [x, y, width, height] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        assert!(x + width <= 24, "{}", panel["title"]);
        for cell in (x..x + width).flat_map(|column| (y..y + height).map(move |line| (column, line))) {
            assert!(taken.insert(cell), "{}: {cell:?}", panel["title"]);
        }
    }
}
