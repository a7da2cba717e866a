//! What is printed once the demo is ready: which address, which sign-in.

use anyhow::Result;
use matcher::{AccountId, DistrictId, MINUTE_MS, VolunteerId};
use wire::server::Role;

use super::volunteers::VISITOR;
use crate::boot::{Paper, Running, Steps, on_paper, qr};
use crate::records::{LinkFor, NewAccount, Office, SIGN_IN_PATH};

/// How long a sign-in link of the demo is good.
const LINK_MS: u64 = 30 * MINUTE_MS;

/// Who can sign in and has a page: account, name, role, words.
const ROLES: [(&str, &str, Role, &str); 3] = [
    ("demo-admin", "演示管理员", Role::Admin, "管理       admin"),
    ("demo-operator", "演示值班员", Role::Operator, "值班台     desk "),
    ("demo-wall", "演示大屏", Role::Wall, "大屏       wall "),
];

/// A role's words and its one-time link.
pub struct Link {
    words: &'static str,
    url: String,
}

/// Draws a one-time link for each role, and one for the visitor's phone.
///
/// # Errors
/// When the office cannot be written.
pub async fn sign_in_links(running: &Running) -> Result<Vec<Link>> {
    let office = &running.rooms.office;
    let mut people = Vec::new();
    for (name, display, role, _) in ROLES {
        people.push(LinkFor::Account(account(office, running.rooms.district, name, display, role).await?));
    }
    people.push(LinkFor::Volunteer(VolunteerId::new(running.rooms.district, VISITOR)));
    let codes = office.issue_links(people, LINK_MS).await?;
    let words = ROLES.iter().map(|(.., words)| *words).chain(["志愿者手机 phone"]);
    let link =
        |(words, code): (&'static str, String)| Link { words, url: format!("{}{SIGN_IN_PATH}#{code}", running.base) };
    Ok(words.zip(codes).map(link).collect())
}

/// The demo's account of this name; made when there is none.
///
/// # Errors
/// When the office cannot be written.
pub async fn account(
    office: &Office,
    district: DistrictId,
    name: &str,
    display: &str,
    role: Role,
) -> Result<AccountId> {
    let known = office.accounts().await?.into_iter().find(|account| account.name == name);
    if let Some(account) = known {
        return Ok(account.id);
    }
    let (name, display) = (name.to_owned(), display.to_owned());
    let districts = vec![district];
    Ok(office.add_account(NewAccount { name, display, role, districts, team: None, password: None }).await?)
}

/// Prints addresses, links and the phone's QR code.
///
/// # Errors
/// When the phone's link is too long for a QR code.
pub fn print(running: &Running, links: &[Link], steps: &Steps) -> Result<()> {
    let base = &running.base;
    println!("\n百应演示已就绪 / Baiying demo is ready  ({} ms)", steps.total_ms());
    println!("演示数据,不会通知任何真人。/ Sample data: no real person is notified.\n");
    for (words, path) in [("首页     home    ", ""), ("居民求助 resident", "resident")] {
        println!("  {words}  {base}/{path}");
    }
    println!("\n一次性登录链接(30 分钟内有效)/ one-time sign-in links (30 minutes):");
    for link in links {
        println!("  {}  {}", link.words, link.url);
    }
    scan(running, links)?;
    println!(
        "再次打印:重新运行 hub demo;清空:--reset;停止:Ctrl+C / again: run hub demo; clear: --reset; stop: Ctrl+C\n"
    );
    Ok(())
}

/// The phone's link to be scanned; for a hub that only this machine reaches, how to make it reach farther.
fn scan(running: &Running, links: &[Link]) -> Result<()> {
    let phone = links.last().filter(|_| running.on_the_network());
    match phone {
        Some(phone) => {
            println!("\n{}", on_paper(&qr(&phone.url)?, Paper::White));
            println!(
                "用手机扫码,点开始值班,下一个警报就会问到您。/ Scan it and go on duty: the next alarm will ask you."
            );
        }
        None => println!("\n要用真手机,请加 --lan。/ For real phones add --lan."),
    }
    if let Some(trust) = &running.trust {
        println!("手机先要信任本机证书 / a phone must trust this hub first: {trust}");
    }
    Ok(())
}
