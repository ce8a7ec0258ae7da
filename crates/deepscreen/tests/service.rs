//! The example `service`, started as a program and asked over sockets, by a real client and by rude ones.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::Value;

/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Service {
    process: Child,
    url: String,
}

/// A status, the header `Retry-After`, a body.
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

impl Service {
    fn start(variables: &[(&str, &str)]) -> Self {
        let mut command = support::example("service");
        command.arg("127.0.0.1:0").envs(variables.iter().copied()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        Self { process, url }
    }

    /// With time enough for a machine that does other things too.
    fn patient(settings: &str, queue: &str) -> Self {
        Self::start(&[("SETTINGS", settings), ("QUEUE", queue), ("DEADLINE_MS", "120000")])
    }

    fn screen(&self, body: &[u8]) -> Answer {
        let request = ureq::post(format!("{}/screen", self.url));
        let request = request.config().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let mut response = request.send(body).unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        Answer {
            status: response.status().as_u16(),
            retry_after: response
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap(),
        }
    }

    fn free_places(&self) -> usize {
        let mut response = ureq::get(format!("{}/health", self.url)).call().unwrap();
        response.body_mut().read_to_string().unwrap().parse().unwrap()
    }

    fn wait_for_free_places(&self, wanted: usize) {
        let start = Instant::now();
        while self.free_places() != wanted {
            assert!(start.elapsed() < PATIENCE, "{} places are free, not {wanted}", self.free_places());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A client that says how much it will send and sends what it likes.
    fn connect(&self, headers: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("POST /screen HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn everything(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn picture() -> Vec<u8> {
    std::fs::read(support::root().join("fixtures/sample/valley.jpg")).unwrap()
}

/// Hashes alone, in one thread: nothing to load.
const HASHES: &str = r#"{"models": [], "threads": 1, "limits": {"max_bytes": 100000}}"#;

#[test]
fn a_picture_gets_its_record_and_so_does_what_is_none() {
    let service = Service::patient("{}", "4");
    let answer = service.screen(&picture());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["schema"], deepscreen::SCHEMA);
    assert_eq!(answer.body["input"]["format"], "jpeg");
    assert_eq!(answer.body["verdict"]["label"], "no_indication");
    assert!(answer.body["verdict"]["probability"].is_number());

    let bad: [(&[u8], _); 3] =
        [(b"no picture", "not_an_image"), (b"", "empty"), (b"\xff\xd8\xff", "truncated")];
    for (body, code) in bad {
        let answer = service.screen(body);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["verdict"]["label"], "inconclusive");
        assert_eq!(answer.body["failures"][0]["code"], code);
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_the_service_goes_on() {
    let service = Service::patient(HASHES, "4");
    let answer = service.screen(&vec![0; 100_001]);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.body["error"], "more bytes than the limit");

    // What is announced is refused before any of it is sent.
    let announced = everything(service.connect("Content-Length: 100000000000", b""));
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    // What is not announced is refused as soon as it is too much.
    let chunk = [b"186a1\r\n", vec![0; 100_001].as_slice(), b"\r\n"].concat();
    let unannounced = everything(service.connect("Transfer-Encoding: chunked", &chunk));
    assert!(
        unannounced.starts_with("HTTP/1.1 413 ") && unannounced.contains(r#"{"error":"#),
        "{unannounced}"
    );

    assert_eq!(service.screen(&picture()).status, 200);
    service.wait_for_free_places(5);
}

#[test]
fn who_comes_when_all_places_are_taken_is_told_to_come_again() {
    let service = Service::patient(HASHES, "1");
    let picture = picture();
    let (first, rest) = picture.split_at(1000);
    let length = format!("Content-Length: {}", picture.len());
    let mut slow: Vec<TcpStream> = (0..2).map(|_| service.connect(&length, first)).collect();
    service.wait_for_free_places(0);

    let answer = service.screen(&picture);
    assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("1")));
    assert_eq!(answer.body["error"], "every place is taken");

    // One goes on, the other hangs up: both places are free again.
    let mut one = slow.remove(0);
    one.write_all(rest).unwrap();
    let record = everything(one);
    assert!(record.starts_with("HTTP/1.1 200 ") && record.contains(deepscreen::SCHEMA), "{record}");
    drop(slow);
    service.wait_for_free_places(2);
    assert_eq!(service.screen(&picture).status, 200);
}

#[test]
fn of_many_at_once_each_is_screened_or_told_to_come_again() {
    const CLIENTS: usize = 16;
    let service = Service::patient(r#"{"threads": 1}"#, "2");
    let (picture, start) = (picture(), Barrier::new(CLIENTS));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            service.screen(&picture)
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let (screened, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(screened.len() >= 3, "one at work and two waiting, but {} screened", screened.len());
    assert!(screened.iter().all(|answer| answer.body["verdict"] == screened[0].body["verdict"]));
    assert!(!refused.is_empty(), "16 at once found 3 places");
    assert!(refused.iter().all(|answer| answer.status == 503 && answer.retry_after.is_some()));
    service.wait_for_free_places(3);
}

#[test]
fn a_picture_that_misses_its_deadline_keeps_its_place_until_it_is_done() {
    // Eight variants: much longer than the deadline, which is enough to send the picture.
    let settings = r#"{"threads": 1, "stability": 8}"#;
    let service = Service::start(&[("SETTINGS", settings), ("QUEUE", "1"), ("DEADLINE_MS", "200")]);
    let answer = service.screen(&picture());
    assert_eq!((answer.status, answer.retry_after), (504, None));
    assert_eq!(answer.body["error"], "not done within the deadline");
    assert_eq!(service.free_places(), 1, "it is still at work");
    service.wait_for_free_places(2);
}

#[test]
fn a_client_that_dawdles_is_cut_off_at_the_deadline() {
    let service = Service::start(&[("SETTINGS", HASHES), ("QUEUE", "0"), ("DEADLINE_MS", "300")]);
    let answer = everything(service.connect("Content-Length: 50000", b"slowly"));
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    service.wait_for_free_places(1);
}

#[cfg(unix)]
#[test]
fn an_interrupt_lets_what_is_under_way_finish() {
    let mut service = Service::patient(HASHES, "0");
    let picture = picture();
    let mut slow = service.connect(&format!("Content-Length: {}", picture.len()), &picture[..1000]);
    service.wait_for_free_places(0);
    let interrupt =
        std::process::Command::new("kill").args(["-INT", &service.process.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    slow.write_all(&picture[1000..]).unwrap();
    assert!(everything(slow).starts_with("HTTP/1.1 200 "));
    assert!(service.process.wait().unwrap().success());
}
