//! Content Credentials as entries of an evidence record.

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::evidence::c2pa::{Claims, Credentials, Ingredient, Manifest};

pub(super) fn entries<M: SerializeMap>(credentials: &Credentials, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("kind", "c2pa")?;
    match credentials {
        Credentials::Absent => map.serialize_entry("manifest", "absent"),
        Credentials::Remote { url } => {
            map.serialize_entry("manifest", "remote")?;
            map.serialize_entry("url", url)
        }
        Credentials::Unreadable { message } => {
            map.serialize_entry("manifest", "unreadable")?;
            map.serialize_entry("message", message)
        }
        Credentials::Present(manifest) => present(manifest, map),
    }
}

fn present<M: SerializeMap>(manifest: &Manifest, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("manifest", "present")?;
    map.serialize_entry("integrity", manifest.integrity.code())?;
    map.serialize_entry("trust", manifest.trust.code())?;
    for (name, value) in [("signer", &manifest.signer), ("signed_at", &manifest.signed_at)] {
        if let Some(value) = value {
            map.serialize_entry(name, value)?;
        }
    }
    let ClaimsRecord { generator, actions, digital_source_types, software } =
        ClaimsRecord::of(&manifest.claims);
    if let Some(generator) = generator {
        map.serialize_entry("generator", generator)?;
    }
    map.serialize_entry("actions", &actions)?;
    map.serialize_entry("digital_source_types", &digital_source_types)?;
    if !software.is_empty() {
        map.serialize_entry("software", &software)?;
    }
    if !manifest.ingredients.is_empty() {
        let ingredients: Vec<_> = manifest.ingredients.iter().map(IngredientRecord::of).collect();
        map.serialize_entry("ingredients", &ingredients)?;
    }
    map.serialize_entry("failures", &manifest.failures)
}

#[derive(Serialize)]
struct IngredientRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    relationship: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    claims: Option<ClaimsRecord<'a>>,
}

impl<'a> IngredientRecord<'a> {
    fn of(ingredient: &'a Ingredient) -> Self {
        Self {
            title: ingredient.title.as_deref(),
            relationship: ingredient.relationship.code(),
            integrity: ingredient.integrity.map(|integrity| integrity.code()),
            claims: ingredient.integrity.map(|_| ClaimsRecord::of(&ingredient.claims)),
        }
    }
}

#[derive(Serialize)]
struct ClaimsRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    generator: Option<&'a str>,
    /// Each name once.
    actions: Vec<&'a str>,
    digital_source_types: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    software: Vec<&'a str>,
}

impl<'a> ClaimsRecord<'a> {
    fn of(claims: &'a Claims) -> Self {
        Self {
            generator: claims.generator.as_deref(),
            actions: once(claims.actions.iter().map(|action| action.name.as_str())),
            digital_source_types: claims.digital_source_types(),
            software: once(claims.actions.iter().filter_map(|action| action.software.as_deref())),
        }
    }
}

/// Each once, in their order.
fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}
