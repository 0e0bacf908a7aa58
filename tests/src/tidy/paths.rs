//! Every path of a source, with its `use` trees written out.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::sources::Source;

/// A path with its place, such as `crate::image::Planes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathUse {
    /// Its segments without generics; `super` and `self` as written.
    pub segments: Vec<String>,
    /// Its line.
    pub line: usize,
}

/// Paths outside test code, of `use` items, expressions, types and macro arguments. A path that
/// begins with a name which the file itself brings into scope is left out, since what it stands for
/// is in the `use` line.
pub fn path_uses(source: &Source) -> Vec<PathUse> {
    let mut collector = Collector { paths: Vec::new(), local: BTreeSet::new() };
    collector.visit_file(&source.syntax);
    let Collector { paths, local } = collector;
    let kept = |found: &Found| {
        let first = found.path.segments.first().is_some_and(|name| local.contains(name));
        !source.is_test(found.path.line) && (found.is_import || !first)
    };
    paths.into_iter().filter(kept).map(|found| found.path).collect()
}

struct Found {
    path: PathUse,
    is_import: bool,
}

struct Collector {
    paths: Vec<Found>,
    /// Names brought into scope by `use`, `mod` or a declaration.
    local: BTreeSet<String>,
}

impl Collector {
    fn tree(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let line = tree.span().start().line;
        let with = |name: &syn::Ident| {
            let mut segments = prefix.to_vec();
            segments.push(name.to_string());
            segments
        };
        let (segments, name) = match tree {
            syn::UseTree::Path(path) => return self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.tree(item, prefix));
            }
            syn::UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            syn::UseTree::Rename(name) => (with(&name.ident), Some(name.rename.to_string())),
            syn::UseTree::Glob(_) => (prefix.to_vec(), None),
        };
        let name = name.map(|name| match name.as_str() {
            "self" => prefix.last().cloned().unwrap_or_default(),
            _ => name,
        });
        // `use ndarray;` brings nothing new into scope.
        if segments.len() > 1 {
            self.local.extend(name);
        }
        self.paths.push(Found { path: PathUse { segments, line }, is_import: true });
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match &token {
                TokenTree::Ident(name) if colons == 2 && !segments.is_empty() => {
                    segments.push(name.to_string());
                }
                TokenTree::Ident(name) => {
                    self.flush(&mut segments, line);
                    line = name.span().start().line;
                    segments.push(name.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => self.flush(&mut segments, line),
            }
            colons = 0;
        }
        self.flush(&mut segments, line);
    }

    fn flush(&mut self, segments: &mut Vec<String>, line: usize) {
        let segments = std::mem::take(segments);
        if segments.len() > 1 {
            self.paths.push(Found { path: PathUse { segments, line }, is_import: false });
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.local.insert(item.ident.to_string());
        visit::visit_item_mod(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|part| part.ident.to_string()).collect();
        let line = path.span().start().line;
        self.paths.push(Found { path: PathUse { segments, line }, is_import: false });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::parse("core/src/a.rs", text).unwrap();
        path_uses(&source).iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn use_trees_are_written_out() {
        let found = paths("use crate::{image::{Planes, self as i}, mask};");
        assert_eq!(found, ["crate::image::Planes", "crate::image::self", "crate::mask"]);
    }

    #[test]
    fn paths_in_code_types_and_macros_are_found() {
        let text = "fn f(x: a::B) { c::d(); format!(\"{}\", vec![e::f::g()]); }";
        let found = paths(text);
        for path in ["a::B", "c::d", "e::f::g"] {
            assert!(found.iter().any(|name| name == path), "{path} not in {found:?}");
        }
    }

    #[test]
    fn a_name_that_the_file_imports_is_not_a_crate() {
        let found = paths("use crate::formats::parquet;\nfn f() { parquet::write(); }");
        assert_eq!(found, ["crate::formats::parquet"]);
        assert_eq!(paths("fn f() { parquet::write(); }"), ["parquet::write"]);
    }
}
