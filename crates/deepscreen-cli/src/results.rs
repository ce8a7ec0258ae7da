//! `deepscreen results`: what scans have stored in, a list or counts out.

use std::io::Write;

use deepscreen::store::{LastScan, Store, Totals};
use deepscreen::{Error, ErrorKind, Label, Summary};
use serde_json::json;

use crate::args::{ResultsArguments, ResultsFormat};
use crate::output::{Report, check_apart, sink};
use crate::text::Text;
use crate::{Failed, Outcome, time};

pub(crate) fn run(arguments: &ResultsArguments, text: Text) -> Result<Outcome, Failed> {
    check_apart(arguments.out.as_ref(), Some(&arguments.store), text)?;
    let store = Store::open(&arguments.store)?;
    if arguments.summary { count(&store, arguments, text) } else { list(&store, arguments, text) }
}

fn list(store: &Store, arguments: &ResultsArguments, text: Text) -> Result<Outcome, Failed> {
    let mut report = Report::of_results(arguments, text)?;
    let mut summary = Summary::default();
    let mut broken = None;
    let listed = store.for_each(&arguments.filter(), |stored| {
        summary.count_stored(&stored);
        report.add_stored(&stored).map_err(|error| {
            broken = Some(error);
            Error::new(ErrorKind::Unreadable, "cannot be written")
        })
    });
    match broken {
        Some(error) => return Err(error),
        None => listed?,
    }
    report.finish(&summary, &text.results(&summary))?;
    Ok(Outcome::Done)
}

fn count(store: &Store, arguments: &ResultsArguments, text: Text) -> Result<Outcome, Failed> {
    let (totals, last) = (store.totals(&arguments.filter())?, store.last_scan()?);
    let page = match arguments.format {
        ResultsFormat::Table => text.totals(&totals, last.as_ref()),
        ResultsFormat::Jsonl => for_a_program(&totals, last.as_ref()),
        ResultsFormat::Csv => rows(&totals),
        ResultsFormat::Html | ResultsFormat::Sarif => {
            return Err(Failed::Message(text.counts_have_no_page().to_owned()));
        }
    };
    let mut out = sink(arguments.out.as_ref())?;
    out.write_all(page.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Done)
}

fn labels(totals: &Totals) -> impl Iterator<Item = (&'static str, u64)> {
    Label::ALL.map(Label::code).into_iter().zip(totals.labels)
}

fn for_a_program(totals: &Totals, last: Option<&LastScan>) -> String {
    let page = json!({
        "files": totals.files,
        "labels": labels(totals).collect::<std::collections::BTreeMap<_, _>>(),
        "reasons": totals.reasons,
        "unreadable": totals.unreadable,
        "not_images": totals.not_images,
        "gone": totals.gone,
        "started_at": last.map(|last| time::shown(last.started_at)),
        "finished_at": last.and_then(|last| last.finished_at).map(time::shown),
    });
    format!("{page}\n")
}

fn rows(totals: &Totals) -> String {
    let mut rows = "what,code,count\n".to_owned();
    let mut add = |what: &str, code: &str, count: u64| rows += &format!("{what},{code},{count}\n");
    labels(totals).for_each(|(code, count)| add("label", code, count));
    // Codes have no comma, nor a quotation mark.
    totals.reasons.iter().for_each(|(code, count)| add("reason", code, *count));
    add("unreadable", "", totals.unreadable);
    add("not_images", "", totals.not_images);
    add("gone", "", totals.gone);
    add("files", "", totals.files);
    rows
}
