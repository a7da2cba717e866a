//! What every handler has at hand: the districts served here, the office, the open sockets, the limits.

use std::path::PathBuf;
use std::sync::Arc;

use matcher::{CommandId, DistrictId, Position};

use super::error::Refusal;
use super::limits::Limits;
use super::peer::Road;
use super::ws::Registry;
use crate::engine::{Doors, EngineHandle};
use crate::records::Office;

/// The edge of one hub. Cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

struct Parts {
    doors: Doors,
    office: Office,
    about: About,
    sockets: Registry,
    limits: Limits,
    road: Option<Road>,
}

/// What the hub says of itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Every page says so.
    pub demo: bool,
    /// The addresses people type, best first: `https://192.168.1.20:8443`.
    pub addresses: Vec<String>,
    /// Origins of pages that may open a socket or post, exactly; the hub's own host is always one.
    pub origins: Vec<String>,
    /// The hub's own certificate authority (PEM), with `--tls self`: `/trust` serves it.
    pub authority: Option<PathBuf>,
    /// Renders `/metrics`.
    pub metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
}

impl Edge {
    pub fn new(engines: impl IntoIterator<Item = EngineHandle>, office: Office, about: About) -> Self {
        Self::among(engines.into_iter().collect(), office, about, None)
    }

    /// The same for one of several hubs: what it does not lead goes down `road`.
    pub fn among(doors: Doors, office: Office, about: About, road: Option<Road>) -> Self {
        Self(Arc::new(Parts { doors, office, about, sockets: Registry::default(), limits: Limits::new(), road }))
    }

    /// The way to the other hubs; `None` in a hub alone.
    pub(super) fn road(&self) -> Option<&Road> {
        self.0.road.as_ref()
    }

    pub fn office(&self) -> &Office {
        &self.0.office
    }

    pub fn about(&self) -> &About {
        &self.0.about
    }

    pub fn sockets(&self) -> &Registry {
        &self.0.sockets
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn engine(&self, district: DistrictId) -> Option<&EngineHandle> {
        self.0.doors.of(district)
    }

    /// # Errors
    /// `unknown_district`.
    pub fn led(&self, district: DistrictId) -> Result<&EngineHandle, Refusal> {
        self.engine(district).ok_or_else(|| Refusal::not_found("district"))
    }

    pub fn engines(&self) -> impl Iterator<Item = (DistrictId, &EngineHandle)> {
        self.0.doors.all().map(|door| (door.district(), door))
    }

    /// For an alarm whose district nobody knows.
    pub fn any_engine(&self) -> Option<&EngineHandle> {
        self.0.doors.all().next()
    }

    /// The district on one of whose grids the place lies.
    pub fn district_at(&self, position: Position) -> Option<DistrictId> {
        let on = |(_, engine): &(DistrictId, &EngineHandle)| engine.read(|d| d.grid_at(position).is_some());
        self.engines().find(on).map(|(district, _)| district)
    }

    /// The district that decided an alarm of the last 72 h.
    pub fn district_of_alarm(&self, alarm: CommandId) -> Option<DistrictId> {
        let knows = |(_, engine): &(DistrictId, &EngineHandle)| engine.read(|d| d.incident_of_command(alarm).is_some());
        self.engines().find(knows).map(|(district, _)| district)
    }
}
