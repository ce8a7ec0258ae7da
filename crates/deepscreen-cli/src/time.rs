//! Points in time as a person writes and reads them, in UTC.

use std::time::{Duration, SystemTime};

const DAY: i64 = 86_400;

/// `2026-11-27`, `2026-11-27T18:30`, `2026-11-27T18:30:05Z`, or how long ago: `90m`, `12h`, `7d`.
pub(crate) fn since(text: &str) -> Result<SystemTime, String> {
    let wrong = || "2026-11-27, 2026-11-27T18:30 or 90m, 12h, 7d expected".to_owned();
    ago(text).or_else(|| date(text)).ok_or_else(wrong)
}

fn ago(text: &str) -> Option<SystemTime> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => DAY as u64,
        'w' => 7 * DAY as u64,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    SystemTime::now().checked_sub(Duration::from_secs(number.checked_mul(unit)?))
}

fn date(text: &str) -> Option<SystemTime> {
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let numbers = |text: &str, separator: char| -> Option<Vec<i64>> {
        let number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
        text.split(separator).map(number).collect()
    };
    let (date, clock) = (numbers(date, '-')?, numbers(clock.strip_suffix('Z').unwrap_or(clock), ':')?);
    let [year @ 1970..=9999, month @ 1..=12, day @ 1..=31] = *date else { return None };
    let (hour, minute, second) = match *clock {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 60 || civil(days(year, month, day)) != (year, month, day) {
        return None;
    }
    let seconds = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()))
}

/// `2026-11-27T18:30:05Z`.
pub(crate) fn shown(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Days since 1970: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The same back: `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        // GNU date: date -u -d 2026-11-27T18:30:05Z +%s
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("2024-02-29", 1_709_164_800),
            ("2026-11-27T18:30:05Z", 1_795_804_205),
            ("2026-11-27 18:30", 1_795_804_200),
        ] {
            assert_eq!(since(text), Ok(at(seconds)), "{text}");
        }
        assert_eq!(shown(at(1_795_804_205)), "2026-11-27T18:30:05Z");
        assert_eq!(shown(at(1_709_164_800)), "2024-02-29T00:00:00Z");
        let then = since("90m").unwrap();
        let ago = SystemTime::now().duration_since(then).unwrap();
        assert!(ago >= Duration::from_secs(5400) && ago < Duration::from_secs(5460));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "yesterday", "2026", "2026-13-01", "2026-02-30", "2026-11-27T25:00", "7", "-7d", "d", "ă"]
        {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
