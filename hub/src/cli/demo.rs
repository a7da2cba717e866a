//! `hub demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::args::{FolderArgs, ServeArgs};
use crate::boot::{self, LogFormat, Settings};
use crate::demo;

#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// The demo's own data folder
    #[arg(long, value_name = "DIR", default_value = "baiying-demo")]
    data: PathBuf,
    /// Port to listen on; 0: any free one [default: 8110]
    #[arg(long)]
    port: Option<u16>,
    /// Listen on all addresses with TLS made by the hub itself, for real phones on this network
    #[arg(long)]
    lan: bool,
    /// Clear the demo's folder first
    #[arg(long)]
    reset: bool,
    /// Log every event, not only what went wrong
    #[arg(long)]
    verbose: bool,
}

pub async fn run(args: DemoArgs) -> Result<ExitCode> {
    demo::prepare(&args.data, args.reset)?;
    let settings = args.settings()?;
    boot::begin_telemetry(&settings.log)?;
    demo::run(&args.data, &settings).await
}

impl DemoArgs {
    /// Those of a hub on the demo's folder, with the sample's district, and a quiet log beside the banner.
    fn settings(&self) -> Result<Settings> {
        let folder = FolderArgs { data: self.data.clone(), config: None };
        let serve = ServeArgs { folder, port: self.port, bind: None, tls: None, lan: self.lan };
        let mut settings = serve.settings()?;
        settings.district = demo::district();
        settings.log.format = LogFormat::Plain;
        settings.log.level = if self.verbose { "info" } else { "warn" }.to_owned();
        Ok(settings.checked()?)
    }
}
