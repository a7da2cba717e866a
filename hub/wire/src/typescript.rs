//! The TypeScript of everything that travels, as one module: `hub/web/shared/wire.gen.ts`.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::client::ClientFrame;
use crate::command::CommandArgs;
use crate::http::{Contact, NewUser, OneTimeLink, Session, SignIn, UserRow, WsTicket};
use crate::problem::Problem;
use crate::rows::{DeskRows, ResidentRows, VolunteerRows, WallRows};
use crate::server::ServerFrame;

const HEAD: &str = "// Generated from hub/wire, not written: UPDATE_GENERATED=1 cargo test -p wire typescript\n";

/// Every type that can be reached from a frame, a command, a view or an HTTP body, by name.
///
/// Lists that are empty and options that are not there may be left out of the JSON; the pages read rows as partial.
pub fn module() -> String {
    let mut found = Declarations { config: Config::default(), seen: HashSet::new(), by_name: BTreeMap::new() };
    found.visit::<ClientFrame>();
    found.visit::<ServerFrame<WallRows>>();
    found.visit::<DeskRows>();
    found.visit::<VolunteerRows>();
    found.visit::<ResidentRows>();
    found.visit::<CommandArgs>();
    found.visit::<SignIn>();
    found.visit::<Session>();
    found.visit::<WsTicket>();
    found.visit::<Contact>();
    found.visit::<NewUser>();
    found.visit::<OneTimeLink>();
    found.visit::<UserRow>();
    found.visit::<Problem>();
    let declarations = found.by_name.into_values().map(|declaration| format!("\nexport {declaration}\n"));
    std::iter::once(HEAD.to_string()).chain(declarations).collect()
}

struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Numbers, strings and lists have no path: they are named where they stand.
        if T::output_path().is_some() {
            self.by_name.insert(T::ident(&self.config), T::decl(&self.config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn typescript_of_the_pages_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/shared/wire.gen.ts");
        let made = super::module();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&path, &made).expect("hub/web/shared can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "hub/web/shared/wire.gen.ts is old: UPDATE_GENERATED=1 cargo test -p wire typescript");
    }
}
