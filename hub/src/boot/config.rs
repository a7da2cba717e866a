//! The settings: one struct, from `hub.toml` and the command line. An unknown key is an error; so are an empty and a
//! dangerous value.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use matcher::{DISTRICT_MAX, NAME_LENGTH_MAX, Position};
use serde::Deserialize;

use super::beat::BeatSettings;
use super::cluster::ClusterSettings;
use super::refusal::Refusal;
use crate::records::mounted_key;
use crate::store::postgres::{Address, Durability, JOURNAL_SCHEMA, PostgresSettings};
use crate::store::rows::{FORMAT, FORMAT_MIN};
use crate::store::sqlite::{BALLAST_BYTES, SqliteSettings};

/// Where a hub listens when nothing else is said; the same in README, help and pages.
pub const PORT: u16 = 8110;
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Bytes of a settings file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// All settings of a hub.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// 0: any free port.
    pub port: u16,
    /// The address to listen on; anything but loopback needs TLS.
    pub bind: IpAddr,
    /// How people reach this hub, when not by its own address: printed in links and QR codes.
    pub public_url: Option<String>,
    /// Other origins whose pages may open a socket; the hub's own always may.
    pub origins: Vec<String>,
    pub district: DistrictSettings,
    pub tls: TlsSettings,
    pub store: StoreSettings,
    /// Without it: a hub alone.
    pub cluster: Option<ClusterSettings>,
    pub disk: DiskSettings,
    pub wake: Option<WakeSettings>,
    /// Without it: nobody outside is told that this hub lives.
    pub beat: Option<BeatSettings>,
    pub log: LogSettings,
}

/// The district that this hub leads; taken over when the data folder is empty.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistrictSettings {
    pub number: u32,
    pub name: String,
    /// Its middle in WGS-84 degrees: taken for an alarm of which nothing else is known.
    pub lat: f64,
    pub lng: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    pub mode: TlsMode,
    /// With `files`: PEM.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Plain HTTP, on loopback only.
    #[default]
    Off,
    /// An own CA, kept in the data folder, and a page that says how to trust it.
    #[value(name = "self")]
    #[serde(rename = "self")]
    SelfMade,
    /// Certificate and key from files.
    Files,
    /// Plain HTTP behind a proxy that ends TLS.
    Proxy,
}

/// Where everything is kept: files in the data folder, unless a database is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// `postgres://user@host:5432/database`, several hosts apart by commas. Without it: SQLite in the data folder.
    pub url: Option<String>,
    /// A file that holds the URL, where there is a password in it.
    pub url_file: Option<PathBuf>,
    /// Beside `url`: a file that holds the database's password and nothing else.
    pub password_file: Option<PathBuf>,
    /// What a failover of the database may cost: `ha`, `one_server`, or `may_lose_alarms`.
    pub profile: Durability,
    /// The key of caller hashes, where it is mounted rather than kept in the data folder: the same for all hubs.
    pub caller_key_file: Option<PathBuf>,
    /// The newest form of rows to write; that of the version before keeps the way back open during an upgrade.
    pub format_max: Option<u32>,
}

impl StoreSettings {
    /// Whether a database is named, which other hubs may share.
    pub fn is_shared(&self) -> bool {
        self.url.is_some() || self.url_file.is_some()
    }

    /// Where the shared journal lies, if there is one.
    ///
    /// # Errors
    /// When the file with the URL cannot be read.
    pub fn postgres(&self) -> Result<Option<PostgresSettings>> {
        let url = match (&self.url, &self.url_file) {
            (None, None) => return Ok(None),
            (Some(url), _) => url.clone(),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                text.trim().to_owned()
            }
        };
        let (password_file, format_max) = (self.password_file.clone(), self.format_max.unwrap_or(FORMAT));
        Ok(Some(PostgresSettings { url, password_file, durability: self.profile, format_max }))
    }
}

/// The room that the journal takes on this machine's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskSettings {
    /// Kept for alarms, and freed when there is no other room left.
    pub ballast_bytes: u64,
    /// All that the journal may take, the ballast among it; as much as the volume has when it is not said.
    pub max_bytes: Option<u64>,
}

impl DiskSettings {
    /// The journal in `folder`, within this.
    pub fn journal(&self, folder: &Path) -> SqliteSettings {
        SqliteSettings { ballast_bytes: self.ballast_bytes, bytes_max: self.max_bytes, ..SqliteSettings::new(folder) }
    }
}

impl Default for DiskSettings {
    fn default() -> Self {
        Self { ballast_bytes: BALLAST_BYTES, max_bytes: None }
    }
}

/// The channel that wakes a closed phone: a signed webhook of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeSettings {
    pub url: String,
    /// A file that holds the secret the webhook is signed with; readable by its owner only.
    pub secret_file: PathBuf,
    /// The authority that has signed the gateway's certificate (PEM), when it is not a public one.
    #[serde(default)]
    pub authority: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Plain,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: PORT,
            bind: LOOPBACK,
            public_url: None,
            origins: Vec::new(),
            district: DistrictSettings::default(),
            tls: TlsSettings::default(),
            store: StoreSettings::default(),
            cluster: None,
            disk: DiskSettings::default(),
            wake: None,
            beat: None,
            log: LogSettings::default(),
        }
    }
}

impl Default for DistrictSettings {
    /// The middle of Harbin's Daoli, so that a hub without settings is somewhere.
    fn default() -> Self {
        Self { number: 1, name: "未命名".to_owned(), lat: 45.7556, lng: 126.6168 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: "info".to_owned() }
    }
}

impl Settings {
    /// Reads a settings file. Values are checked by [`Settings::checked`], after the command line has had its say.
    ///
    /// # Errors
    /// When the file cannot be read, or is not TOML, or has an unknown key: a [`Refusal`].
    pub fn read(file: &Path) -> Result<Self> {
        let length = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
        anyhow::ensure!(length <= FILE_BYTES_MAX, "{} has {length} bytes: is it a settings file?", file.display());
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is refused", file.display()))
    }

    /// The same from its text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        toml::from_str(text).map_err(|error| Refusal::of_toml(&error, text))
    }

    /// Refuses what is empty, out of range or dangerous.
    pub fn checked(self) -> Result<Self, Refusal> {
        check_district(&self.district)?;
        check_tls(&self)?;
        check_addresses(&self)?;
        check_store(&self.store)?;
        self.cluster.as_ref().map_or(Ok(()), |it| it.check(self.store.is_shared()))?;
        check_disk(&self.disk)?;
        self.wake.as_ref().map_or(Ok(()), check_wake)?;
        self.beat.as_ref().map_or(Ok(()), BeatSettings::check)?;
        let levels = ["error", "warn", "info", "debug"];
        if !levels.contains(&self.log.level.as_str()) {
            let why = format!("{:?} is none of {}", self.log.level, levels.join(", "));
            return Err(Refusal::new("log.level", why, "level = \"info\""));
        }
        Ok(self)
    }

    /// The address by which this machine's own browser finds the hub, or the public one when it is said.
    pub fn address(&self) -> String {
        let scheme = if matches!(self.tls.mode, TlsMode::SelfMade | TlsMode::Files) { "https" } else { "http" };
        let own =
            || format!("{scheme}://{}:{}", if self.bind.is_unspecified() { LOOPBACK } else { self.bind }, self.port);
        self.public_url.clone().unwrap_or_else(own)
    }

    /// Whether phones reach the hub by a secure page.
    pub fn secure(&self) -> bool {
        self.tls.mode != TlsMode::Off
    }
}

fn check_district(district: &DistrictSettings) -> Result<(), Refusal> {
    if district.number == 0 || district.number > DISTRICT_MAX {
        let why = format!("{} is not in 1 ..= {DISTRICT_MAX}", district.number);
        return Err(Refusal::new("district.number", why, "number = 1"));
    }
    let length = district.name.trim().chars().count();
    if length == 0 || length > NAME_LENGTH_MAX {
        let why = format!("it has {length} characters, 1 to {NAME_LENGTH_MAX} are allowed / 名称为空或太长");
        return Err(Refusal::new("district.name", why, "name = \"抚顺社区\""));
    }
    if Position::from_degrees(district.lat, district.lng).is_none() {
        let why = format!("({}, {}) is no place on Earth / 坐标不对", district.lat, district.lng);
        return Err(Refusal::new("district.lat, district.lng", why, "lat = 45.77\n    lng = 126.60"));
    }
    Ok(())
}

fn check_tls(settings: &Settings) -> Result<(), Refusal> {
    let tls = &settings.tls;
    if tls.mode == TlsMode::Off && !settings.bind.is_loopback() {
        let why = format!(
            "off while bind = {}: passwords and positions would travel in the clear, and phones give no position / \
             不加密就不能对外开放",
            settings.bind
        );
        return Err(Refusal::new(
            "tls.mode",
            why,
            "mode = \"self\"        # or files, or proxy behind one that ends TLS",
        ));
    }
    let given = (tls.certificate.is_some(), tls.key.is_some());
    match (tls.mode, given) {
        (TlsMode::Files, (true, true)) => readable("tls.certificate", tls.certificate.as_deref())
            .and_then(|()| readable("tls.key", tls.key.as_deref())),
        (TlsMode::Files, _) => Err(Refusal::new(
            "tls.certificate, tls.key",
            "mode = \"files\" needs both / 需要证书和私钥两个文件",
            "certificate = \"/etc/baiying/hub.pem\"\n    key = \"/etc/baiying/hub.key\"",
        )),
        (_, (false, false)) => Ok(()),
        (_, _) => Err(Refusal::new(
            "tls.certificate, tls.key",
            "they are read with mode = \"files\" only",
            "mode = \"files\"",
        )),
    }
}

fn readable(setting: &str, file: Option<&Path>) -> Result<(), Refusal> {
    let file = file.unwrap_or(Path::new(""));
    let refused = |e: std::io::Error| {
        Refusal::new(setting, format!("cannot read {}: {e}", file.display()), "certificate = \"/etc/baiying/hub.pem\"")
    };
    std::fs::File::open(file).map(|_| ()).map_err(refused)
}

fn check_addresses(settings: &Settings) -> Result<(), Refusal> {
    if let Some(url) = &settings.public_url
        && !(url.starts_with("https://") || url.starts_with("http://"))
    {
        let why = format!("{url:?} is no address of a page");
        return Err(Refusal::new("public_url", why, "public_url = \"https://help.example.org\""));
    }
    match settings.origins.iter().find(|origin| !is_origin(origin)) {
        Some(origin) => {
            let why = format!("{origin:?}: an exact origin is needed, no path, no star / 必须写完整来源,不能用 *");
            Err(Refusal::new("origins", why, "origins = [\"https://help.example.org\"]"))
        }
        None => Ok(()),
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '*', ' ']))
}

fn check_store(store: &StoreSettings) -> Result<(), Refusal> {
    let line = "url = \"postgres://baiying@10.0.0.5:5432/baiying\"";
    let refused = |why: &str| Err(Refusal::new("store.url", why, line));
    if !store.is_shared() {
        let has_rest = store.password_file.is_some()
            || store.caller_key_file.is_some()
            || store.format_max.is_some()
            || store.profile != Durability::default();
        return if has_rest {
            refused("nothing else of [store] means anything without it / 缺少 url")
        } else {
            Ok(())
        };
    }
    if store.url.is_some() && store.url_file.is_some() {
        return refused("one of url and url_file is enough / url 与 url_file 只能写一个");
    }
    if store.url.as_deref().is_some_and(holds_password) {
        return refused("a password does not belong into the settings: give it in password_file, or all in url_file");
    }
    if store.format_max.is_some_and(|format| !(FORMAT_MIN..=FORMAT).contains(&format)) {
        let why = format!("this hub reads and writes the forms {FORMAT_MIN} to {FORMAT}");
        return Err(Refusal::new("store.format_max", why, format!("format_max = {FORMAT_MIN}")));
    }
    if let Some(Err(why)) = store.caller_key_file.as_deref().map(mounted_key) {
        let line = "caller_key_file = \"/etc/baiying/caller.key\"";
        return Err(Refusal::new("store.caller_key_file", format!("{why:#}"), line));
    }
    let parsed = store.postgres().and_then(|postgres| {
        let address = postgres.map(|it| Address::parse(&it.url, it.password_file.as_deref(), JOURNAL_SCHEMA));
        Ok(address.transpose()?)
    });
    parsed.map(|_| ()).map_err(|why| Refusal::new("store", format!("{why:#}"), line))
}

fn holds_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()?.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

/// Fewer alarms than these would be no ballast.
const BALLAST_BYTES_MIN: u64 = 256 * 1024;

fn check_disk(disk: &DiskSettings) -> Result<(), Refusal> {
    if disk.ballast_bytes < BALLAST_BYTES_MIN {
        let why = format!("{}: at least {BALLAST_BYTES_MIN} / 太小", disk.ballast_bytes);
        return Err(Refusal::new("disk.ballast_bytes", why, format!("ballast_bytes = {BALLAST_BYTES}")));
    }
    let least = disk.ballast_bytes.saturating_mul(3);
    match disk.max_bytes.filter(|max_bytes| *max_bytes < least) {
        Some(max_bytes) => {
            let why = format!("{max_bytes}: at least three ballasts, {least} / 至少为应急空间的三倍");
            Err(Refusal::new("disk.max_bytes", why, format!("max_bytes = {least}")))
        }
        None => Ok(()),
    }
}

fn check_wake(wake: &WakeSettings) -> Result<(), Refusal> {
    let line = "secret_file = \"/etc/baiying/wake.secret\"";
    if !wake.url.starts_with("https://") && !wake.url.starts_with("http://127.0.0.1") {
        let why = format!("{:?}: numbers would travel in the clear / 必须用 https", wake.url);
        return Err(Refusal::new("wake.url", why, "url = \"https://gateway.example.org/wake\""));
    }
    if let Some(file) = &wake.authority
        && let Err(e) = std::fs::File::open(file)
    {
        let why = format!("cannot read {}: {e}", file.display());
        return Err(Refusal::new("wake.authority", why, "authority = \"/etc/baiying/gateway-ca.pem\""));
    }
    match std::fs::read(&wake.secret_file) {
        Ok(secret) if secret.trim_ascii().len() >= 16 => Ok(()),
        Ok(_) => Err(Refusal::new("wake.secret_file", "the secret has fewer than 16 bytes / 密钥太短", line)),
        Err(e) => {
            Err(Refusal::new("wake.secret_file", format!("cannot read {}: {e}", wake.secret_file.display()), line))
        }
    }
}
