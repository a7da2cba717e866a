//! `hub user add|list|disable|password`.

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use wire::server::Role;

use super::args::FolderArgs;
use super::ask::ask_and_print;
use super::verbs::Verb;

#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Make an account; without a password it prints a one-time link
    Add {
        name: String,
        #[arg(long, value_parser = role)]
        role: Role,
        /// How people see it
        #[arg(long, default_value = "")]
        display: String,
        /// District numbers; that of the hub when left out
        #[arg(long, value_delimiter = ',')]
        districts: Vec<u32>,
        /// The team of a team leader
        #[arg(long)]
        team: Option<u64>,
        /// Read the password from standard input, one line of at least 10 characters
        #[arg(long)]
        password_stdin: bool,
    },
    /// All accounts
    List,
    /// End an account and all its sessions
    Disable { name: String },
    /// Set a password, read from standard input
    Password { name: String },
}

fn role(text: &str) -> Result<Role, String> {
    let known = "team_leader, operator, reviewer, wall, admin, integration";
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| format!("one of {known}"))
}

pub async fn run(args: UserArgs) -> Result<ExitCode> {
    let verb = match args.act {
        Act::Add { name, role, display, districts, team, password_stdin } => {
            let password = password_stdin.then(password_line).transpose()?;
            Verb::UserAdd { name, display, role, districts, team, password }
        }
        Act::List => Verb::UserList,
        Act::Disable { name } => Verb::UserDisable { name },
        Act::Password { name } => Verb::UserPassword { name, password: password_line()? },
    };
    ask_and_print(&args.folder, verb).await
}

/// From a pipe or the keyboard, never from the command line: that is in every process list.
fn password_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no password on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
