//! The manifests: valid, narrow, and with settings that the hub takes.

use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{OVERLAYS, built, root, run, tool};

/// The version of Kubernetes whose schemas are used.
const KUBERNETES: &str = "1.37";

#[test]
fn every_overlay_is_valid_to_the_letter() -> Result<()> {
    for overlay in OVERLAYS {
        let manifests = built(overlay)?;
        let mut file = tempfile::NamedTempFile::with_suffix(".yaml")?;
        file.write_all(manifests.as_bytes())?;
        let said = run(
            tool("kubernetes-validate").args(["--strict", "--kubernetes-version", KUBERNETES]).arg(file.path()),
            "",
        )?;
        let core = said.matches(" passed ").count();
        let operators = operators_checked(&manifests)?;
        let all = objects(&manifests)?.len();
        ensure!(core + operators == all, "{overlay}: {all} objects, but only {core} + {operators} were checked:\n{said}");
    }
    Ok(())
}

/// A field that no schema knows must be found: otherwise the test above checks nothing.
#[test]
fn a_slip_in_a_manifest_is_found() -> Result<()> {
    let manifests = built("ha-operators")?;
    for (right, slip) in [("walStorage:", "walStorag:"), ("instances: 3", "instances: three")] {
        let error = operators_checked(&manifests.replace(right, slip)).expect_err(slip);
        ensure!(format!("{error:#}").contains("Cluster/postgres"), "{slip}: {error:#}");
    }
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml")?;
    file.write_all(manifests.replace("minReadySeconds:", "minReadySecond:").as_bytes())?;
    let judged = run(tool("kubernetes-validate").arg("--strict").arg(file.path()), "");
    ensure!(judged.is_err(), "an unknown field was taken");
    Ok(())
}

fn operators_checked(manifests: &str) -> Result<usize> {
    let said = run(Command::new("node").arg(root().join("tests/k8s/operators.mjs")), manifests)?;
    Ok(said.trim().parse()?)
}

/// The objects of a stream of manifests; YAML is turned to JSON by the tool that reads it anyway.
fn objects(manifests: &str) -> Result<Vec<Value>> {
    let to_json = "import{parseAllDocuments}from'yaml';import{readFileSync}from'node:fs';\
                   console.log(JSON.stringify(parseAllDocuments(readFileSync(0,'utf8')).map(d=>d.toJS())))";
    let said = run(
        Command::new("node").args(["--input-type=module", "-e", to_json]).current_dir(root().join("tests/k8s")),
        manifests,
    )?;
    Ok(serde_json::from_str(&said)?)
}

#[test]
fn a_hub_runs_as_nobody_and_may_write_only_its_data() -> Result<()> {
    for overlay in OVERLAYS {
        let objects = objects(&built(overlay)?)?;
        let pods: Vec<&Value> = objects.iter().filter_map(|object| object.pointer("/spec/template/spec")).collect();
        ensure!(!pods.is_empty(), "{overlay} has no pods");
        for pod in pods {
            narrow(pod).with_context(|| format!("{overlay}: {pod}"))?;
        }
        let denied = objects.iter().any(|object| object["metadata"]["name"] == "default-deny");
        ensure!(denied, "{overlay} does not deny by default");
    }
    Ok(())
}

fn narrow(pod: &Value) -> Result<()> {
    ensure!(pod["securityContext"]["runAsNonRoot"] == true, "may run as root");
    ensure!(pod["automountServiceAccountToken"] == false, "carries a token of the cluster");
    for container in pod["containers"].as_array().context("containers")? {
        let rights = &container["securityContext"];
        ensure!(rights["readOnlyRootFilesystem"] == true, "may write anywhere");
        ensure!(rights["allowPrivilegeEscalation"] == false, "may take more rights");
        ensure!(rights["capabilities"]["drop"][0] == "ALL", "keeps capabilities");
        ensure!(container["resources"]["limits"]["memory"].is_string(), "may take all memory");
    }
    Ok(())
}

/// `hub.toml` of each overlay, read by the hub's own reader: a setting that does not exist is refused by name.
#[test]
fn the_hub_takes_the_settings_of_every_overlay() -> Result<()> {
    for overlay in ["single", "ha"] {
        let file = root().join("k8s/overlays").join(overlay).join("hub.toml");
        hub::boot::Settings::read(&file)?.checked().with_context(|| format!("{overlay}/hub.toml"))?;
    }
    Ok(())
}
