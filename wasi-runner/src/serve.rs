//! `rawsky serve`: the page on the loopback, from the program itself.
//!
//! Nothing can be uploaded: the page is part of the program, and what is dropped on it stays in the
//! browser. The headers let it do what it needs and no more. Of the disk only the status of a run is
//! shown, if one is named.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::class::{Class, Failure};
use crate::context::Context;
use crate::status;

type Answer = Response<Full<Bytes>>;

/// Path and bytes of every file of the page; none if the program was built without it.
const PAGE: &[(&str, &[u8])] = include!(env!("PAGE_FILES"));

/// What the page may do: its own files and WebAssembly.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                      img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What the status of a run may do: look as it says itself.
const RUN_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";
/// Path of that status.
const RUN: &str = "run";
/// Seconds after which it asks for itself again.
const EVERY_S: u64 = 10;
/// What a connection that could not be taken is waited for.
const PAUSE: Duration = Duration::from_millis(10);

/// `rawsky serve`: answers until it is stopped.
///
/// # Errors
/// [`Class::InputBad`] if the program has no page, [`Class::Io`] if the port is taken, and those of the
/// plan of a run that is named.
pub fn serve(context: &Context, run: Option<&Path>, port: u16) -> Result<(), Failure> {
    if PAGE.is_empty() {
        let reason = "this program was built without the page; needed: `cargo xtask web` (with \
                      Node), then `cargo build --release --package rawsky`";
        return Err(Failure::new(Class::InputBad, reason));
    }
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let taken =
        |error| Failure::new(Class::Io, format!("{address}: {error}; --port chooses another"));
    let listener = TcpListener::bind(address).map_err(taken)?;
    let url = format!("http://{}/", listener.local_addr().map_err(taken)?);
    let status = run.map(|_| format!("{url}{RUN}"));
    let lines = [Some(url.as_str()), status.as_deref(), Some("Ctrl-C stops it.")];
    let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
    context.print(&text, &serde_json::json!({ "url": url, "run": status }));
    answer_all(listener, run).map_err(taken)
}

/// Answers every connection beside the others, for good: a browser opens several at once and keeps them.
fn answer_all(listener: TcpListener, run: Option<&Path>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let run: Option<Arc<Path>> = run.map(Arc::from);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // No file handle is left, or the other end has gone.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let run = run.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let answer = answer(&request, run.as_deref());
                    async { Ok::<_, Infallible>(answer) }
                });
                let mut connection = http1::Builder::new();
                connection.timer(TokioTimer::new());
                // Nobody waits for the rest when the other end has gone.
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

fn answer<Body>(request: &Request<Body>, run: Option<&Path>) -> Answer {
    let asked = match *request.method() {
        Method::GET | Method::HEAD if is_local(request) => path(request.uri().path()),
        _ => None,
    };
    let response = match (asked, run) {
        (Some(RUN), Some(run)) => Some(of_run(run)),
        (Some(name), _) => {
            file(name).map(|(name, bytes)| with(Bytes::from_static(bytes), headers(name)))
        }
        (None, _) => None,
    };
    response.unwrap_or_else(|| failed(StatusCode::NOT_FOUND, "not found\n".to_owned()))
}

/// The status of a run, or why there is none.
fn of_run(run: &Path) -> Answer {
    let [kind, _, sniff, referrer, keep] = headers("run.html");
    let fields = [kind, ("content-security-policy", RUN_POLICY), sniff, referrer, keep];
    match status::page(run, EVERY_S) {
        Ok(page) => with(page.into(), fields),
        Err(failure) => failed(StatusCode::INTERNAL_SERVER_ERROR, format!("{failure}\n")),
    }
}

fn failed(status: StatusCode, text: String) -> Answer {
    let mut response = with(text.into(), [("content-type", "text/plain; charset=utf-8")]);
    *response.status_mut() = status;
    response
}

fn with<const N: usize>(bytes: Bytes, fields: [(&'static str, &'static str); N]) -> Answer {
    let mut response = Response::new(Full::new(bytes));
    let header = |(field, value)| (HeaderName::from_static(field), HeaderValue::from_static(value));
    response.headers_mut().extend(fields.map(header));
    response
}

/// Whether a request names this machine: a foreign page cannot reach us by a name of its own.
fn is_local<Body>(request: &Request<Body>) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    })
}

/// The path of a URL without its first slash.
fn path(url: &str) -> Option<&str> {
    url.strip_prefix('/')
}

/// A file of the page.
fn file(path: &str) -> Option<(&'static str, &'static [u8])> {
    let path = if path.is_empty() { "index.html" } else { path };
    PAGE.iter().find(|(name, _)| *name == path).copied()
}

fn headers(name: &str) -> [(&'static str, &'static str); 5] {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    };
    // Names of built files change with their contents; those that do not must be asked for again.
    let keep = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    [
        ("content-type", kind),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", keep),
    ]
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// What a connection gets that says nothing more after this.
    fn asked(address: SocketAddr, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.to_ascii_lowercase()
    }

    fn server() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || answer_all(listener, None));
        address
    }

    #[test]
    fn connections_that_come_at_once_are_answered_beside_idle_ones() {
        let address = server();
        // A browser opens connections that it may need, and keeps those that it used.
        let idle: Vec<TcpStream> = (0..24).map(|_| asked(address, "")).collect();
        let kept: Vec<TcpStream> = (0..24)
            .map(|_| asked(address, "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            .collect();
        let last = "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let ended: Vec<TcpStream> = (0..24).map(|_| asked(address, last)).collect();
        for mut stream in kept {
            let mut line = [0; 12];
            stream.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"HTTP/1.1 404");
        }
        for text in ended.into_iter().map(rest) {
            assert!(
                text.starts_with("http/1.1 404") && text.ends_with("\r\n\r\nnot found\n"),
                "{text}"
            );
        }
        drop(idle);
    }

    #[test]
    fn only_names_of_this_machine_and_questions_are_answered() {
        let address = server();
        let status = |method: &str, url: &str, host: &str| {
            let head = format!("{method} {url} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
            let text = rest(asked(address, &head));
            text.split(' ').nth(1).unwrap_or_default().parse::<u16>().unwrap()
        };
        let known = if PAGE.is_empty() { 404 } else { 200 };
        for host in ["Host: localhost:1\r\n", "Host: 127.0.0.1\r\n", "Host: [::1]:80\r\n"] {
            assert_eq!(status("GET", "/?engine=mock", host), known);
            assert_eq!(status("HEAD", "/", host), known);
            assert_eq!(status("POST", "/", host), 404);
        }
        assert_eq!(status("GET", "/", "Host: evil.example\r\n"), 404);
        assert_eq!(status("GET", "/", ""), 404);
        assert_eq!(status("GET", "/../Cargo.toml", "Host: localhost\r\n"), 404);
    }

    #[test]
    fn only_files_of_the_page_are_there() {
        let found = |url| path(url).and_then(file);
        for url in ["/../Cargo.toml", "//etc/passwd", "/assets/", "no-slash", "/%2e%2e/x"] {
            assert!(found(url).is_none(), "{url}");
        }
        assert_eq!(found("/").is_some(), !PAGE.is_empty());
    }

    #[test]
    fn a_run_without_a_plan_is_no_reason_to_end() {
        let response = of_run(Path::new("/nowhere"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_browser_is_told_what_each_file_is() {
        assert_eq!(headers("assets/a.wasm")[0].1, "application/wasm");
        assert!(headers("assets/a.js")[4].1.contains("immutable"));
        assert_eq!(headers("sw.js")[4].1, "no-cache");
    }
}
