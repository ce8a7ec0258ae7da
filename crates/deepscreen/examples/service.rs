//! A small HTTP service: POST the bytes of a picture to /screen, get its record.
//!
//! cargo run --release -p deepscreen --example service -- 127.0.0.1:8080
//! curl --data-binary @upload.jpg http://127.0.0.1:8080/screen
//!
//! It holds one picture a thread and QUEUE more at most; whoever comes then is told to come again. No thread can be
//! stopped: a picture that misses its deadline goes on and keeps its place until it is done, which a decoder that
//! hangs never is. /health counts the free places, for whoever restarts the process.
use axum::body::{Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, get, post};
use deepscreen::{Language, Screener, Settings};
use std::{env, error::Error, sync::Arc, time::Duration};
use tokio::{net::TcpListener, signal, sync::Semaphore, task::spawn_blocking, time::timeout};

#[derive(Clone)]
struct Service {
    screener: Screener,
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    deadline: Duration,
}

#[tokio::main(flavor = "current_thread")] // It only moves bytes: the screener has threads of its own.
async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let settings = Settings::from_json(&variable("SETTINGS", r#"{"limits": {"max_bytes": 20000000}}"#))?;
    let screener = settings.screener()?;
    let places = screener.threads() + variable("QUEUE", "16").parse::<usize>()?;
    let (places, workers) = (Semaphore::new(places).into(), Semaphore::new(screener.threads()).into());
    let deadline = Duration::from_millis(variable("DEADLINE_MS", "10000").parse()?);
    let limit = DefaultBodyLimit::max(screener.limits().max_bytes as usize);
    let health = |State(of): State<Service>| async move { of.places.available_permits().to_string() };
    let routes = Router::new().route("/screen", post(screen)).route("/health", get(health)).layer(limit);
    let routes = routes.with_state(Service { screener, places, workers, deadline });
    let listener = TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8080")).await?;
    println!("http://{}", listener.local_addr()?);
    let stop = async { signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await?;
    std::process::exit(0) // Everybody was answered; a picture that missed its deadline may still be at work.
}

async fn screen(State(service): State<Service>, request: Request) -> Response {
    let late = |_| refusal(StatusCode::GATEWAY_TIMEOUT, "not done within the deadline");
    timeout(service.deadline, work(service, request)).await.unwrap_or_else(late)
}

async fn work(Service { screener, places, workers, .. }: Service, request: Request) -> Response {
    // The place comes before the body: it bounds the uploads in memory too.
    let Ok(place) = places.try_acquire_owned() else {
        let busy = refusal(StatusCode::SERVICE_UNAVAILABLE, "every place is taken");
        return ([(header::RETRY_AFTER, "1")], busy).into_response();
    };
    if request.body().size_hint().lower() > screener.limits().max_bytes {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than the limit");
    }
    let bytes = match Bytes::from_request(request, &()).await {
        Ok(bytes) => Vec::from(bytes),
        Err(unread) => return refusal(unread.status(), &unread.body_text()),
    };
    let held = (place, workers.acquire_owned().await);
    let job = move || {
        let _held = held; // Until the work is done, whether or not somebody still waits for it.
        screener.screen_many([bytes]).next().map(|screening| screening.to_json(Language::English))
    };
    let record = spawn_blocking(job).await.ok().flatten();
    let none = || refusal(StatusCode::INTERNAL_SERVER_ERROR, "no record");
    record.map_or_else(none, |record| json(StatusCode::OK, record))
}

fn refusal(status: StatusCode, message: &str) -> Response {
    json(status, serde_json::json!({ "error": message }).to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
