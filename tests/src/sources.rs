//! The sources of the workspace, parsed, with the lines that belong to tests.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Folders that hold no sources of ours.
const FOREIGN: [&str; 5] = ["target", "node_modules", "demo", "dist", "pkg"];

/// A rule broken at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// File, relative to the workspace, with `/`.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// One Rust file.
pub struct Source {
    /// Path relative to the workspace, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its syntax.
    pub syntax: syn::File,
    /// Its tokens, in groups.
    pub tokens: TokenStream,
    /// Lines of items that exist in tests only.
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Parses a text.
    ///
    /// # Errors
    /// If it is not Rust.
    pub fn parse(path: &str, text: &str) -> Result<Source> {
        let syntax = syn::parse_file(text).with_context(|| path.to_owned())?;
        let tokens = text.parse::<TokenStream>().map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut finder = TestItems { lines: Vec::new() };
        finder.visit_file(&syntax);
        let mut test_lines = finder.lines;
        if path.split('/').rev().skip(1).any(|folder| folder == "tests" || folder == "benches") {
            test_lines.push(1..=usize::MAX);
        }
        let (path, text) = (path.to_owned(), text.to_owned());
        Ok(Source { path, text, syntax, tokens, test_lines })
    }

    /// Whether a line exists in tests only.
    pub fn is_test(&self, line: usize) -> bool {
        self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    /// Whether the file lies below a folder.
    pub fn below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// A broken rule in this file.
    pub fn violation(&self, line: usize, message: impl Into<String>) -> Violation {
        Violation { path: self.path.clone(), line, message: message.into() }
    }

    /// Every token of the file in order, brackets included, with its line.
    pub fn flat_tokens(&self) -> Vec<(String, usize)> {
        let mut flat = Vec::new();
        flatten(self.tokens.clone(), &mut flat);
        flat
    }
}

/// Appends `tokens` and, recursively, the content of groups.
fn flatten(tokens: TokenStream, flat: &mut Vec<(String, usize)>) {
    for token in tokens {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                flat.push((open.to_owned(), line));
                flatten(group.stream(), flat);
                flat.push((close.to_owned(), group.span_close().end().line));
            }
            other => flat.push((other.to_string(), line)),
        }
    }
}

/// Finds items under `#[cfg(test)]` and `#[test]`.
struct TestItems {
    lines: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for TestItems {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if attributes(item).iter().any(is_test_attribute) {
            let span = item.span();
            self.lines.push(span.start().line..=span.end().line);
        } else {
            visit::visit_item(self, item);
        }
    }
}

/// Attributes of the items that can be under `#[cfg(test)]`.
fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an attribute is `#[test]` or `#[cfg(test)]`.
fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("test")
        || path.is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Paths of the files below the workspace with an extension, relative, sorted.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(extension: &str) -> Result<Vec<String>> {
    let mut found = BTreeSet::new();
    walk(&root(), "", extension, &mut found)?;
    Ok(found.into_iter().collect())
}

/// Collects files with an extension below `root/folder`.
fn walk(root: &Path, folder: &str, extension: &str, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder)).with_context(|| folder.to_owned())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let is_folder = entry.file_type()?.is_dir();
        if is_folder && !name.starts_with('.') && !FOREIGN.contains(&name.as_str()) {
            walk(root, &path, extension, found)?;
        } else if !is_folder && Path::new(&name).extension().is_some_and(|e| e == extension) {
            found.insert(path);
        }
    }
    Ok(())
}

/// Every Rust file of the workspace.
///
/// # Errors
/// If a file cannot be read or is not Rust.
pub fn workspace() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in files("rs")? {
        let text = fs::read_to_string(root().join(&path)).with_context(|| path.clone())?;
        sources.push(Source::parse(&path, &text)?);
    }
    mark_test_files(&mut sources);
    Ok(sources)
}

/// Marks as tests the files that are declared by `#[cfg(test)] mod name;`.
fn mark_test_files(sources: &mut [Source]) {
    let mut stems = BTreeSet::new();
    for source in &*sources {
        for item in &source.syntax.items {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
                && module.attrs.iter().any(is_test_attribute)
            {
                stems.insert(format!("{}/{}", module_folder(&source.path), module.ident));
            }
        }
    }
    for source in sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
        if stems.iter().any(|test| stem == *test || stem.starts_with(&format!("{test}/"))) {
            source.test_lines.push(1..=usize::MAX);
        }
    }
}

/// Folder in which the child modules of a file lie.
fn module_folder(path: &str) -> &str {
    let stem = path.trim_end_matches(".rs");
    ["/mod", "/lib", "/main"].iter().find_map(|root| stem.strip_suffix(root)).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_test_items_are_known() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n#[test]\nfn c() {}\n";
        let source = Source::parse("core/src/a.rs", text).unwrap();
        let tests: Vec<usize> = (1..=7).filter(|line| source.is_test(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_file_declared_for_tests_only_is_a_test() {
        let parent = "#[cfg(test)]\nmod fixture;\nmod kept;\n";
        let mut sources = [
            Source::parse("core/src/steps/mod.rs", parent).unwrap(),
            Source::parse("core/src/steps/fixture.rs", "fn a() {}").unwrap(),
            Source::parse("core/src/steps/kept.rs", "fn a() {}").unwrap(),
        ];
        mark_test_files(&mut sources);
        assert_eq!(sources.map(|source| source.is_test(1)), [true, true, false]);
    }

    #[test]
    fn the_workspace_has_this_file_and_no_build_product() {
        let files = files("rs").unwrap();
        assert!(files.iter().any(|path| path == "tests/src/sources.rs"), "{files:?}");
        assert!(files.iter().all(|path| !path.contains("target/")), "{files:?}");
    }
}
