//! What a handler gives back.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::super::error::{Language, Refusal, Said};

/// JSON, or a problem in the caller's language.
pub type Answered<T> = Result<Json<T>, Said>;

/// Puts a refusal into the caller's language.
pub trait InLanguage<T> {
    fn said(self, language: Language) -> Result<T, Said>;

    fn json(self, language: Language) -> Answered<T>
    where
        Self: Sized,
    {
        self.said(language).map(Json)
    }
}

impl<T, E: Into<Refusal>> InLanguage<T> for Result<T, E> {
    fn said(self, language: Language) -> Result<T, Said> {
        self.map_err(|error| error.into().into_problem(language))
    }
}

/// A body of another media type.
pub fn typed(media_type: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let mut response = body.into().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
