//! Questions to a store: results one by one, and counts.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rusqlite::{OptionalExtension, params_from_iter, types::Value};

use super::place::Place;
use super::stored::{COLUMNS, Stored, codes};
use super::{Store, schema};
use crate::error::Result;
use crate::evidence::Probability;
use crate::verdict::Label;

/// Which results: all that the last scan saw, unless it says otherwise. What is empty or `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Results with one of these labels.
    pub labels: Vec<Label>,
    /// Results with a reason whose code begins so: `detector` or `detector.ai_image`.
    pub reasons: Vec<String>,
    /// Results whose probability is at least so high.
    pub min_probability: Option<Probability>,
    /// Results whose absolute path holds this text, or fits it where it has `*`, `?` or `[`; `*` goes over folders too.
    pub path: Option<String>,
    /// What was screened at this time or later.
    pub since: Option<SystemTime>,
    /// Files that the last whole scan of their folder did not see, in place of those that it saw.
    pub is_gone: bool,
    /// So many results at most.
    pub limit: Option<u64>,
}

impl Filter {
    /// What stands behind `FROM`, and the values in it.
    fn sql(&self) -> (String, Vec<Value>) {
        // Files first, by their index: nothing is sorted, however many there are.
        let mut sql = format!(
            "files f INDEXED BY files_path CROSS JOIN records r ON r.id = f.record WHERE f.is_gone = {}",
            self.is_gone
        );
        let mut values = Vec::new();
        let mut any = |test: &str, of: Vec<Value>| {
            if !of.is_empty() {
                sql += &format!(" AND ({})", vec![test; of.len()].join(" OR "));
                values.extend(of);
            }
        };
        any("r.label = ?", self.labels.iter().map(|label| label.code().to_owned().into()).collect());
        any("instr(r.reasons, ?)", self.reasons.iter().map(|code| format!(";{code}").into()).collect());
        any("r.probability >= ?", self.min_probability.iter().map(|least| least.get().into()).collect());
        if let Some(path) = &self.path {
            if path.contains(['*', '?', '[']) {
                any("CAST(f.path AS TEXT) GLOB ?", vec![path.clone().into()]);
            } else {
                any("instr(f.path, ?)", vec![path.clone().into_bytes().into()]);
            }
        }
        let since = self.since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
        any("r.screened_at >= ?", since.iter().map(|since| (since.as_secs() as i64).into()).collect());
        sql += " ORDER BY f.path";
        if let Some(limit) = self.limit {
            sql += &format!(" LIMIT {}", limit.min(i64::MAX as u64));
        }
        (sql, values)
    }
}

/// Counts of results.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// All that fit.
    pub files: u64,
    /// Pictures with each label, in the order of [`Label::ALL`].
    pub labels: [u64; Label::ALL.len()],
    /// Pictures that could not be read or decoded; they are among the inconclusive.
    pub unreadable: u64,
    /// What is no picture.
    pub not_images: u64,
    /// Files with each reason, by its code.
    pub reasons: BTreeMap<String, u64>,
    /// Files in the store that the last whole scan of their folder did not see, whatever was asked for.
    pub gone: u64,
}

/// The last scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastScan {
    /// When it began, to the second.
    pub started_at: SystemTime,
    /// When it had seen everything; `None` where it was broken off or goes on.
    pub finished_at: Option<SystemTime>,
}

impl Store {
    /// Shows every result that fits, in byte order of the paths, one at a time. `each` must not use the store; a scan may.
    ///
    /// # Errors
    /// Those of reading, and that of `each`, which ends it.
    pub fn for_each(&self, filter: &Filter, mut each: impl FnMut(Stored) -> Result<()>) -> Result<()> {
        let (from, values) = filter.sql();
        let failed = |error| schema::failed(error).about(self.path().display());
        let sql = format!("SELECT f.path, f.is_gone, {COLUMNS} FROM {from}");
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let path = row.get(0).map(Place).map_err(failed)?.path();
            let is_gone = row.get(1).map_err(failed)?;
            each(Stored::read(row, 2, path, is_gone).map_err(failed)?)?;
        }
        Ok(())
    }

    /// Counts the results that fit.
    ///
    /// # Errors
    /// Those of reading.
    pub fn totals(&self, filter: &Filter) -> Result<Totals> {
        let (from, values) = filter.sql();
        self.asking(|connection| {
            let mut totals = Totals {
                gone: connection
                    .query_row("SELECT count(*) FROM files WHERE is_gone", (), |row| row.get::<_, i64>(0))?
                    .unsigned_abs(),
                ..Totals::default()
            };
            let sql = format!("SELECT r.label, r.is_image, r.is_unreadable, r.reasons FROM {from}");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                totals.files += 1;
                if !row.get::<_, bool>(1)? {
                    totals.not_images += 1;
                    continue;
                }
                totals.unreadable += u64::from(row.get::<_, bool>(2)?);
                let code = row.get_ref(0)?.as_str()?;
                for (label, count) in Label::ALL.iter().zip(&mut totals.labels) {
                    *count += u64::from(label.code() == code);
                }
                let mut told: Vec<&str> = codes(row.get_ref(3)?.as_str()?).collect();
                told.sort_unstable();
                told.dedup();
                for code in told {
                    match totals.reasons.get_mut(code) {
                        Some(count) => *count += 1,
                        None => drop(totals.reasons.insert(code.to_owned(), 1)),
                    }
                }
            }
            Ok(totals)
        })
    }

    /// The last scan; `None` where there was none.
    ///
    /// # Errors
    /// Those of reading.
    pub fn last_scan(&self) -> Result<Option<LastScan>> {
        let time = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        self.asking(|connection| {
            let sql = "SELECT started_at, finished_at FROM scans ORDER BY id DESC LIMIT 1";
            let scan = |row: &rusqlite::Row<'_>| {
                let finished_at: Option<i64> = row.get(1)?;
                Ok(LastScan { started_at: time(row.get(0)?), finished_at: finished_at.map(time) })
            };
            connection.query_row(sql, (), scan).optional()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_in_order_and_not_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path().join("a.store")).unwrap();
        let filter = Filter {
            labels: Label::ALL.to_vec(),
            reasons: vec!["detector".to_owned()],
            min_probability: Probability::new(0.5),
            path: Some("*.jpg".to_owned()),
            since: Some(SystemTime::now()),
            is_gone: false,
            limit: Some(3),
        };
        for filter in [Filter::default(), filter] {
            let (from, values) = filter.sql();
            let sql = format!("EXPLAIN QUERY PLAN SELECT f.path, {COLUMNS} FROM {from}");
            let mut statement = store.connection.prepare(&sql).unwrap();
            let plan = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = plan.map(|step| step.unwrap()).collect();
            assert!(plan[0].contains("USING INDEX") && plan.len() == 2, "{plan:?}");
            assert!(plan.iter().all(|step| !step.contains("TEMP")), "{plan:?}");
        }
    }
}
