//! What is printed once the demo is ready: which address, which sign-in.

use anyhow::Result;
use matcher::{MINUTE_MS, VolunteerId};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use wire::server::Role;

use super::volunteers::VISITOR;
use crate::boot::{Running, Steps};
use crate::records::{LinkFor, NewAccount, SIGN_IN_PATH};

/// How long a sign-in link of the demo is good.
const LINK_MS: u64 = 30 * MINUTE_MS;

/// Who can sign in: account, name, role, words.
const ROLES: [(&str, &str, Role, &str); 3] = [
    ("demo-admin", "演示管理员", Role::Admin, "管理员   admin    "),
    ("demo-operator", "演示值班员", Role::Operator, "值班员   operator "),
    ("demo-wall", "演示大屏", Role::Wall, "大屏     wall     "),
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
    let known = office.accounts().await?;
    let mut people = Vec::new();
    for (name, display, role, _) in ROLES {
        let account = known.iter().find(|account| account.name == name).map(|account| account.id);
        let account = match account {
            Some(id) => id,
            None => office.add_account(new_account(running, name, display, role)).await?,
        };
        people.push(LinkFor::Account(account));
    }
    people.push(LinkFor::Volunteer(VolunteerId::new(running.rooms.district, VISITOR)));
    let codes = office.issue_links(people, LINK_MS).await?;
    let words = ROLES.iter().map(|(.., words)| *words).chain(["志愿者手机 phone  "]);
    let link =
        |(words, code): (&'static str, String)| Link { words, url: format!("{}{SIGN_IN_PATH}#{code}", running.base) };
    Ok(words.zip(codes).map(link).collect())
}

fn new_account(running: &Running, name: &str, display: &str, role: Role) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        display: display.to_owned(),
        role,
        districts: vec![running.rooms.district],
        team: None,
        password: None,
    }
}

/// Prints addresses, links and the phone's QR code.
pub fn print(running: &Running, links: &[Link], steps: &Steps) {
    let base = &running.base;
    println!("\n百应演示已就绪 / Baiying demo is ready  ({} ms)", steps.total_ms());
    println!("演示数据,不会通知任何真人。/ Sample data: no real person is notified.\n");
    println!("  首页 home   {base}/\n  大屏 wall   {base}/wall\n  手机 phone  {base}/phone\n");
    println!("一次性登录链接(30 分钟内有效)/ one-time sign-in links (30 minutes):");
    for link in links {
        println!("  {} {}", link.words, link.url);
    }
    match links.last().filter(|_| running.base != running.local) {
        Some(phone) => {
            println!("\n{}", qr(&phone.url));
            println!(
                "用手机扫码,点开始值班,下一个警报就会问到您。/ Scan it and go on duty: the next alarm will ask you."
            );
            println!("手机先要信任本机证书 / a phone must trust this hub first: {base}/trust");
        }
        None => println!("\n要用真手机,请加 --lan。/ For real phones add --lan."),
    }
    println!(
        "再次打印:重新运行 hub demo;清空:--reset;停止:Ctrl+C / again: run hub demo; clear: --reset; stop: Ctrl+C\n"
    );
}

fn qr(text: &str) -> String {
    match QrCode::new(text.as_bytes()) {
        Ok(code) => code.render::<Dense1x2>().quiet_zone(true).build(),
        Err(error) => format!("({error})"),
    }
}
