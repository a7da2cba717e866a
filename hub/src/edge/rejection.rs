//! What the core and the office refuse, in a caller's words: code, status, pointer, Chinese and English.

use axum::http::StatusCode;
use matcher::Rejection;
use matcher::command::{Field, Why};
use wire::problem::Retry;

use super::error::{Refusal, noun};
use crate::records::OfficeError;

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let en = rejection.to_string();
        let no = |code, zh: &str| conflict(code, zh, &en);
        match rejection {
            Rejection::Unknown { what, id } => unknown(what, id, &en),
            Rejection::UnknownSkill(number) => {
                Self::field("/skill", "unknown_skill", format!("本区没有编号为 {number} 的技能"), en)
            }
            Rejection::UnknownKind(kind) => {
                Self::field("/kind", "unknown_kind", format!("没有“{kind}”这一类的预案"), en)
            }
            Rejection::OverLimit { field, got, max } => {
                Self::field(&pointer(field), "over_limit", format!("{field} 为 {got},最多 {max}"), en)
            }
            Rejection::Invalid { field, why } => invalid(field, why, en),
            Rejection::OfferOver { incident, .. } => no("offer_over", "这个派单已结束,仍可报名前往").about(incident),
            Rejection::AlreadyFilled { incident } => no("already_filled", "已有人去了,谢谢您").about(incident),
            Rejection::IncidentEnded { incident } => no("incident_ended", "这件事已经结束").about(incident),
            Rejection::IncidentNotEnded { incident } => no("incident_not_ended", "这件事还没有结束").about(incident),
            Rejection::AssignmentOver { .. } => no("assignment_over", "这次接单已经结束"),
            Rejection::Engaged { .. } => no("engaged", "这位志愿者正忙于另一件事"),
            Rejection::OffDuty { .. } => no("off_duty", "这位志愿者没有值班"),
            Rejection::Guest { .. } => no("guest", "这位志愿者的归属区是另一个区,只能由那里派出"),
            Rejection::NotQualified { .. } => no("not_qualified", "这位志愿者没有所缺的技能"),
            Rejection::NotYours => Self::new(StatusCode::FORBIDDEN, "not_yours", "这是另一位志愿者的", en),
            Rejection::TaskOver { .. } => no("task_over", "这项任务已经办完"),
            Rejection::IdempotencyConflict { .. } => {
                no("idempotency_conflict", "这个编号已用于另一个内容不同的命令,请换新编号")
            }
            Rejection::AidOver { aid } => no("aid_over", "这次支援请求已结束").about(aid.incident),
            Rejection::NoAidHere { .. } => no("no_aid_here", "本区无法提供这种支援"),
            Rejection::NothingToEscalate { incident } => no("nothing_to_escalate", "预案已到最后一步").about(incident),
        }
    }
}

fn conflict(code: &'static str, zh: &str, en: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, zh, en)
}

fn pointer(field: Field) -> String {
    match field {
        Field::Position | Field::Centre | Field::Shape => "/place".to_owned(),
        named => format!("/{named}"),
    }
}

/// The code names the noun: `unknown_incident`.
fn unknown(what: Field, id: u64, en: &str) -> Refusal {
    let (code, zh) = match what {
        Field::Incident | Field::Duplicate | Field::Into | Field::To => ("unknown_incident", "事件"),
        Field::Offer => ("unknown_offer", "派单"),
        Field::Assignment => ("unknown_assignment", "接单"),
        Field::Volunteer | Field::Volunteers | Field::By => ("unknown_volunteer", "志愿者"),
        Field::Grid | Field::Grids => ("unknown_grid", "网格"),
        Field::Team | Field::Teams => ("unknown_team", "队伍"),
        Field::Task => ("unknown_task", "任务"),
        Field::Call => ("unknown_call", "来电"),
        Field::Alarm => ("unknown_alarm", "警报"),
        Field::Aid => ("unknown_aid", "支援请求"),
        _ => ("unknown", "对象"),
    };
    Refusal::new(StatusCode::NOT_FOUND, code, format!("本区没有这个{zh}({id})"), en).at(&pointer(what))
}

fn invalid(field: Field, why: Why, en: String) -> Refusal {
    let (code, zh) = match why {
        Why::Empty => ("empty", "不能为空"),
        Why::InThePast => ("in_the_past", "已经过去"),
        Why::OutsideDistrict => ("outside_district", "在本区之外"),
        Why::Twice => ("twice", "同一项写了两次"),
        Why::Character => ("bad_character", "含有不允许的字符"),
        Why::TooFewPoints => ("too_few_points", "多边形至少要有三个不同的点"),
        Why::Zero => ("zero", "至少为 1"),
        Why::OtherDistrict => ("other_district", "属于另一个区"),
        Why::Circle => ("circle", "会形成循环"),
        Why::Itself => ("itself", "不能是自己"),
        Why::NotChoosable => ("not_choosable", "只能选择可派或巡逻"),
        Why::InUse => ("in_use", "仍在使用"),
        Why::OtherClass => ("other_class", "两件事不是同一类"),
    };
    Refusal::field(&pointer(field), code, format!("{field} {zh}"), en)
}

impl From<OfficeError> for Refusal {
    fn from(error: OfficeError) -> Self {
        let en = error.to_string();
        let denied = |code, zh: &str, en: String| Self::new(StatusCode::UNAUTHORIZED, code, zh, en);
        match error {
            OfficeError::WrongCredentials => denied("wrong_credentials", "账号或密码不对,或账号已停用", en),
            OfficeError::LinkOver => denied("link_over", "链接无效、已用过或已过期,请重新索取", en),
            OfficeError::Unauthenticated => Self::unauthenticated(),
            OfficeError::SessionOver => denied("session_over", "登录已过期,请重新登录", en),
            OfficeError::TicketOver => denied("ticket_over", "连接票据无效或已过期,请重新领取", en),
            OfficeError::TooManySignIns => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sign_ins", "登录的人太多,请稍后再试", en)
                    .after_ms(SIGN_IN_RETRY_MS)
            }
            OfficeError::IdempotencyConflict => {
                conflict("idempotency_conflict", "这个编号已用于另一个内容不同的请求,请换新编号", &en)
            }
            OfficeError::Invalid { field, why } => {
                Self::field(&format!("/{field}"), "invalid", format!("{field}:{why}"), format!("{field}: {why}"))
            }
            OfficeError::Unknown { what, .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown", format!("没有这个{}", noun(what)), en)
            }
            OfficeError::Unreachable(chain) => {
                tracing::warn!(error = format!("{chain:#}"), "a request waits for the office's database");
                Self::unavailable("office_unreachable", Retry::SameId)
            }
            OfficeError::Failed(chain) => Self::failed(&chain),
        }
    }
}

/// When a refused sign-in may be tried again.
const SIGN_IN_RETRY_MS: u32 = 2_000;
