//! A mesh that can be switched off in every format of a recipe: a table of sizes, or `false`.
//!
//! TOML has no null, so that an absent field alone could not say "none" where the default is some.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::measure::background::Params;

type Switch = Option<Params>;

pub(super) fn serialize<S: Serializer>(mesh: &Switch, to: S) -> Result<S::Ok, S::Error> {
    match mesh {
        Some(mesh) => mesh.serialize(to),
        None => to.serialize_bool(false),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Switch, D::Error> {
    from.deserialize_any(SwitchVisitor)
}

struct SwitchVisitor;

impl<'de> Visitor<'de> for SwitchVisitor {
    type Value = Switch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mesh and filter sizes, or false")
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<Switch, E> {
        Ok(on.then(Params::default))
    }

    fn visit_unit<E: Error>(self) -> Result<Switch, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switch, A::Error> {
        Params::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
