//! `models pull` against a server in this process: whole files, halves, other files, refusals. No internet.
#![cfg(feature = "pull")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deepscreen_models::AI_IMAGE;
use sha2::{Digest, Sha256};
use support::{Home, Run, contract};

/// What was asked for: the path, and the headers by their lower-case names.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    headers: HashMap<String, String>,
}

impl Request {
    /// The first byte that is asked for.
    fn start(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }

    fn if_range(&self) -> Option<&str> {
        self.headers.get("if-range").map(String::as_str)
    }
}

/// What a server answers, byte by byte.
struct Answer {
    head: String,
    body: Vec<u8>,
    /// After this many bytes of the body the connection ends.
    cut: Option<usize>,
    /// Then nothing happens for so long.
    silence: Duration,
}

impl Answer {
    fn new(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}");
        Self { head, body: body.to_vec(), cut: None, silence: Duration::ZERO }
    }

    fn sized(mut self) -> Self {
        self.head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        self
    }

    fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }

    /// A file as a good server gives it: whole, or the rest of it if it is still the same.
    fn file(request: &Request, file: &[u8], tag: &str) -> Self {
        let same = request.if_range().is_none_or(|wanted| wanted == tag);
        let headers = [("ETag", tag), ("Accept-Ranges", "bytes")];
        match request.start().filter(|_| same) {
            Some(start) if start >= file.len() => {
                let range = format!("bytes */{}", file.len());
                Self::new("416 Range Not Satisfiable", &[("Content-Range", &range)], b"").sized()
            }
            Some(start) => Self::rest(file, start, tag),
            None => Self::new("200 OK", &headers, file).sized(),
        }
    }

    fn rest(file: &[u8], start: usize, tag: &str) -> Self {
        let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
        let headers = [("ETag", tag), ("Content-Range", &range)];
        Self::new("206 Partial Content", &headers, &file[start..]).sized()
    }

    fn redirect(to: &str) -> Self {
        Self::new("302 Found", &[("Location", to)], b"").sized()
    }

    fn send(self, mut stream: TcpStream) {
        let end = self.cut.unwrap_or(self.body.len()).min(self.body.len());
        let _ = stream.write_all(format!("{}\r\n", self.head).as_bytes());
        let _ = stream.write_all(&self.body[..end]);
        let _ = stream.flush();
        std::thread::sleep(self.silence);
    }
}

type Handler = Arc<Mutex<Box<dyn FnMut(&Request) -> Answer + Send>>>;

/// A server whose answers change while it runs.
struct Server {
    url: String,
    handler: Handler,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn new(handler: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler: Handler = Arc::new(Mutex::new(Box::new(handler)));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (handler_here, requests_here) = (handler.clone(), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let Some(request) = read_request(&stream) else { continue };
                requests_here.lock().unwrap().push(request.clone());
                let answer = handler_here.lock().unwrap()(&request);
                std::thread::spawn(move || answer.send(stream));
            }
        });
        Self { url, handler, requests }
    }

    /// The model's two files, as a good server gives them.
    fn good() -> Self {
        Self::new(good)
    }

    fn now(&self, handler: impl FnMut(&Request) -> Answer + Send + 'static) {
        *self.handler.lock().unwrap() = Box::new(handler);
    }

    /// The requests for the weights since the last call.
    fn requests(&self) -> Vec<Request> {
        let all = std::mem::take(&mut *self.requests.lock().unwrap());
        all.into_iter().filter(|request| request.path.contains("onnx")).collect()
    }

    /// A catalogue whose entry `theirs` points here; `change` may spoil it.
    fn catalog(&self, home: &Home, change: impl Fn(String) -> String) {
        let (toml, onnx) = (contract(), AI_IMAGE.weights);
        let text = format!(
            r#"
schema = 1
[[model]]
id = "theirs"
name = "Their detector"
detects = "ai_generated"
licence = "Their licence"
homepage = "https://example.org/theirs"
about = "For tests."
files = [
    {{ path = "model.toml", url = "{0}/model.toml", sha256 = "{1}", bytes = {2} }},
    {{ path = "model.onnx", url = "{0}/model.onnx", sha256 = "{3}", bytes = {4} }},
]
"#,
            self.url,
            sha256(toml.as_bytes()),
            toml.len(),
            sha256(onnx),
            onnx.len(),
        );
        std::fs::write(home.path("catalog.toml"), change(text)).unwrap();
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    Some(Request { path, headers })
}

fn good(request: &Request) -> Answer {
    match request.path.as_str() {
        "/model.toml" => Answer::file(request, contract().as_bytes(), "\"contract\""),
        "/model.onnx" => Answer::file(request, AI_IMAGE.weights, "\"weights\""),
        _ => Answer::new("404 Not Found", &[], b"nothing here").sized(),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without what lets a client see that a file is another one.
fn unknown(catalog: String) -> String {
    let hash = format!(", sha256 = \"{}\", bytes = {}", sha256(AI_IMAGE.weights), AI_IMAGE.weights.len());
    assert!(catalog.contains(&hash));
    catalog.replace(&hash, "")
}

/// The size of the model as people read it.
fn size() -> String {
    format!("{:.1} MiB", AI_IMAGE.weights.len() as f64 / f64::from(1 << 20))
}

fn pull(home: &Home) -> Run {
    home.run("models pull theirs --catalog catalog.toml --engine rten")
}

/// Nothing is there that a scan could use, and it says so in the words that are asked for.
fn refused(home: &Home, run: &Run, says: &[&str]) {
    assert_eq!(run.status, 2, "{}{}", run.out, run.err);
    for says in says {
        assert!(run.err.contains(says), "{says:?}: {}", run.err);
    }
    assert!(!home.model("theirs").exists());
    assert!(run.out.is_empty(), "{}", run.out);
}

const HALF: usize = 3_000_000;

#[test]
fn a_pulled_model_is_announced_checked_and_scans() {
    let (home, server) = (Home::new(), Server::good());
    server.catalog(&home, |catalog| catalog);
    home.write_picture();
    let run = pull(&home);
    assert_eq!(run.status, 0, "{}", run.err);
    let from = format!("{}/model.onnx", server.url);
    for says in ["Their detector", "Their licence", &size(), &from, "models/theirs"] {
        assert!(run.err.contains(says), "{says}: {}", run.err);
    }
    assert!(!run.err.contains("SHA-256 unknown"), "{}", run.err);
    assert!(run.out.contains("theirs: sound, runs on rten"), "{}", run.out);
    assert_eq!(server.requests().len(), 1);
    assert!(!home.model(".partial/theirs").exists());

    let list = home.run("models list");
    let added = &list.out[list.out.find("Added, in").unwrap()..];
    assert!(added.contains("Their licence"), "{}", list.out);
    let scan = home.run("scan --engine rten --format jsonl --model theirs table.jpg");
    assert!(scan.out.contains("detector/theirs@"), "{}{}", scan.out, scan.err);

    let again = pull(&home);
    assert!(again.status == 2 && again.err.contains("--force"), "{}", again.err);
    assert!(server.requests().is_empty(), "nothing is fetched that would not be kept");
    let forced = home.run("models pull theirs --catalog catalog.toml --engine rten --force");
    assert_eq!(forced.status, 0, "{}", forced.err);
}

#[test]
fn a_connection_that_ends_early_is_resumed_and_only_the_rest_is_asked_for() {
    let (home, server) = (Home::new(), Server::new(|request| good(request).cut(HALF)));
    server.catalog(&home, |catalog| catalog);
    let ended = |after: &str| format!("/model.onnx: the connection ended after {after} MiB of {}", size());
    refused(&home, &pull(&home), &[&ended("2.9"), "again"]);
    server.requests();
    server.now(|request| good(request).cut(1_000_000));
    refused(&home, &pull(&home), &[&ended("3.8")]);
    server.now(good);
    let run = pull(&home);
    assert_eq!(run.status, 0, "{}", run.err);
    let asked: Vec<_> =
        server.requests().iter().map(|r| (r.start(), r.if_range().map(str::to_owned))).collect();
    let tag = Some("\"weights\"".to_owned());
    assert_eq!(asked, [(Some(HALF), tag.clone()), (Some(HALF + 1_000_000), tag)]);
}

#[test]
fn a_silent_server_is_left_after_the_users_patience_and_resumed() {
    let half = |request: &Request| {
        let mut answer = good(request);
        if request.path.ends_with("onnx") {
            answer = answer.cut(HALF);
            answer.silence = Duration::from_secs(20);
        }
        answer
    };
    let (home, server) = (Home::new(), Server::new(half));
    server.catalog(&home, |catalog| catalog);
    let start = std::time::Instant::now();
    let run = home.run("models pull theirs --catalog catalog.toml --timeout 1");
    refused(&home, &run, &["/model.onnx: the server is silent", "--timeout"]);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    server.requests();
    server.now(good);
    assert_eq!(pull(&home).status, 0);
    assert_eq!(server.requests()[0].start(), Some(HALF));
}

/// Each of them would put two halves together that do not belong together, were it not seen. Nothing else shows it
/// here: the catalogue knows neither hash nor size.
#[test]
fn halves_of_different_files_are_never_put_together() {
    let old = vec![7; AI_IMAGE.weights.len()];
    let first = move |tag: &'static str| {
        let old = old.clone();
        move |request: &Request| match request.path.as_str() {
            "/model.onnx" => Answer::file(request, &old, tag).cut(HALF),
            _ => good(request),
        }
    };
    let polite = |request: &Request| match request.path.as_str() {
        "/model.onnx" => Answer::file(request, AI_IMAGE.weights, "\"new\""),
        _ => good(request),
    };
    let ignores_ranges = |request: &Request| match request.path.as_str() {
        "/model.onnx" => Answer::new("200 OK", &[], AI_IMAGE.weights).sized(),
        _ => good(request),
    };
    // Gives the rest of the new file, whatever `If-Range` says.
    let rude = |request: &Request| match (request.path.as_str(), request.start()) {
        ("/model.onnx", Some(start)) => Answer::rest(AI_IMAGE.weights, start, "\"new\""),
        _ => good(request),
    };
    let forgets = |request: &Request| match (request.path.as_str(), request.start()) {
        ("/model.onnx", Some(_)) => Answer::new("416 Range Not Satisfiable", &[], b"").sized(),
        _ => good(request),
    };
    let elsewhere = |request: &Request| match (request.path.as_str(), request.start()) {
        ("/model.onnx", Some(start)) => Answer::rest(AI_IMAGE.weights, start - 1, "\"old\""),
        _ => good(request),
    };
    type Second = Box<dyn Fn(&Request) -> Answer + Send>;
    let cases: [(&str, &'static str, Second, &[Option<usize>]); 7] = [
        ("If-Range is heeded", "\"old\"", Box::new(polite), &[Some(HALF)]),
        ("ranges are ignored", "\"old\"", Box::new(ignores_ranges), &[Some(HALF)]),
        ("If-Range is ignored", "\"old\"", Box::new(rude), &[Some(HALF), None]),
        ("the range is gone", "\"old\"", Box::new(forgets), &[Some(HALF), None]),
        ("another range comes", "\"old\"", Box::new(elsewhere), &[Some(HALF), None]),
        // A weak validator does not promise the same bytes, and without any nobody can promise them.
        ("a weak validator", "W/\"old\"", Box::new(polite), &[None]),
        ("no validator", "", Box::new(polite), &[None]),
    ];
    for (case, tag, second, asked) in cases {
        let (home, server) = (Home::new(), Server::new(first(tag)));
        server.catalog(&home, unknown);
        refused(&home, &pull(&home), &["the connection ended", "SHA-256 unknown of model.onnx"]);
        server.requests();
        server.now(second);
        let run = pull(&home);
        assert_eq!(run.status, 0, "{case}: {}", run.err);
        let starts: Vec<_> = server.requests().iter().map(Request::start).collect();
        assert_eq!(starts, asked, "{case}");
        let arrived = format!("model.onnx  SHA-256 {}", sha256(AI_IMAGE.weights));
        assert!(run.out.contains(&arrived), "{case}: {}", run.out);
    }
}

#[test]
fn a_wrong_hash_names_both_deletes_what_came_and_installs_nothing() {
    let mut wrong = AI_IMAGE.weights.to_vec();
    wrong[1_000] ^= 1;
    let found = sha256(&wrong);
    let (home, server) = (
        Home::new(),
        Server::new(move |request| match request.path.as_str() {
            "/model.onnx" => Answer::file(request, &wrong, "\"wrong\""),
            _ => good(request),
        }),
    );
    server.catalog(&home, |catalog| catalog);
    refused(&home, &pull(&home), &["/model.onnx: SHA-256 is", &found, &sha256(AI_IMAGE.weights), "deleted"]);
    server.requests();
    server.now(good);
    assert_eq!(pull(&home).status, 0);
    assert_eq!(server.requests()[0].start(), None, "nothing is left to resume");
}

#[test]
fn every_refusal_names_the_address_and_says_what_to_do() {
    let big = |_: &Request| Answer::new("200 OK", &[], &vec![0; AI_IMAGE.weights.len() + 70_000]);
    let chunked = |_: &Request| {
        let more = AI_IMAGE.weights.len() + 70_000;
        let chunk = format!("{more:x}\r\n{}\r\n", "0".repeat(more));
        Answer::new("200 OK", &[("Transfer-Encoding", "chunked")], chunk.as_bytes())
    };
    type Bad = Box<dyn Fn(&Request) -> Answer + Send>;
    let status = |status: &'static str| -> Bad { Box::new(move |_| Answer::new(status, &[], b"no").sized()) };
    let redirect = |to: &'static str| -> Bad { Box::new(move |_| Answer::redirect(to)) };
    let short = |_: &Request| Answer::new("200 OK", &[], b"short").sized();
    let another = format!("{} bytes expected, the server has 5", AI_IMAGE.weights.len());
    let (larger, nothing) =
        (format!("larger than the {}", size()), format!("the connection ended after 0 B of {}", size()));
    let cases: [(&str, Bad, &str); 12] = [
        ("404", status("404 Not Found"), "not there (404)"),
        ("403", status("403 Forbidden"), "models add"),
        ("500", status("500 Internal Server Error"), "answers 500"),
        ("206 unasked", status("206 Partial Content"), "answers 206"),
        ("loop", redirect("/model.onnx"), "more than 5 redirects"),
        ("file", redirect("file:///etc/passwd"), "file:///etc/passwd"),
        ("nowhere", redirect(""), "not followed"),
        ("another size", Box::new(short), &another),
        ("endless", Box::new(big), &larger),
        ("endless, chunked", Box::new(chunked), &larger),
        ("ends at once", Box::new(|_| Answer::new("200 OK", &[], b"")), &nothing),
        (
            "garbage",
            Box::new(|_| Answer { head: "SSH-2.0\r\n".into(), ..Answer::redirect("") }),
            "cannot be reached",
        ),
    ];
    for (case, bad, says) in cases {
        let (home, server) = (
            Home::new(),
            Server::new(move |request| match request.path.as_str() {
                "/model.onnx" => bad(request),
                _ => good(request),
            }),
        );
        server.catalog(&home, |catalog| catalog);
        let run = pull(&home);
        assert_eq!(run.status, 2, "{case}");
        refused(&home, &run, &[&format!("{}/model.onnx: ", server.url), says]);
        let asked = server.requests().len();
        assert_eq!(asked, if case == "loop" { 6 } else { 1 }, "{case}");
    }
    let (home, closed) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let server = Server::good();
    server.catalog(&home, |catalog| catalog.replace(&server.url, &format!("http://{closed}")));
    refused(&home, &pull(&home), &[&closed.to_string(), "cannot be reached"]);
    // A server that speaks no TLS where it is expected.
    server.catalog(&home, |catalog| catalog.replace("http://127", "https://127"));
    refused(&home, &pull(&home), &["https://127", "cannot be reached"]);
}

#[test]
fn five_redirects_are_followed_and_the_range_goes_along() {
    let hops = |request: &Request| match request.path.as_str() {
        "/model.onnx" => Answer::redirect("/1/onnx"),
        "/1/onnx" => Answer::redirect("/2/onnx"),
        "/2/onnx" => Answer::redirect("/3/onnx"),
        "/3/onnx" => Answer::redirect("/4/onnx?a=b"),
        "/4/onnx?a=b" => Answer::redirect("/5/onnx"),
        "/5/onnx" => Answer::file(request, AI_IMAGE.weights, "\"weights\""),
        _ => good(request),
    };
    let (home, server) = (Home::new(), Server::new(move |request| hops(request).cut(HALF)));
    server.catalog(&home, |catalog| catalog);
    refused(&home, &pull(&home), &["the connection ended"]);
    server.requests();
    server.now(hops);
    assert_eq!(pull(&home).status, 0);
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|request| request.start() == Some(HALF)), "{requests:?}");
}

#[test]
fn what_arrived_and_is_unusable_is_kept_for_a_version_that_can_use_it() {
    let (home, server) = (Home::new(), Server::good());
    // No contract among the files: the entry has it, at first one of a version to come.
    let with = |contract: String| {
        move |catalog: String| {
            let lines: Vec<&str> = catalog.lines().filter(|line| !line.contains("model.toml")).collect();
            format!("{}\ncontract = '''\n{contract}'''\n", lines.join("\n"))
        }
    };
    server.catalog(&home, with(contract().replace("schema = 1", "schema = 9")));
    let run = pull(&home);
    refused(&home, &run, &["theirs: arrived, and cannot be used", "schema 9", "models remove theirs"]);
    assert_eq!(server.requests().len(), 1);
    server.catalog(&home, with(contract()));
    let run = pull(&home);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(server.requests().is_empty(), "the weights are fetched once");

    // Where the size is unknown the server says that nothing is missing.
    let (home, server) = (Home::new(), Server::good());
    server.catalog(&home, |catalog| unknown(with(contract().replace("schema = 1", "schema = 9"))(catalog)));
    refused(&home, &pull(&home), &["arrived, and cannot be used"]);
    server.catalog(&home, |catalog| unknown(with(contract())(catalog)));
    server.requests();
    let run = pull(&home);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(
        server.requests().iter().map(Request::start).collect::<Vec<_>>(),
        [Some(AI_IMAGE.weights.len())]
    );

    server.catalog(&home, with(contract().replace("schema = 1", "schema = 9")));
    assert_eq!(home.run("models pull theirs --catalog catalog.toml --force").status, 2);
    assert!(home.model("theirs").exists(), "the model before it stays");
    assert_eq!(home.run("models remove theirs").status, 0);
    assert!(!home.model(".partial/theirs").exists(), "what is left of a download goes too");
}

#[test]
fn names_and_catalogues_that_are_wrong_are_refused_before_anything_is_asked_for() {
    let (home, server) = (Home::new(), Server::good());
    server.catalog(&home, |catalog| catalog);
    for (arguments, says) in [
        ("models pull mine --catalog catalog.toml", vec!["mine: not in the catalogue", "theirs"]),
        ("models pull theirs", vec!["theirs: not in the catalogue", "sdxl-detector"]),
        ("models pull theirs --catalog nowhere.toml", vec!["nowhere.toml: cannot be read"]),
        ("models pull theirs --catalog bad.toml", vec!["bad.toml", "theirs", "../model.onnx"]),
        ("models pull ai-image --catalog bundled.toml", vec!["ai-image: travels inside"]),
        ("models pull theirs --catalog catalog.toml --timeout 0", vec!["--timeout"]),
        ("scan --model sdxl-detector .", vec!["sdxl-detector", "deepscreen models pull sdxl-detector"]),
    ] {
        let read = std::fs::read_to_string(home.path("catalog.toml")).unwrap();
        let bad = read.replace("path = \"model.onnx\"", "path = \"../model.onnx\"");
        std::fs::write(home.path("bad.toml"), bad).unwrap();
        let bundled = read.replace("id = \"theirs\"", "id = \"ai-image\"");
        std::fs::write(home.path("bundled.toml"), bundled).unwrap();
        let run = home.run(arguments);
        assert_eq!(run.status, 2, "{arguments}");
        for says in says {
            assert!(run.err.contains(says), "{arguments} does not say {says:?}: {}", run.err);
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn two_commands_never_fetch_the_same_model_at_once() {
    let (home, server) = (Home::new(), Server::good());
    server.catalog(&home, |catalog| catalog);
    let state = home.model(".partial/theirs/state");
    std::fs::create_dir_all(&state).unwrap();
    let lock = std::fs::File::create(state.join("lock")).unwrap();
    lock.lock().unwrap();
    refused(&home, &pull(&home), &["another command fetches this model"]);
    assert!(server.requests().is_empty());
    drop(lock);
    assert_eq!(pull(&home).status, 0);
}

#[test]
fn what_a_catalogue_or_a_server_says_cannot_write_on_the_terminal() {
    let home = Home::new();
    let server = Server::new(|_| Answer::redirect("ftp://a/\u{1b}[2J"));
    server.catalog(&home, |catalog| catalog.replace("Their licence", "MIT\\u001b[2J"));
    let run = pull(&home);
    assert_eq!(run.status, 2);
    assert!(!run.err.contains('\u{1b}'), "{:?}", run.err);
}

#[test]
fn vietnamese_is_spoken_while_fetching_too() {
    let (home, server) = (Home::new(), Server::new(|request| good(request).cut(HALF)));
    server.catalog(&home, unknown);
    let run = home.run("models pull theirs --catalog catalog.toml --lang vi");
    refused(&home, &run, &["giấy phép Their licence", "chưa biết SHA-256 của model.onnx", "kết nối bị ngắt"]);
}
