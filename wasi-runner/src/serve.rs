//! `rawsky serve`: the page on the loopback, from the program itself.
//!
//! Nothing can be uploaded: the page is part of the program, and what is dropped on it stays in the
//! browser. The headers let it do what it needs and no more. Of the disk only the status of a run is
//! shown, if one is named.

use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::class::{Class, Failure};
use crate::context::Context;
use crate::status;

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
    let server = Server::http(address).map_err(taken)?;
    let url = format!("http://{}/", server.server_addr());
    let status = run.map(|_| format!("{url}{RUN}"));
    let lines = [Some(url.as_str()), status.as_deref(), Some("Ctrl-C stops it.")];
    let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
    context.print(&text, &serde_json::json!({ "url": url, "run": status }));
    for request in server.incoming_requests() {
        answer(request, run);
    }
    Ok(())
}

fn answer(request: Request, run: Option<&Path>) {
    let asked = match request.method() {
        Method::Get | Method::Head if is_local(&request) => path(request.url()),
        _ => None,
    };
    let response = match (asked, run) {
        (Some(RUN), Some(run)) => Some(of_run(run)),
        (Some(name), _) => file(name).map(|(name, bytes)| with(bytes.to_vec(), &headers(name))),
        (None, _) => None,
    };
    // Nobody waits for the rest when the other end has gone.
    let _ = match response {
        Some(response) => request.respond(response),
        None => request.respond(Response::from_string("not found\n").with_status_code(404)),
    };
}

/// The status of a run, or why there is none.
fn of_run(run: &Path) -> Response<Cursor<Vec<u8>>> {
    let [kind, _, sniff, referrer, keep] = headers("run.html");
    let fields = [kind, ("Content-Security-Policy", RUN_POLICY), sniff, referrer, keep];
    match status::page(run, EVERY_S) {
        Ok(page) => with(page.into_bytes(), &fields),
        Err(failure) => Response::from_string(format!("{failure}\n")).with_status_code(500),
    }
}

fn with(bytes: Vec<u8>, fields: &[(&str, &str)]) -> Response<Cursor<Vec<u8>>> {
    let mut response = Response::from_data(bytes);
    for (field, value) in fields {
        if let Ok(header) = Header::from_bytes(*field, *value) {
            response.add_header(header);
        }
    }
    response
}

/// Whether a request names this machine: a foreign page cannot reach us by a name of its own.
fn is_local(request: &Request) -> bool {
    let host = request.headers().iter().find(|header| header.field.equiv("Host"));
    host.is_some_and(|header| {
        let host = header.value.as_str();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    })
}

/// The path of a URL.
fn path(url: &str) -> Option<&str> {
    url.split(['?', '#']).next()?.strip_prefix('/')
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
        ("Content-Type", kind),
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", keep),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_page_are_there() {
        let found = |url| path(url).and_then(file);
        for url in ["/../Cargo.toml", "//etc/passwd", "/assets/", "no-slash", "/%2e%2e/x"] {
            assert!(found(url).is_none(), "{url}");
        }
        assert_eq!(found("/").is_some(), !PAGE.is_empty());
        assert_eq!(
            found("/?engine=mock#a").map(|(name, _)| name),
            found("/").map(|(name, _)| name)
        );
    }

    #[test]
    fn a_run_without_a_plan_is_no_reason_to_end() {
        let response = of_run(Path::new("/nowhere"));
        assert_eq!(response.status_code().0, 500);
    }

    #[test]
    fn a_browser_is_told_what_each_file_is() {
        assert_eq!(headers("assets/a.wasm")[0].1, "application/wasm");
        assert!(headers("assets/a.js")[4].1.contains("immutable"));
        assert_eq!(headers("sw.js")[4].1, "no-cache");
    }
}
