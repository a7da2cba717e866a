//! The laws of the house, kept by a test: each message names the place, the law and the cure.
//!
//! What is checked is what git would commit: tracked files and new ones that are not ignored.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Longer files are several rooms in one.
const LINES_MAX: usize = 500;
const MODULES_WITHOUT_A_RULE: [&str; 5] = ["common", "utils", "types", "helpers", "services"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// One file of the repository: its path from the root and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| extensions.iter().any(|wanted| own == *wanted))
    }

    fn written_by_hand(&self) -> bool {
        !self.path.contains(".gen.") && !self.path.ends_with("Cargo.lock") && !self.path.ends_with("package-lock.json")
    }
}

/// Binary files have no lines and are left out.
fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("tidy needs git and a checkout: run it from a clone");
    let listed = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    paths
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File { path: path.to_string(), text })
        })
        .collect()
}

fn report(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn files_are_short() {
    let long = files().into_iter().filter(|file| file.is(&["rs", "ts", "tsx", "css"]) && file.written_by_hand());
    let broken = long.filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > LINES_MAX).then(|| {
            format!("{}: {lines} lines, at most {LINES_MAX}. Split it along its seams: one room, one rule.", file.path)
        })
    });
    report(broken.collect());
}

#[test]
fn no_room_without_a_rule() {
    let broken = files().into_iter().filter(|file| file.is(&["rs", "ts", "tsx"])).filter_map(|file| {
        let parts = Path::new(&file.path).with_extension("");
        let name = parts.iter().find_map(|part| MODULES_WITHOUT_A_RULE.iter().find(|name| part == **name))?;
        Some(format!("{}: `{name}` says nothing of what is inside. Name it by its one subject.", file.path))
    });
    report(broken.collect());
}

/// Written apart, so that this file does not break its own law.
fn unfinished() -> [String; 6] {
    [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["#[ig", "nore"], [".on", "ly("], [".sk", "ip(true"]].map(|w| w.concat())
}

#[test]
fn nothing_is_left_open() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.is(&["rs", "ts", "tsx", "css", "md", "html"])) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(mark) = unfinished().iter().find(|mark| line.contains(mark.as_str())) {
                let at = format!("{}:{}", file.path, number + 1);
                broken.push(format!("{at}: `{mark}`. Finish it, or take it out and open an issue."));
            }
        }
    }
    report(broken);
}

/// Paths of a machine, and addresses of registries where a lockfile would pin one mirror for everybody.
fn of_one_machine() -> [String; 6] {
    [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/home", "/"],
        ["registry.np", "mjs.org"],
        ["\"resolved\": ", "\"http"],
        ["/Us", "ers/"],
    ]
    .map(|w| w.concat())
}

#[test]
fn nothing_names_one_machine() {
    let mut broken = Vec::new();
    for file in files() {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(found) = of_one_machine().iter().find(|found| line.contains(found.as_str())) {
                let at = format!("{}:{}", file.path, number + 1);
                broken.push(format!(
                    "{at}: `{found}` is true on one machine only. Use a path from the root, a variable, or for npm \
                     omit-lockfile-registry-resolved=true."
                ));
            }
        }
    }
    report(broken);
}

/// A room, and what it must not name. The order of rooms is ARCHITECTURE section 2.
struct Law {
    room: &'static str,
    except: &'static [&'static str],
    never: &'static [&'static str],
    why: &'static str,
}

const CORE_IS_PURE: &str =
    "the core takes time as an argument and waits for nobody; let the hub do it and pass the result";
const SHELL_OBEYS: &str =
    "rooms of the hub look one way; move what is shared to the room that owns it, or pass it in from boot";

const LAWS: [Law; 10] = [
    Law {
        room: "matcher/src/",
        except: &[],
        never: &[
            "std::time",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "std::io",
            "tokio",
            "wire::",
            "hub::",
            "crowd::",
            "uuid::",
            "rand::",
        ],
        why: CORE_IS_PURE,
    },
    Law {
        room: "matcher/src/state/",
        // What is observed and not journalled: the select index lives there.
        except: &["matcher/src/state/observed.rs"],
        never: &["crate::decide", "crate::select", "crate::assign"],
        why: "evolve applies what was decided and never decides again",
    },
    Law {
        room: "hub/wire/src/",
        except: &[],
        never: &["matcher::", "hub::"],
        why: "wire is what travels; edge maps it",
    },
    Law {
        room: "hub/src/edge/",
        // The twin of `hub import`: one reading of an office's files, whichever way they come.
        except: &["hub/src/edge/http/files.rs", "hub/src/edge/http/enrol.rs"],
        never: &["crate::store", "crate::cluster", "crate::boot", "crate::demo", "crate::cli", "matcher::decide"],
        why: "edge parses, submits and renders; it neither stores nor decides",
    },
    Law {
        room: "hub/src/engine/",
        except: &[],
        never: &["crate::edge", "crate::boot", "crate::demo", "crate::cli"],
        why: SHELL_OBEYS,
    },
    Law {
        room: "hub/src/store/",
        except: &[],
        never: &["crate::edge", "crate::engine", "crate::records", "crate::boot", "crate::demo", "crate::cli"],
        why: SHELL_OBEYS,
    },
    Law {
        room: "hub/src/cluster/",
        except: &[],
        never: &[
            "matcher::",
            "crate::edge",
            "crate::engine",
            "crate::records",
            "crate::store",
            "crate::boot",
            "crate::demo",
            "crate::cli",
        ],
        why: SHELL_OBEYS,
    },
    Law {
        room: "hub/src/records/",
        except: &[],
        never: &["crate::edge", "crate::boot", "crate::demo", "crate::cli"],
        why: SHELL_OBEYS,
    },
    Law {
        room: "hub/src/",
        except: &["hub/src/demo/", "hub/src/demo.rs"],
        never: &["crowd::"],
        why: "the hub cannot tell a simulated phone from a real one; only its demo knows the crowd",
    },
    Law { room: "bench/", except: &[], never: &["hub::"], why: "bench sees the hub only from outside, by its wire" },
];

#[test]
fn rooms_keep_their_laws() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.is(&["rs"])) {
        let laws = LAWS.iter().filter(|law| file.path.starts_with(law.room));
        for law in laws.filter(|law| !law.except.iter().any(|room| file.path.starts_with(room))) {
            broken.extend(law.broken_by(file));
        }
    }
    report(broken);
}

impl Law {
    fn broken_by(&self, file: &File) -> Vec<String> {
        let lines = file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        lines
            .filter_map(|(number, line)| {
                let name = self.never.iter().find(|name| names(line, name))?;
                Some(format!("{}:{}: {} must not name `{name}`: {}.", file.path, number + 1, self.room, self.why))
            })
            .collect()
    }
}

/// Whether a line holds `name` as a path of its own: `hub::` is not in `github::`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// The core's libraries are part of its law; a new one is a decision, not a line in a manifest.
#[test]
fn the_core_imports_three_libraries() {
    let manifest = std::fs::read_to_string(root().join("matcher/Cargo.toml")).expect("matcher/Cargo.toml");
    let section = manifest.split("\n[").find_map(|section| section.strip_prefix("dependencies]")).unwrap_or_default();
    let found: BTreeSet<&str> = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).collect();
    let allowed = BTreeSet::from(["", "geo", "serde", "thiserror"]);
    let broken = found.difference(&allowed).map(|name| {
        format!("matcher/Cargo.toml: `{name}` is not of the core's libraries (geo, serde, thiserror). {CORE_IS_PURE}.")
    });
    report(broken.collect());
}

/// Finds `match` expressions that name a variant of `Event` or `Effect` and end in a wildcard.
struct Wildcards<'a> {
    path: &'a str,
    broken: Vec<String>,
}

impl Visit<'_> for Wildcards<'_> {
    fn visit_expr_match(&mut self, found: &syn::ExprMatch) {
        let named = found.arms.iter().any(|arm| pattern_text(&arm.pat));
        let wild = found.arms.iter().find(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
        if let (true, Some(wild)) = (named, wild) {
            self.broken.push(format!(
                "{}:{}: `_ =>` on Event or Effect hides the next variant from the compiler. Name the variants.",
                self.path,
                wild.span().start().line
            ));
        }
        visit::visit_expr_match(self, found);
    }
}

/// Whether a pattern is of the enum itself: `Event::X`, not a field that happens to hold one.
fn pattern_text(pattern: &syn::Pat) -> bool {
    let path = match pattern {
        syn::Pat::Struct(of) => &of.path,
        syn::Pat::TupleStruct(of) => &of.path,
        syn::Pat::Path(of) => &of.path,
        syn::Pat::Or(of) => return of.cases.iter().any(pattern_text),
        syn::Pat::Reference(of) => return pattern_text(&of.pat),
        _ => return false,
    };
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.len() >= 2 && ["Event", "Effect"].contains(&names[names.len() - 2].as_str())
}

#[test]
fn every_event_is_named_where_it_is_matched() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.is(&["rs"])) {
        let Ok(parsed) = syn::parse_file(&file.text) else { continue };
        let mut wildcards = Wildcards { path: &file.path, broken: Vec::new() };
        wildcards.visit_file(&parsed);
        broken.extend(wildcards.broken);
    }
    report(broken);
}

#[test]
fn documents_point_at_what_is_there() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.is(&["md"])) {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for target in links(&file.text) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !root().join(folder).join(path).exists() {
                broken.push(format!("{}: the link `{target}` leads nowhere. Mend it or take it out.", file.path));
            }
        }
        for named in paths_in_backticks(&file.text) {
            if !root().join(named).exists() {
                broken.push(format!("{}: `{named}` is named and is not there. Write what is true now.", file.path));
            }
        }
    }
    report(broken);
}

/// Targets of `[text](target)` inside the repository.
fn links(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    after.filter(|target| !target.contains("://") && !target.starts_with('#')).collect()
}

/// Whole paths such as `hub/src/edge/mod.rs`; patterns and placeholders are none.
fn paths_in_backticks(text: &str) -> Vec<&str> {
    const TOPS: [&str; 7] = ["matcher/", "hub/src/", "hub/wire/", "hub/web/", "bench/", "tests/", "docs/"];
    let quoted = text.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|word| TOPS.iter().any(|top| word.starts_with(top)));
    paths.filter(|path| !path.contains([' ', '*', '{', '<', '#', ':', '|', '\n']) && !path.ends_with("dist")).collect()
}
