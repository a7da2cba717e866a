//! HTTP under `/v1`: every command has its twin here, and polling is a full fallback for the socket.

mod alarms;
mod answer;
mod cap;
mod define;
mod doctor;
mod enrol;
mod files;
mod guard;
mod health;
mod incidents;
mod pages;
mod people;
mod sessions;
mod settings;
mod streams;
mod take;
mod twins;
mod users;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Edge;
use super::ws;

/// Everything that this hub answers.
pub fn router(edge: Edge) -> Router {
    let (described, _) = described();
    let pages = Router::new()
        .route("/", get(pages::signpost))
        .route("/wall", get(pages::wall))
        .route("/phone", get(pages::phone))
        .route("/resident", get(pages::resident))
        .route("/desk", get(pages::desk))
        .route("/admin", get(pages::admin))
        .route("/sign-in", get(pages::sign_in))
        .route("/trust", get(pages::trust))
        .route("/doctor/{code}", get(doctor::opened))
        .route("/trust/baiying-ca.pem", get(pages::authority))
        .route("/assets/{*path}", get(pages::asset));
    let all = described.merge(pages).route("/v1/ws", get(ws::upgrade));
    guard::guarded(all).with_state(edge)
}

/// The routes that are described, and their description: what is wired is what is said.
pub fn described() -> (Router<Edge>, utoipa::openapi::OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Described::openapi())
        .merge(calls())
        .merge(commands())
        .merge(reads())
        .merge(office())
        .split_for_parts();
    let components = api.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("bearer".to_owned(), bearer.into());
    (router, api)
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Baiying", version = "1.0.0", description = include_str!("about.md"), license(name = "Apache-2.0")),
    security(("bearer" = []))
)]
struct Described;

fn calls() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(alarms::raise))
        .routes(routes!(alarms::cancel))
        .routes(routes!(alarms::request))
        .routes(routes!(cap::receive))
        .routes(routes!(cap::send))
}

fn commands() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(twins::go_on_duty))
        .routes(routes!(twins::go_off_duty))
        .routes(routes!(twins::check_in))
        .routes(routes!(twins::received))
        .routes(routes!(twins::seen))
        .routes(routes!(twins::accept))
        .routes(routes!(twins::decline))
        .routes(routes!(twins::volunteer_for))
        .routes(routes!(twins::en_route))
        .routes(routes!(twins::on_scene))
        .routes(routes!(twins::done))
        .routes(routes!(twins::abort))
        .routes(routes!(twins::reassign))
        .routes(routes!(twins::substitute))
        .routes(routes!(twins::assign))
        .routes(routes!(twins::stand_down))
        .routes(routes!(twins::escalate))
        .routes(routes!(twins::merge))
        .routes(routes!(twins::unmerge))
        .routes(routes!(twins::cancel))
        .routes(routes!(twins::close))
        .routes(routes!(twins::reopen))
        .routes(routes!(twins::note))
        .routes(routes!(twins::complete))
        .routes(routes!(twins::drill))
}

fn reads() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::one))
        .routes(routes!(incidents::timeline))
        .routes(routes!(incidents::explain))
        .routes(routes!(incidents::contact))
        .routes(routes!(people::volunteers, enrol::add))
        .routes(routes!(enrol::one, enrol::change, enrol::stand_down))
        .routes(routes!(enrol::contact))
        .routes(routes!(people::teams, define::add_team))
        .routes(routes!(define::put_team))
        .routes(routes!(define::districts))
        .routes(routes!(define::district))
        .routes(routes!(settings::grids, files::grids))
        .routes(routes!(define::remove_grid))
        .routes(routes!(define::plan))
        .routes(routes!(settings::plans, files::plans))
        .routes(routes!(settings::skills, files::skills))
        .routes(routes!(settings::menu, files::menu))
        .routes(routes!(streams::poll))
}

fn office() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(sessions::sign_in, sessions::sign_out))
        .routes(routes!(sessions::renew))
        .routes(routes!(sessions::ticket))
        .routes(routes!(sessions::device))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::disable))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
        .routes(routes!(health::asyncapi))
}
