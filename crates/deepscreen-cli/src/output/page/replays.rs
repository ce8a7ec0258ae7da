//! What the results of a page depend on beside the pictures: all of it that is different, and no more than a page can show.

use serde::Serialize;
use serde_json::Value;

use super::shown;

/// So many different values of each are listed: a page of stored results may join scans of years.
const MOST: usize = 12;

/// Settings, each in all its values.
#[derive(Default, Serialize)]
pub(super) struct Replays {
    programs: Vec<String>,
    engines: Vec<String>,
    policies: Vec<String>,
    models: Vec<Named>,
    lists: Vec<Named>,
    /// Whether there are others.
    more: bool,
}

#[derive(PartialEq, Serialize)]
struct Named {
    name: String,
    sha256: String,
}

impl Replays {
    pub(super) fn count(&mut self, replay: &Value) {
        let text = |name: &str| replay[name].as_str().map(shown);
        let mut more = false;
        let found = [
            (&mut self.programs, text("deepscreen")),
            (&mut self.engines, text("engine")),
            (&mut self.policies, text("policy")),
        ];
        for (known, value) in found {
            more |= value.is_some_and(|value| !put(known, value));
        }
        for (known, name) in [(&mut self.models, "models"), (&mut self.lists, "lists")] {
            for (name, sha256) in replay[name].as_object().into_iter().flatten() {
                let value = Named { name: shown(name), sha256: shown(sha256.as_str().unwrap_or_default()) };
                more |= !put(known, value);
            }
        }
        self.more |= more;
    }
}

/// Whether there was room for it.
fn put<T: PartialEq>(known: &mut Vec<T>, value: T) -> bool {
    if known.contains(&value) {
        return true;
    }
    let has_room = known.len() < MOST;
    if has_room {
        known.push(value);
    }
    has_room
}
