//! What a new district begins with, so that its first alarm finds a plan: skills that every community has, and plans of
//! the cases they meet. Offices change them by `hub import`.

use anyhow::{Context, Result, anyhow};
use matcher::{Command, CommandId, District, DistrictId};
use uuid::Uuid;
use wire::server::Role;

use crate::cli::import::{self, Kind, Known, Reading};
use crate::engine::EngineHandle;
use crate::records::{NewAccount, Office, OwedCommand};

/// Skills first: plans name them.
const FILES: [(Kind, &str); 2] =
    [(Kind::Skills, include_str!("starter/skills.csv")), (Kind::Plans, include_str!("starter/plans.csv"))];

/// Gives a district that has neither skills nor plans those to start from; any other is left as it is.
///
/// # Errors
/// When the engine stops meanwhile.
pub async fn begin(engine: &EngineHandle) -> Result<()> {
    if engine.read(|district| district.skills().next().is_some() || district.plans().next().is_some()) {
        return Ok(());
    }
    for (kind, csv) in FILES {
        let district = engine.read(District::clone);
        for command in commands(&district, kind, csv)? {
            give(engine, command).await?;
        }
    }
    Ok(())
}

/// The account that a new data folder begins with; it has no password.
pub const FIRST_ACCOUNT: &str = "admin";

/// Makes the first administrator where there is none. Before the door opens, so that whoever finds the hub ready can
/// ask for his link.
///
/// # Errors
/// When the office cannot be written.
pub async fn first_account(office: &Office, district: DistrictId) -> Result<()> {
    if office.accounts().await?.iter().any(|account| account.role == Role::Admin) {
        return Ok(());
    }
    let (name, display) = (FIRST_ACCOUNT.to_owned(), "管理员".to_owned());
    let districts = vec![district];
    office.add_account(NewAccount { name, display, role: Role::Admin, districts, team: None, password: None }).await?;
    Ok(())
}

/// Gives one command of the hub's own.
///
/// # Errors
/// When the engine refuses it, or stops meanwhile.
pub async fn give(engine: &EngineHandle, command: Command) -> Result<()> {
    let id = CommandId(Uuid::now_v7().as_u128());
    let refused = import::send(engine, OwedCommand { id, command }).await.context("the district cannot be defined")?;
    refused.map_or(Ok(()), |why| Err(anyhow!("the district cannot be defined: {why}")))
}

fn commands(district: &District, kind: Kind, csv: &str) -> Result<Vec<Command>> {
    let reading = Reading { kind, name: "starter.csv".to_owned(), crs: None, skip_bad: false };
    let known = Known { district, people: &[], menu: &[], districts: &[] };
    let read = import::read(&reading, csv.as_bytes(), &known).map_err(|why| anyhow!("the starter file: {why}"))?;
    anyhow::ensure!(read.report.bad.is_empty(), "the starter file: {}", read.report.text());
    Ok(read.change.commands)
}
