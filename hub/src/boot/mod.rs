//! Starting and stopping: settings, the data folder, logs, and the only place where all rooms meet.
//!
//! Absent here: rules of dispatching, SQL, HTTP. A room that needs another is given it here, in [`compose`].

mod beat;
mod cluster;
mod compose;
mod config;
mod districts;
mod door;
mod folder;
mod qr;
mod refusal;
mod shutdown;
pub mod starter;
mod steps;
mod telemetry;

pub use beat::BeatSettings;
pub use cluster::ClusterSettings;
pub use compose::{Purpose, Rooms, Running, journal, office, open, start};
pub use config::{
    DistrictSettings, LogFormat, LogSettings, Settings, StoreSettings, TlsMode, TlsSettings, WakeSettings,
};
pub use districts::Districts;
pub use folder::DataFolder;
pub use qr::{Paper, on_paper, qr};
pub use refusal::Refusal;
pub use shutdown::asked_to_stop;
pub use steps::Steps;
pub use telemetry::begin as begin_telemetry;

#[cfg(test)]
mod tests;
