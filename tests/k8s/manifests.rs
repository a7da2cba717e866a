//! The manifests: valid, narrow, and with settings that the hub takes.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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
        ensure!(
            core + operators == all,
            "{overlay}: {all} objects, but only {core} + {operators} were checked:\n{said}"
        );
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

/// `hub.toml` of each overlay, taken by the hub's own reader and checks, with secrets where and as the overlay mounts them:
/// a setting that does not exist is refused by name, a file that is missing too.
#[test]
fn the_hub_takes_the_settings_of_every_overlay() -> Result<()> {
    let secrets = tempfile::tempdir()?;
    mount_secrets(secrets.path())?;
    for overlay in ["single", "ha"] {
        let file = root().join("k8s/overlays").join(overlay).join("hub.toml");
        let text = std::fs::read_to_string(file)?.replace(MOUNTED_AT, &secrets.path().display().to_string());
        hub::boot::Settings::parse(&text)?.checked().with_context(|| format!("{overlay}/hub.toml"))?;
    }
    Ok(())
}

/// The folder in which the overlay `ha` mounts its secrets.
const MOUNTED_AT: &str = "/run/secrets";

/// What the example says that the secrets hold, by the mode with which they are mounted.
fn mount_secrets(folder: &Path) -> Result<()> {
    let (hub, hubs) = (folder.join("baiying"), folder.join("baiying-hubs"));
    std::fs::create_dir(&hub)?;
    let drawn = hub::cluster::peers::draw(&hubs)?;
    for (from, to) in [(drawn.certificate, "tls.crt"), (drawn.key, "tls.key"), (drawn.authority, "ca.crt")] {
        std::fs::rename(from, hubs.join(to))?;
    }
    let example = std::fs::read_to_string(root().join("k8s/overlays/ha/secret.example.yaml"))?;
    for line in example.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": ")) {
        if let (name @ ("postgres-url" | "redis-url"), value) = line {
            std::fs::write(hub.join(name), value)?;
        }
    }
    ensure!(example.contains("\n  caller.key: "), "the example has no caller.key");
    std::fs::write(hub.join("caller.key"), [7; 32])?;
    for file in std::fs::read_dir(&hub)?.chain(std::fs::read_dir(&hubs)?) {
        std::fs::set_permissions(file?.path(), std::fs::Permissions::from_mode(0o440))?;
    }
    Ok(())
}

/// Several hubs have one office: each mounts the same key of caller hashes, or none but the first would start.
#[test]
fn all_hubs_of_an_overlay_have_the_same_caller_key() -> Result<()> {
    for overlay in ["ha", "ha-operators"] {
        let built = built(overlay)?;
        ensure!(
            built.contains("caller_key_file = \"/run/secrets/baiying/caller.key\""),
            "{overlay}: no caller_key_file"
        );
    }
    let operators = objects(&built("ha-operators")?)?;
    let volumes = operators.iter().filter_map(|object| object.pointer("/spec/template/spec/volumes")?.as_array());
    let mut mounted = volumes.flatten().filter_map(|volume| volume.pointer("/projected/sources")?.as_array()).flatten();
    let keys = |source: &Value| source.pointer("/secret/items").map(Value::to_string).unwrap_or_default();
    ensure!(mounted.any(|source| keys(source).contains("caller.key")), "what is projected must name it");
    Ok(())
}

/// A volume belongs to root and its group may write; the hub takes only a folder that nobody else may write: one of its own in it.
#[test]
fn the_data_folder_is_the_hubs_own() -> Result<()> {
    for overlay in OVERLAYS {
        let objects = objects(&built(overlay)?)?;
        let container = "/spec/template/spec/containers/0";
        let hub =
            objects.iter().filter_map(|it| it.pointer(container)).find(|it| it["name"] == "hub").context("a hub")?;
        let args: Vec<&str> = hub["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let data = args.iter().skip_while(|arg| **arg != "--data").nth(1).context("--data")?;
        let mounts = hub["volumeMounts"].as_array().into_iter().flatten();
        let mut mounts = mounts.filter_map(|mount| mount["mountPath"].as_str());
        ensure!(mounts.any(|mount| data.starts_with(&format!("{mount}/"))), "{overlay}: {data} is in no volume");
    }
    Ok(())
}
