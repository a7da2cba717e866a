//! What a verb does, wherever it runs: inside the hub, asked over the socket file, or in a process of its own when no
//! hub runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use matcher::{Actor, Command, District, DistrictId, Position, TeamId, VolunteerId};
use serde::{Deserialize, Serialize};
use wire::server::Role;

use super::archive::{self, Order};
use super::backup::{self, Source};
use super::export::{self, Present, Writing};
use super::import::{self, Known, Reading};
use super::verify;
use crate::boot::{Districts, starter};
use crate::engine::{EngineHandle, Role as LeadRole};
use crate::records::{Account, AuditEntry, LinkFor, NewAccount, Office, SIGN_IN_PATH};
use crate::store::rows::READ_ROWS_MAX;
use crate::store::{ChosenJournal, Journal};

/// How long a link for an account is good.
pub const ACCOUNT_LINK_MS: u64 = 30 * matcher::MINUTE_MS;
/// How long a volunteer's invitation is good.
pub const INVITATION_MS: u64 = 14 * matcher::DAY_MS;

/// A verb, as it travels over the socket file. A file's bytes follow it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    UserAdd {
        name: String,
        display: String,
        role: Role,
        districts: Vec<u32>,
        team: Option<u64>,
        password: Option<String>,
    },
    UserList,
    UserDisable {
        name: String,
    },
    UserPassword {
        name: String,
        password: String,
    },
    /// For the named account; else for the first administrator.
    AdminLink {
        account: Option<String>,
    },
    /// Links for these volunteers; for all when empty. The reply's bytes are CSV.
    Invite {
        #[serde(default)]
        district: Option<u32>,
        volunteers: Vec<u64>,
    },
    /// The file's bytes come with it. The reply's bytes are the report of bad rows.
    Import {
        #[serde(default)]
        district: Option<u32>,
        reading: Reading,
        try_only: bool,
    },
    /// The reply's bytes are the file.
    Export {
        #[serde(default)]
        district: Option<u32>,
        writing: Writing,
    },
    /// Commits after this one, at most a thousand, one a line; after 0: from where the log begins. The reply's text is the
    /// first one's seq and the last one's.
    ExportJournal {
        #[serde(default)]
        district: Option<u32>,
        after_seq: u64,
    },
    /// One more district in the store.
    DistrictAdd {
        number: u32,
        name: String,
        lat: f64,
        lng: f64,
    },
    DistrictList,
    /// To another hub.
    DistrictMove {
        number: u32,
    },
    /// The hub writes the file itself.
    Backup {
        file: PathBuf,
    },
    Verify {
        archive: Option<PathBuf>,
    },
    /// Commits older than so many days go into files in this folder of the hub's machine; of all districts unless one is named.
    Archive {
        days: i64,
        district: Option<u32>,
        to: PathBuf,
    },
    /// The reply's text is the address to open on a phone.
    BeginProbe,
    /// The reply is good once it was opened.
    ProbeOpened {
        code: String,
    },
}

/// What came of a verb: words for the terminal, and a file if one was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub text: String,
    pub file: Vec<u8>,
    /// Nothing went wrong.
    pub good: bool,
}

impl Reply {
    pub fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), file: Vec::new(), good: true }
    }
}

/// The rooms that verbs work on.
#[derive(Clone)]
pub struct Verbs {
    pub office: Office,
    pub journal: ChosenJournal,
    pub districts: Arc<Districts>,
    /// The data folder.
    pub folder: PathBuf,
    /// `http://127.0.0.1:8110`: what links begin with; `None` when no hub runs.
    pub base: Option<String>,
}

impl Verbs {
    /// Carries out one verb; `file` is what came with it.
    ///
    /// # Errors
    /// What the operator has to read: the chain of what failed.
    pub async fn run(&self, verb: Verb, file: Vec<u8>) -> Result<Reply> {
        match verb {
            Verb::UserAdd { name, display, role, districts, team, password } => {
                let home = self.districts.home().district().0;
                let districts = if districts.is_empty() { vec![home] } else { districts };
                let districts = districts.into_iter().map(DistrictId).collect();
                let team = team.map(TeamId);
                self.user_add(NewAccount { name, display, role, districts, team, password }).await
            }
            Verb::UserList => self.user_list().await,
            Verb::UserDisable { name } => self.user_disable(&name).await,
            Verb::UserPassword { name, password } => self.user_password(&name, password).await,
            Verb::AdminLink { account } => self.admin_link(account.as_deref()).await,
            Verb::Invite { district, volunteers } => {
                self.invite(self.door(district)?.district(), volunteers.into_iter().map(VolunteerId).collect()).await
            }
            Verb::Import { district, reading, try_only } => {
                self.import(self.door(district)?, &reading, &file, try_only).await
            }
            Verb::Export { district, writing } => self.export(self.door(district)?, &writing).await,
            Verb::ExportJournal { district, after_seq } => {
                self.export_journal(self.door(district)?.district(), after_seq).await
            }
            Verb::DistrictAdd { number, name, lat, lng } => self.district_add(number, name, (lat, lng)).await,
            Verb::DistrictList => Ok(self.district_list()),
            Verb::DistrictMove { number } => self.district_move(number).await,
            Verb::Backup { file } => self.backup(&file).await,
            Verb::Verify { archive } => self.verify(archive.as_deref()).await,
            Verb::Archive { days, district, to } => self.archive(&Order::checked(&to, days)?, district).await,
            Verb::BeginProbe => Ok(self.begin_probe()),
            Verb::ProbeOpened { code } => Ok(Reply { good: self.office.probe_opened(&code), ..Reply::default() }),
        }
    }

    /// The door of the district that was named, else of the one that the settings name.
    fn door(&self, named: Option<u32>) -> Result<&EngineHandle> {
        let Some(number) = named else { return Ok(self.districts.home()) };
        let door = self.districts.doors().of(DistrictId(number));
        door.with_context(|| format!("there is no district {number} here: `hub district list` / 没有这个区"))
    }

    async fn user_add(&self, account: NewAccount) -> Result<Reply> {
        let (name, with_password) = (account.name.clone(), account.password.is_some());
        let id = self.office.add_account(account).await?;
        self.audit("add_account", format!("account/{id}")).await?;
        if with_password {
            return Ok(Reply::said(format!("{name}: 已建立 / made")));
        }
        let link = self.link(LinkFor::Account(id), ACCOUNT_LINK_MS).await?;
        Ok(Reply::said(format!(
            "{name}: 已建立,30 分钟内用此链接登录 / made; sign in by this link within 30 minutes:\n{link}"
        )))
    }

    async fn user_list(&self) -> Result<Reply> {
        let mut text = String::new();
        for account in self.office.accounts().await? {
            let districts: Vec<String> = account.districts.iter().map(ToString::to_string).collect();
            let state = match (account.disabled_at, account.has_password) {
                (Some(_), _) => "停用 disabled",
                (None, true) => "密码 password",
                (None, false) => "仅链接 links only",
            };
            let role = serde_json::to_value(account.role)?;
            let role = role.as_str().unwrap_or_default();
            text += &format!(
                "{:<20} {:<12} {:<10} {state}  {}\n",
                account.name,
                role,
                districts.join(","),
                account.display
            );
        }
        Ok(Reply::said(text.trim_end()))
    }

    async fn user_disable(&self, name: &str) -> Result<Reply> {
        let id = self.office.disable_account(name).await?;
        self.audit("disable_account", format!("account/{id}")).await?;
        Ok(Reply::said(format!("{name}: 已停用,全部登录已结束 / disabled, every session ended")))
    }

    async fn user_password(&self, name: &str, password: String) -> Result<Reply> {
        self.office.set_password(name, password).await?;
        self.audit("set_password", format!("account/{}", self.office.account(name).await?.id)).await?;
        Ok(Reply::said(format!("{name}: 密码已更新 / password set")))
    }

    async fn admin_link(&self, name: Option<&str>) -> Result<Reply> {
        let account = match name {
            Some(name) => self.office.account(name).await?,
            None => self.first_administrator().await?,
        };
        let link = self.link(LinkFor::Account(account.id), ACCOUNT_LINK_MS).await?;
        self.audit("issue_link", format!("account/{}", account.id)).await?;
        let name = account.name;
        Ok(Reply::said(format!("{name}: 30 分钟内有效,只能用一次 / good for 30 minutes, once:\n{link}")))
    }

    async fn first_administrator(&self) -> Result<Account> {
        let accounts = self.office.accounts().await?.into_iter();
        let mut able = accounts.filter(|account| account.role == Role::Admin && account.disabled_at.is_none());
        able.next()
            .context("no administrator yet: start the hub once, or `hub user add NAME --role admin` / 还没有管理员账号")
    }

    async fn invite(&self, district: DistrictId, mut volunteers: Vec<VolunteerId>) -> Result<Reply> {
        if volunteers.is_empty() {
            volunteers = self.office.people(district).await?.iter().map(|person| person.volunteer).collect();
        }
        let people = volunteers.iter().map(|id| LinkFor::Volunteer(*id)).collect();
        let codes = self.office.issue_links(people, INVITATION_MS).await?;
        self.audit("issue_links", format!("district/{district}")).await?;
        let names = self.office.names();
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["volunteer", "name", "link"])?;
        for (volunteer, code) in volunteers.iter().zip(&codes) {
            table.write_record([&volunteer.to_string(), names.name(*volunteer), &self.address(code)])?;
        }
        let text = format!("{} 个链接,14 天内有效,各用一次 / links, good for 14 days, once each", codes.len());
        Ok(Reply { text, file: table.into_inner()?, good: true })
    }

    async fn import(&self, door: &EngineHandle, reading: &Reading, file: &[u8], try_only: bool) -> Result<Reply> {
        let _turn = self.office.registering().await?;
        let district = door.read(District::clone);
        let (people, menu) = (self.office.registry(district.id).await?, self.office.menu(district.id).await?);
        let districts: Vec<DistrictId> = self.districts.doors().all().map(EngineHandle::district).collect();
        let known = Known { district: &district, people: &people, menu: &menu, districts: &districts };
        let read = match import::read(reading, file, &known) {
            Ok(read) => read,
            Err(why) => return Ok(Reply { text: why, ..Reply::default() }),
        };
        let report = read.report;
        let taken = report.bad.is_empty() || reading.skip_bad;
        let mut text = report.text();
        if !taken || try_only {
            text += "\n什么都没有改动 / nothing was changed";
            return Ok(Reply { text, file: report.csv(), good: taken });
        }
        let import = self.office.import(district.id, read.change).await?;
        import::deliver(&self.office, door).await?;
        self.audit("import", format!("district/{}", district.id)).await?;
        let refused = self.office.refused(import).await?;
        text +=
            if refused.is_empty() { "\n已导入 / imported" } else { "\n有命令被拒绝 / commands were refused:" };
        refused.iter().for_each(|why| text += &format!("\n  {why}"));
        Ok(Reply { text, file: report.csv(), good: refused.is_empty() })
    }

    async fn export(&self, door: &EngineHandle, writing: &Writing) -> Result<Reply> {
        let district = door.read(District::clone);
        let (people, menu) = (self.office.people(district.id).await?, self.office.menu(district.id).await?);
        let file = export::write(writing, &Present { district: &district, people: &people, menu: &menu })?;
        self.audit("export", format!("district/{}", district.id)).await?;
        Ok(Reply { text: format!("{} 字节 / bytes", file.len()), file, good: true })
    }

    async fn export_journal(&self, district: DistrictId, after_seq: u64) -> Result<Reply> {
        let after_seq = match after_seq {
            0 => self.journal.first_seq(district.0).await?.map_or(0, |first| first - 1),
            after_seq => after_seq,
        };
        let rows = self.journal.read(district.0, after_seq, READ_ROWS_MAX).await?;
        let last = rows.last().map_or(after_seq, |row| row.seq);
        let mut file = Vec::new();
        for row in rows {
            file.extend_from_slice(&row.body);
            file.push(b'\n');
        }
        Ok(Reply { text: format!("{} {last}", after_seq + 1), file, good: true })
    }

    async fn district_add(&self, number: u32, name: String, (lat, lng): (f64, f64)) -> Result<Reply> {
        let centre = Position::from_degrees(lat, lng).context("--lat and --lng are no place / 坐标不对")?;
        let definition = Command::DefineDistrict { name: name.clone(), centre };
        let door = self.districts.add(number, definition).await?;
        if door.role() == LeadRole::Leading {
            starter::begin(door).await?;
        }
        self.audit("add_district", format!("district/{number}")).await?;
        Ok(Reply::said(format!(
            "{number} {name}: 已建立 / made. 导入 / import: hub import --district {number} ..; \
             账号 / accounts: hub user add .. --districts {number}"
        )))
    }

    async fn district_move(&self, number: u32) -> Result<Reply> {
        let leader = self.districts.move_away(self.door(Some(number))?).await?;
        self.audit("move_district", format!("district/{number}")).await?;
        Ok(Reply::said(format!("{number}: {leader} 已接手 / leads it now")))
    }

    fn district_list(&self) -> Reply {
        let line = |door: &EngineHandle| {
            let leader = match door.role() {
                LeadRole::Leading => "本机 here".to_owned(),
                LeadRole::Following(Some(leader)) => leader.address,
                LeadRole::Following(None) => "无 nobody".to_owned(),
            };
            let (name, seq) = door.read(|district| (district.name().to_owned(), district.seq));
            format!("{:<8} {seq:>10}  {leader:<22} {name}", door.district())
        };
        Reply::said(self.districts.doors().all().map(line).collect::<Vec<_>>().join("\n"))
    }

    async fn backup(&self, file: &Path) -> Result<Reply> {
        let (office, doors) = (&self.office, self.districts.doors());
        let source = Source { folder: &self.folder, office, doors, journal: &self.journal };
        let _turn = archive::TURN.lock().await;
        let held = backup::write(source, file).await?;
        self.audit("backup", "districts".to_owned()).await?;
        let words: Vec<String> = held.iter().map(ToString::to_string).collect();
        Ok(Reply::said(format!("已备份 / backed up: {}\n{}", words.join("; "), file.display())))
    }

    async fn archive(&self, order: &Order<'_>, district: Option<u32>) -> Result<Reply> {
        let _turn = archive::TURN.lock().await;
        let only = district.map(|_| self.door(district)).transpose()?.map(EngineHandle::district);
        let (mut said, mut good) = (Vec::new(), true);
        for door in self.districts.doors().all().filter(|door| only.is_none_or(|only| only == door.district())) {
            let done = order.carry_out(&self.journal, door).await;
            // What went well before is told too.
            good &= done.is_ok();
            said.push(done.unwrap_or_else(|error| format!("district {}: {error:#}", door.district())));
            self.audit("archive", format!("district/{}", door.district())).await?;
        }
        Ok(Reply { text: said.join("\n"), file: Vec::new(), good })
    }

    async fn verify(&self, archive: Option<&Path>) -> Result<Reply> {
        let _turn = archive::TURN.lock().await;
        let verdicts = verify::of_journal(&self.journal, archive).await?;
        Ok(verify::reply(verdicts, verify::chain_words(self.office.check_audit().await?)))
    }

    fn begin_probe(&self) -> Reply {
        match self.base.as_deref().filter(|base| !base.contains("127.0.0.1") && !base.contains("localhost")) {
            Some(base) => Reply::said(format!("{base}/doctor/{}", self.office.begin_probe())),
            None => {
                let text = "hub 只在本机监听,手机打不开:请用 --lan 启动 / the hub listens on this machine only: start it with --lan";
                Reply { text: text.to_owned(), ..Reply::default() }
            }
        }
    }

    async fn link(&self, person: LinkFor, ttl_ms: u64) -> Result<String> {
        let codes = self.office.issue_links(vec![person], ttl_ms).await?;
        Ok(codes.iter().map(|code| self.address(code)).collect())
    }

    fn address(&self, code: &str) -> String {
        format!("{}{SIGN_IN_PATH}#{code}", self.base.as_deref().unwrap_or_default())
    }

    async fn audit(&self, verb: &'static str, resource: String) -> Result<()> {
        let entry = AuditEntry { actor: Actor::System, verb, resource, detail: "command line".to_owned() };
        Ok(self.office.audit(entry).await?)
    }
}
