//! The demo's own data folder.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Marks a folder as the demo's, so that `--reset` never clears anything else.
const MARK: &str = "demo";

/// Makes the folder, or clears it with `reset`.
///
/// # Errors
/// When it holds a district that is not the demo's: real people may be in it.
pub fn prepare(data: &Path, reset: bool) -> Result<()> {
    let used = data.exists() && std::fs::read_dir(data)?.next().is_some();
    ensure!(
        !used || data.join(MARK).exists(),
        "{} 里不是演示数据,演示不会动它;请用 --data 指定另一个文件夹 / {} holds a district that is not the demo's; name another \
         folder with --data",
        data.display(),
        data.display()
    );
    if reset && used {
        std::fs::remove_dir_all(data).with_context(|| format!("cannot clear {}", data.display()))?;
    }
    std::fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    std::fs::write(data.join(MARK), "hub demo\n").with_context(|| format!("cannot write to {}", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_neither_used_nor_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("journal.db"), "real").expect("a file");
        for reset in [false, true] {
            let refused = prepare(folder.path(), reset).expect_err("refused").to_string();
            assert!(refused.contains("--data"), "{refused}");
        }
        assert!(folder.path().join("journal.db").exists());
    }

    #[test]
    fn reset_clears_what_the_demo_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("demo-data");
        prepare(&data, false).expect("made");
        std::fs::write(data.join("journal.db"), "old").expect("a file");
        prepare(&data, false).expect("kept");
        assert!(data.join("journal.db").exists());
        prepare(&data, true).expect("cleared");
        assert!(!data.join("journal.db").exists());
    }
}
