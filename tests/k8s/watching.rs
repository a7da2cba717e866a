//! Alerts and dashboard: readable by Prometheus, about series that the hub really has, each with a word on what to do.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{root, run, tool};

fn monitoring(file: &str) -> Result<String> {
    let path = root().join("k8s/components/monitoring").join(file);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The groups of the rule resource: what a Prometheus without operator reads.
fn groups() -> Result<Value> {
    let to_json = "import{parse}from'yaml';import{readFileSync}from'node:fs';\
                   console.log(JSON.stringify(parse(readFileSync(0,'utf8')).spec))";
    let node = ["--input-type=module", "-e", to_json];
    let said = run(Command::new("node").args(node).current_dir(root().join("tests/k8s")), &monitoring("rules.yaml")?)?;
    Ok(serde_json::from_str(&said)?)
}

fn alerts(groups: &Value) -> Vec<&Value> {
    let groups = groups["groups"].as_array().into_iter().flatten();
    groups.filter_map(|group| group["rules"].as_array()).flatten().collect()
}

#[test]
fn prometheus_reads_the_alert_rules() -> Result<()> {
    let groups = groups()?;
    let file = tempfile::NamedTempFile::with_suffix(".yml")?;
    std::fs::write(file.path(), groups.to_string())?;
    let said = run(tool("promtool").args(["check", "rules"]).arg(file.path()), "")?;
    ensure!(said.contains(&format!("SUCCESS: {} rules found", alerts(&groups).len())), "{said}");
    Ok(())
}

#[test]
fn every_alert_says_what_to_do() -> Result<()> {
    let (groups, operations) = (groups()?, std::fs::read_to_string(root().join("docs/OPERATIONS.md"))?);
    for alert in alerts(&groups) {
        let name = alert["alert"].as_str().context("a name")?;
        ensure!(operations.contains(&format!("`{name}`")), "docs/OPERATIONS.md does not say what to do on {name}");
        for words in ["summary", "summary_zh"] {
            ensure!(alert["annotations"][words].is_string(), "{name} has no {words}");
        }
    }
    Ok(())
}

#[test]
fn alerts_and_dashboard_ask_for_series_that_the_hub_has() -> Result<()> {
    let mut asked = series(&monitoring("rules.yaml")?);
    asked.extend(series(&monitoring("dashboard.json")?));
    ensure!(asked.len() > 10, "no series are asked for: {asked:?}");
    let mut made = BTreeSet::new();
    collect(&root().join("hub/src"), &mut made)?;
    let unknown: Vec<&String> = asked.difference(&made).collect();
    ensure!(unknown.is_empty(), "the hub has no series {unknown:?}");
    Ok(())
}

/// Only a bug makes these: an alert on the first sign of one is all that can be asked.
const MADE_BY_BUGS: &str = "baiying_invariant_violations_total";

/// A name in the source says little: a histogram has no `quantile`, and a counter that is not there before its first event
/// hides that event from `increase`. So a hub that nothing has happened to must show every series, labels and all.
#[tokio::test]
async fn a_hub_shows_every_series_of_the_alerts_from_its_start() -> Result<()> {
    let hub = tests::harness::Hub::start(tests::harness::HubOptions::serve()).await?;
    let shown = tests::harness::http().get(format!("{}/metrics", hub.base)).send().await?.text().await?;
    let mut seen = 0;
    for alert in alerts(&groups()?) {
        let expr = alert["expr"].as_str().context("an expression")?;
        for (name, label) in selectors(expr).into_iter().filter(|(name, _)| name != MADE_BY_BUGS) {
            let is_there = shown.lines().any(|line| line.starts_with(&name) && line.contains(&label));
            ensure!(is_there, "{}: the hub shows no {name} with {label:?}", alert["alert"]);
            seen += 1;
        }
    }
    ensure!(seen > 10, "{seen} series");
    Ok(())
}

/// Each series of an expression, with the label that it selects by, or none.
fn selectors(expr: &str) -> Vec<(String, String)> {
    let names = expr.match_indices("baiying_").map(|(at, _)| &expr[at..]);
    let split = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let label = rest.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        (name.to_owned(), label.to_owned())
    };
    names.map(split).collect()
}

#[test]
fn every_panel_explains_itself() -> Result<()> {
    let dashboard: Value = serde_json::from_str(&monitoring("dashboard.json")?)?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    ensure!(panels.len() > 10, "{} panels", panels.len());
    for panel in panels {
        ensure!(
            panel["description"].as_str().is_some_and(|text| text.len() > 20),
            "{} explains nothing",
            panel["title"]
        );
    }
    Ok(())
}

/// The names of series in a text: words that begin with the hub's prefix.
fn series(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("baiying_"));
    // What Prometheus makes of a histogram; the hub names it as a whole.
    names.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

fn collect(folder: &Path, into: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.extend(series(&std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
