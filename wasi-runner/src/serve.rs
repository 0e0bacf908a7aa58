//! `rawsky serve`: the page on the loopback, from the program itself.
//!
//! Nothing is read from disk and nothing can be uploaded: the page is part of the program, and what is
//! dropped on it stays in the browser. The headers let it do what it needs and no more.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tiny_http::{Header, Method, Request, Response, Server};

use crate::class::{Class, Failure};
use crate::context::Context;

/// Path and bytes of every file of the page; none if the program was built without it.
const PAGE: &[(&str, &[u8])] = include!(env!("PAGE_FILES"));

/// What the page may do: its own files and WebAssembly.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                      img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `rawsky serve`: answers until it is stopped.
///
/// # Errors
/// [`Class::InputBad`] if the program has no page, [`Class::Io`] if the port is taken.
pub fn serve(context: &Context, port: u16) -> Result<(), Failure> {
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
    context.print(&format!("{url}\nCtrl-C stops it."), &serde_json::json!({ "url": url }));
    for request in server.incoming_requests() {
        answer(request);
    }
    Ok(())
}

fn answer(request: Request) {
    let found = match request.method() {
        Method::Get | Method::Head if is_local(&request) => file(request.url()),
        _ => None,
    };
    // Nobody waits for the rest when the other end has gone.
    let _ = match found {
        Some((name, bytes)) => {
            let mut response = Response::from_data(bytes);
            for (field, value) in headers(name) {
                if let Ok(header) = Header::from_bytes(field, value) {
                    response.add_header(header);
                }
            }
            request.respond(response)
        }
        None => request.respond(Response::from_string("not found\n").with_status_code(404)),
    };
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

/// The file behind a URL.
fn file(url: &str) -> Option<(&'static str, &'static [u8])> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
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
        for url in ["/../Cargo.toml", "//etc/passwd", "/assets/", "no-slash", "/%2e%2e/x"] {
            assert!(file(url).is_none(), "{url}");
        }
        assert_eq!(file("/").is_some(), !PAGE.is_empty());
        assert_eq!(file("/?engine=mock#a").map(|(name, _)| name), file("/").map(|(name, _)| name));
    }

    #[test]
    fn a_browser_is_told_what_each_file_is() {
        assert_eq!(headers("assets/a.wasm")[0].1, "application/wasm");
        assert!(headers("assets/a.js")[4].1.contains("immutable"));
        assert_eq!(headers("sw.js")[4].1, "no-cache");
    }
}
