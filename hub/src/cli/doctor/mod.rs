//! `hub doctor`: what makes a hub fail later, looked at now: clock, disk, files that others can read, TLS, and whether a
//! phone reaches it.

mod certificate;
mod clock;
mod disk;
mod phone;
mod store;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::args::FolderArgs;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Do not wait for a phone
    #[arg(long)]
    no_phone: bool,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// It will do; better is possible.
    Doubtful,
    Bad,
}

/// One thing that was looked at; `words` say what to do when it is not good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub health: Health,
    pub words: String,
}

impl Finding {
    pub fn new(health: Health, words: impl Into<String>) -> Self {
        Self { health, words: words.into() }
    }

    fn print(&self) {
        let (mark, colour) = match self.health {
            Health::Good => ("✓", "32"),
            Health::Doubtful => ("!", "33"),
            Health::Bad => ("✗", "31"),
        };
        println!("\x1b[{colour}m{mark}\x1b[0m {}", self.words);
    }
}

pub async fn run(args: DoctorArgs) -> Result<ExitCode> {
    let settings = args.folder.settings()?.checked()?;
    let mut findings = clock::look(&args.folder.data);
    findings.extend(disk::look(&args.folder.data));
    findings.extend(store::look(&settings.store).await);
    findings.extend(certificate::look(&args.folder.data, &settings.tls));
    findings.iter().for_each(Finding::print);
    if !args.no_phone {
        let finding = phone::look(&args.folder.data).await?;
        finding.print();
        findings.push(finding);
    }
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad).count();
    println!(
        "{}",
        if bad == 0 {
            "没有大问题 / nothing is badly wrong"
        } else {
            "请先处理 ✗ 的项目 / mend what has a ✗ first"
        }
    );
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
