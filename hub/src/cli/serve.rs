//! `hub serve`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};

use super::args::ServeArgs;
use super::links::FIRST_ACCOUNT;
use super::verbs::Verb;
use crate::boot::{self, Purpose, Running, Steps, starter};
use crate::records::NewAccount;

pub async fn run(args: ServeArgs) -> Result<ExitCode> {
    let settings = args.settings()?;
    boot::begin_telemetry(&settings.log)?;
    let stop_asked = boot::asked_to_stop()?;
    let mut running = boot::start(&args.folder.data, &settings, Purpose::Service, &mut Steps::default()).await?;
    starter::begin(&running.rooms.engine.handle()).await?;
    welcome(&running).await?;
    tokio::select! {
        who = stop_asked => tracing::info!(signal = who, "stopping"),
        // A hub without its writer must not look alive: whoever supervises it starts it again.
        ended = running.rooms.engine.ended() => return ended.and(Err(anyhow!("the district's writer has ended"))),
    }
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Where the hub is, and, while nobody can sign in yet, the set-up link.
async fn welcome(running: &Running) -> Result<()> {
    println!("百应已就绪 / Baiying is ready: {}", running.base);
    let office = &running.rooms.office;
    if office.accounts().await?.is_empty() {
        let role = wire::server::Role::Admin;
        let districts = vec![running.rooms.district];
        let first = NewAccount {
            name: FIRST_ACCOUNT.to_owned(),
            display: "管理员".to_owned(),
            role,
            districts,
            team: None,
            password: None,
        };
        office.add_account(first).await?;
        let link = running.verbs().run(Verb::AdminLink { account: Some(FIRST_ACCOUNT.to_owned()) }, Vec::new()).await?;
        println!("{}\n再次打印 / print again: hub admin-link", link.text);
    }
    Ok(())
}
