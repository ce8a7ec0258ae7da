//! `deepscreen bank`: known fakes and verified originals, kept in files and looked up.

mod add;
mod lookup;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use deepscreen::bank::{Bank, Entry, ExportFormat, Writer};
use deepscreen::{EntryLabel, Error, ErrorKind};

pub(crate) use add::Counts;

use crate::args::{BankArguments, BankCommand};
use crate::output::{escape, print, sink};
use crate::text::Text;
use crate::{Failed, Outcome};

/// So many faults of a list are shown; the rest is counted.
const MOST_FAULTS: u64 = 100;

pub(crate) fn run(arguments: &BankArguments, text: Text) -> Result<Outcome, Failed> {
    match &arguments.command {
        BankCommand::Create { bank, distance } => {
            let made = Bank::create(bank)?;
            made.write(|writer| writer.set_distance((*distance).into()))?;
            print(text.bank_is_made(bank, *distance).as_bytes())
        }
        BankCommand::Add(arguments) => add::run(arguments, text),
        BankCommand::Remove { bank, entries } => remove(bank, entries, text),
        BankCommand::Import { bank, lists, label, source } => {
            let mut template = Entry::new(*label);
            template.source.clone_from(source);
            import(bank, lists, &template, text)
        }
        BankCommand::Export { bank, format, label, out } => export(bank, *format, *label, out.as_ref(), text),
        BankCommand::Match(arguments) => lookup::run(arguments, text),
        BankCommand::Stats { bank } => {
            let stats = Bank::open(bank)?.stats()?;
            print(text.bank_stats(bank, &stats).as_bytes())
        }
        BankCommand::Merge { bank, others } => merge(bank, others, text),
    }
}

/// All or none, so that a number that is wrong by mistake removes nothing.
fn remove(bank: &Path, entries: &[String], text: Text) -> Result<Outcome, Failed> {
    let bank = Bank::open(bank)?;
    let number = |entry: &String| match entry.parse() {
        Ok(number) => Ok(number),
        Err(_) => match sha256_of(entry) {
            Some(sha256) => match bank.find(&sha256)? {
                Some((number, _)) => Ok(number),
                None => Err(Failed::Message(text.no_such_file_in_bank(entry))),
            },
            None => Err(Failed::Message(text.not_an_entry(entry))),
        },
    };
    let numbers: Vec<u32> = entries.iter().map(number).collect::<Result<_, _>>()?;
    let remove = |writer: &Writer<'_>| numbers.iter().try_for_each(|number| writer.remove(*number));
    bank.write(remove)?;
    print(text.removed(numbers.len() as u64).as_bytes())
}

fn sha256_of(text: &str) -> Option<[u8; 32]> {
    let digit = |at: usize| char::from(*text.as_bytes().get(at)?).to_digit(16);
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = (digit(2 * i)? << 4 | digit(2 * i + 1)?) as u8;
    }
    (text.len() == 64).then_some(bytes)
}

fn import(bank: &Path, lists: &[PathBuf], template: &Entry, text: Text) -> Result<Outcome, Failed> {
    let bank = Bank::open(bank)?;
    let (mut used, mut left_out) = (0, 0);
    for path in lists {
        let is_standard_input = path == Path::new("-");
        let (name, list): (String, Box<dyn BufRead>) = if is_standard_input {
            ("-".to_owned(), Box::new(std::io::stdin().lock()))
        } else {
            let unreadable = |error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error);
            let file = File::open(path).map_err(|error| unreadable(error).about(path.display()))?;
            (path.display().to_string(), Box::new(BufReader::with_capacity(1 << 20, file)))
        };
        let mut faults = 0;
        let imported = bank.import(list, template, |fault| {
            faults += 1;
            if faults <= MOST_FAULTS {
                eprintln!("{}", escape(&format!("{name}:{}: {:#}", fault.line, fault.error)));
            }
        });
        let imported = imported.map_err(|error| error.about(&name))?;
        if faults > MOST_FAULTS {
            eprintln!("{}", text.more_faults(&name, faults - MOST_FAULTS));
        }
        print(text.imported(&name, &imported).as_bytes())?;
        used += imported.added + imported.known;
        left_out += imported.faults;
    }
    if left_out > 0 && used == 0 {
        return Err(Failed::Message(text.nothing_imported()));
    }
    Ok(Outcome::Done)
}

fn export(
    bank: &Path,
    format: ExportFormat,
    label: Option<EntryLabel>,
    out: Option<&PathBuf>,
    text: Text,
) -> Result<Outcome, Failed> {
    let bank = Bank::open(bank)?;
    let label = label.or((!format.has_labels()).then_some(EntryLabel::KnownFake));
    let mut out = BufWriter::with_capacity(1 << 20, sink(out)?);
    let written = bank.export(format, label, &mut out)?;
    out.flush()?;
    eprintln!("{}", text.exported(written, format, label));
    Ok(Outcome::Done)
}

fn merge(bank: &Path, others: &[PathBuf], text: Text) -> Result<Outcome, Failed> {
    let bank = Bank::open(bank)?;
    for path in others {
        let merged = bank.merge(&Bank::open(path)?)?;
        for (number, error) in &merged.refused {
            eprintln!("{}", text.not_merged(path, *number, error));
        }
        print(text.merged(path, &merged).as_bytes())?;
    }
    Ok(Outcome::Done)
}
