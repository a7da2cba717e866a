//! Answers that are a no: one type, rendered as a problem (RFC 9457) or as the error of a `result` frame, in the
//! caller's language.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matcher::IncidentId;
use wire::Id;
use wire::problem::{CommandError, Problem, Retry};

/// The language of a caller's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// The first of Chinese and English that `Accept-Language` names; Chinese when it names neither.
    pub fn of(headers: &HeaderMap) -> Self {
        let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let tags = wish.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        tags.into_iter()
            .find_map(|tag| match tag.get(..2) {
                Some("zh") => Some(Self::Chinese),
                Some("en") => Some(Self::English),
                _ => None,
            })
            .unwrap_or_default()
    }
}

/// A no with its reason in both languages. `code` is stable, for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub words: Words,
    /// JSON pointer (RFC 6901) to the field that is to blame.
    pub pointer: Option<String>,
    pub retry: Retry,
    pub incident: Option<Id>,
}

/// One thing said in Chinese and in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub zh: String,
    pub en: String,
}

impl Words {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, code, words: Words::new(zh, en), pointer: None, retry: Retry::No, incident: None }
    }

    /// The request itself is wrong: 400.
    pub fn bad(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, zh, en)
    }

    /// A field has a value that cannot be: 422, with its pointer.
    pub fn field(pointer: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, zh, en).at(pointer)
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "登录已失效或没有登录,请重新登录",
            "no valid token: sign in again and send `Authorization: Bearer <token>`",
        )
    }

    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "您没有权限做这件事", "your role does not allow this here")
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("没有找到{},或无权查看", noun(what)),
            format!("there is no such {what}, or it is not yours to see"),
        )
    }

    /// The hub cannot at the moment: 503. Whether it took effect is unknown only if `retry` says `same_id`.
    pub fn unavailable(code: &'static str, retry: Retry) -> Self {
        let (zh, en) = ("系统正忙,请稍后用同一编号重试", "the hub cannot do this now; send the same id again");
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, zh, en);
        refusal.retry = retry;
        refusal
    }

    /// For the operator: the chain goes to the log, the caller learns only that it failed.
    pub fn failed(error: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        let (zh, en) = ("系统出错,已记录,请重试", "the hub failed; it has been logged. Send the same id again");
        let mut refusal = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", zh, en);
        refusal.retry = Retry::SameId;
        refusal
    }

    pub fn at(mut self, pointer: &str) -> Self {
        self.pointer = Some(pointer.to_owned());
        self
    }

    pub fn about(mut self, incident: IncidentId) -> Self {
        self.incident = Some(Id(incident.0));
        self
    }

    pub fn after_ms(mut self, ms: u32) -> Self {
        self.retry = Retry::AfterMs(ms);
        self
    }

    /// The error of a `result` frame.
    pub fn command_error(&self, language: Language) -> CommandError {
        CommandError {
            code: self.code.to_owned(),
            detail: self.words.in_language(language).to_owned(),
            pointer: self.pointer.clone(),
            retry: self.retry,
            incident: self.incident,
        }
    }

    pub fn problem(&self, language: Language) -> Problem {
        Problem {
            kind: format!("about:blank#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.words.in_language(language).to_owned(),
            pointer: self.pointer.clone(),
            retry: self.retry,
            incident: self.incident,
        }
    }

    pub fn into_problem(self, language: Language) -> Said {
        Said { refusal: Box::new(self), language }
    }
}

/// In Chinese; the English word where there is none yet.
pub fn noun(what: &str) -> &str {
    match what {
        "account" => "账号",
        "district" => "这个区",
        "incident" => "事件",
        "volunteer" => "志愿者",
        other => other,
    }
}

/// A refusal on its way out over HTTP.
#[derive(Debug)]
pub struct Said {
    refusal: Box<Refusal>,
    language: Language,
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let problem = self.refusal.problem(self.language);
        let body = serde_json::to_vec(&problem).expect("a problem is JSON");
        let mut response = (self.refusal.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let language = if self.language == Language::English { "en" } else { "zh-CN" };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
        if let Retry::AfterMs(ms) = self.refusal.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        if self.refusal.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
