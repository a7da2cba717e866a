//! Accounts of the desk: an administrator makes, lists and disables them. A new account has no password: its owner sets
//! out with a one-time link.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use matcher::{Actor, DistrictId, MINUTE_MS, TeamId};
use wire::Time;
use wire::http::{NewUser, OneTimeLink, UserRow};
use wire::problem::Problem;

use super::super::Edge;
use super::super::auth::{Verb, may_look};
use super::super::error::{Refusal, Said};
use super::answer::{Answered, InLanguage};
use super::take::{Exactly, MaybeKey, Who};
use crate::records::{Account, AuditEntry, Invitation, NewAccount, SIGN_IN_PATH};

/// How long the link of a new account is good.
const LINK_TTL_MS: u64 = 30 * MINUTE_MS;

/// The accounts of one's districts.
#[utoipa::path(get, path = "/v1/users", tag = "users",
    responses((status = 200, body = Vec<UserRow>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(edge): State<Edge>, who: Who) -> Answered<Vec<UserRow>> {
    administers(&who, &who.identity.districts).said(who.language)?;
    let accounts = edge.office().accounts().await.said(who.language)?;
    let mine = |account: &Account| administers(&who, &account.districts).is_ok();
    Ok(Json(accounts.into_iter().filter(mine).map(row).collect()))
}

/// Whether every one of these districts is the administrator's.
fn administers(who: &Who, districts: &[DistrictId]) -> Result<(), Refusal> {
    let all = !districts.is_empty() && districts.iter().all(|d| may_look(&who.identity, Verb::ManageUsers, *d));
    if all { Ok(()) } else { Err(Refusal::forbidden()) }
}

fn row(account: Account) -> UserRow {
    UserRow {
        account: account.name,
        name: account.display,
        role: account.role,
        districts: account.districts.iter().map(ToString::to_string).collect(),
        disabled: account.disabled_at.is_some(),
    }
}

/// Make an account. The answer is the link by which its owner signs in the first time.
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = NewUser,
    params(("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = OneTimeLink),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(edge): State<Edge>,
    who: Who,
    key: MaybeKey,
    Exactly(body): Exactly<NewUser>,
) -> Answered<OneTimeLink> {
    let add = async {
        let once = key.once(Some(&who), "/v1/users", &body);
        let districts = districts(&edge, &who, &body.districts)?;
        administers(&who, &districts)?;
        let account = NewAccount {
            name: body.account.clone(),
            display: body.name,
            role: body.role,
            districts,
            team: body.team.map(|team| TeamId(team.0)),
            password: None,
        };
        let entry = entry(who.identity.actor, "add_account", &body.account);
        let (code, until) =
            edge.office().invite_account(account, Invitation { ttl_ms: LINK_TTL_MS, entry, once }).await?;
        let expires_at = Time(until.0);
        Ok::<_, Refusal>(OneTimeLink { path: format!("{SIGN_IN_PATH}#{code}"), code, expires_at })
    };
    add.await.json(who.language)
}

fn districts(edge: &Edge, who: &Who, said: &[String]) -> Result<Vec<DistrictId>, Refusal> {
    if said.is_empty() {
        return Ok(who.identity.districts.clone());
    }
    said.iter().map(|text| edge.district_named(text).map_err(|refusal| refusal.at("/districts"))).collect()
}

/// Disable an account: it can no longer sign in, and its sessions and sockets end at once.
#[utoipa::path(post, path = "/v1/users/{account}/disable", tag = "users",
    params(("account" = String, Path), ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn disable(
    State(edge): State<Edge>,
    who: Who,
    key: MaybeKey,
    Path(account): Path<String>,
) -> Result<StatusCode, Said> {
    let disable = async {
        administers(&who, &edge.office().account(&account).await?.districts)?;
        let once = key.once(Some(&who), "/v1/users/disable", &account);
        edge.office().audit_once(entry(who.identity.actor, "disable_account", &account), once).await?;
        edge.office().disable_account(&account).await?;
        Ok::<_, Refusal>(())
    };
    disable.await.said(who.language)?;
    Ok(StatusCode::NO_CONTENT)
}

fn entry(actor: Actor, verb: &'static str, account: &str) -> AuditEntry {
    AuditEntry { actor, verb, resource: format!("account/{account}"), detail: String::new() }
}
