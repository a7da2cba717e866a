//! The command line as it is typed.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser};

use crate::boot::{Settings, TlsMode};

/// 百应 Baiying: one call, a hundred answers.
#[derive(Debug, Parser)]
#[command(name = "hub", version, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Run a hub on a data folder / 运行
    Serve(ServeArgs),
    /// A sample district that comes alive, on simulated phones / 演示
    #[cfg(feature = "demo")]
    Demo(super::demo::DemoArgs),
    /// Accounts: add, list, disable, password / 账号
    User(super::users::UserArgs),
    /// Print a one-time link to sign in as an account / 一次性登录链接
    AdminLink(super::links::AdminLinkArgs),
    /// Write one-time links by which volunteers sign in on their phones / 志愿者登录链接
    Invite(super::links::InviteArgs),
    /// Several districts in one store: add, list, move / 区
    District(super::districts::DistrictArgs),
    /// Bring a file of the office into the district / 导入
    Import(super::files::ImportArgs),
    /// Write the district's data as files that an import reads back, or the journal / 导出
    Export(super::files::ExportArgs),
    /// Replay a store or a journal file from its first commit and check it / 校验
    Verify(super::verify::VerifyArgs),
    /// Make the certificates by which the hubs of a cluster know each other / 集群证书
    ClusterKeys(super::cluster_keys::ClusterKeysArgs),
    /// Write everything into one file, beside a running hub / 备份
    Backup(super::backup::BackupArgs),
    /// Read such a file back into a new data folder or an empty database / 恢复
    Restore(super::backup::RestoreArgs),
    /// Move old commits out of the log into files / 归档旧记录
    Archive(super::archive::ArchiveArgs),
    /// Look at clock, disk, TLS, and whether a phone reaches the hub / 体检
    Doctor(super::doctor::DoctorArgs),
}

/// Where the data lies.
#[derive(Clone, Debug, Args)]
pub struct FolderArgs {
    /// The data folder
    #[arg(long, global = true, value_name = "DIR", default_value = "baiying-data")]
    pub data: PathBuf,
    /// Settings; DIR/hub.toml when it is there and this is left out
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl FolderArgs {
    /// The settings file with the defaults for what it does not say. Not checked yet.
    pub fn settings(&self) -> Result<Settings> {
        let usual = self.data.join("hub.toml");
        match &self.config {
            Some(file) => Settings::read(file),
            None if usual.exists() => Settings::read(&usual),
            None => Ok(Settings::default()),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Port to listen on; 0: any free one [default: 8110]
    #[arg(long)]
    pub port: Option<u16>,
    /// Address to listen on; anything but loopback needs --tls [default: 127.0.0.1]
    #[arg(long)]
    pub bind: Option<IpAddr>,
    /// How pages are made secure [default: off]
    #[arg(long)]
    pub tls: Option<TlsMode>,
    /// Listen on all addresses with TLS made by the hub itself: --bind 0.0.0.0 --tls self
    #[arg(long, conflicts_with_all = ["bind", "tls"])]
    pub lan: bool,
}

impl ServeArgs {
    /// The settings with what the command line says on top, checked.
    pub fn settings(&self) -> Result<Settings> {
        let mut settings = self.folder.settings()?;
        settings.port = self.port.unwrap_or(settings.port);
        settings.bind = self.bind.unwrap_or(settings.bind);
        settings.tls.mode = self.tls.unwrap_or(settings.tls.mode);
        if self.lan {
            settings.bind = IpAddr::from([0, 0, 0, 0]);
            settings.tls.mode = TlsMode::SelfMade;
        }
        Ok(settings.checked()?)
    }
}
