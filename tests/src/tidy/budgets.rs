//! Sizes: what does not fit on a page is hard to check.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::sources::{Source, Violation};

/// Lines of a file without its tests: wanted.
pub const FILE_LINES: usize = 400;
/// Lines of a file without its tests: never more.
pub const FILE_LINES_HARD: usize = 600;
/// Files of the workspace that may lie between the two.
pub const LONG_FILES: usize = 2;
/// Lines of a function: never more.
pub const FUNCTION_LINES: usize = 80;
/// Lines of a function: nine of ten have no more.
pub const FUNCTION_LINES_P90: usize = 40;
/// Arguments of a function, `self` included.
pub const ARGUMENTS: usize = 5;

/// Lines outside test items.
pub fn file_lines(source: &Source) -> usize {
    (1..=source.text.lines().count()).filter(|line| !source.is_test(*line)).count()
}

/// A file has at most [`FILE_LINES_HARD`] lines without its tests.
pub fn long_file(source: &Source) -> Vec<Violation> {
    let lines = file_lines(source);
    if lines <= FILE_LINES_HARD {
        return Vec::new();
    }
    let message = format!("{lines} lines, more than {FILE_LINES_HARD}: split it by subject");
    vec![source.violation(1, message)]
}

/// A file opens with `//!` and a sentence.
pub fn opening(source: &Source) -> Vec<Violation> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//! ").is_some_and(|text| text.trim().len() > 3) {
        return Vec::new();
    }
    vec![source.violation(1, "open the file with a line `//! what it is`")]
}

/// A function with its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of its signature.
    pub line: usize,
    /// Lines from the signature to the closing brace.
    pub lines: usize,
    /// Arguments, `self` included; none if a trait dictates them.
    pub arguments: Option<usize>,
}

/// Functions of a file outside tests.
pub fn functions(source: &Source) -> Vec<Function> {
    let mut collector = Functions { found: Vec::new(), of_trait: false };
    collector.visit_file(&source.syntax);
    collector.found.into_iter().filter(|function| !source.is_test(function.line)).collect()
}

struct Functions {
    found: Vec<Function>,
    of_trait: bool,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.span().start().line;
        self.found.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: block.span().end().line - line + 1,
            arguments: (!self.of_trait).then_some(signature.inputs.len()),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let before = std::mem::replace(&mut self.of_trait, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.of_trait = before;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// Functions over [`FUNCTION_LINES`] lines.
pub fn long_functions(source: &Source) -> Vec<Violation> {
    let long = functions(source).into_iter().filter(|function| function.lines > FUNCTION_LINES);
    let message = |function: &Function| {
        let Function { name, lines, .. } = function;
        format!("`{name}` has {lines} lines, more than {FUNCTION_LINES}: name its parts")
    };
    long.map(|function| source.violation(function.line, message(&function))).collect()
}

/// Functions with more than [`ARGUMENTS`] arguments.
pub fn many_arguments(source: &Source) -> Vec<Violation> {
    let many = functions(source).into_iter().filter_map(|function| {
        let count = function.arguments.filter(|count| *count > ARGUMENTS)?;
        Some((function.line, function.name, count))
    });
    let message = |name, count| {
        format!("`{name}` takes {count} arguments, more than {ARGUMENTS}: group them")
    };
    many.map(|(line, name, count)| source.violation(line, message(name, count))).collect()
}

/// The length which nine of ten do not exceed.
pub fn p90(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths.get((lengths.len() * 9).div_ceil(10).saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse("core/src/a.rs", text).unwrap()
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let line = "const _: u8 = 0;\n";
        assert_eq!(long_file(&source(&line.repeat(601))).len(), 1);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(601));
        let source = source(&(line.repeat(600) + &tests));
        assert_eq!((file_lines(&source), long_file(&source).len()), (600, 0));
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        assert_eq!(opening(&source("use a;\n")).len(), 1);
        assert_eq!(opening(&source("//! \nuse a;\n")).len(), 1);
        assert_eq!(opening(&source("//! Says what it is.\n")).len(), 0);
    }

    #[test]
    fn a_long_function_is_found_also_in_an_implementation() {
        let body = "let a = 1;\n".repeat(79);
        let long = format!("struct A;\nimpl A {{\nfn f() {{\n{body}}}\n}}\n");
        assert_eq!(long_functions(&source(&long))[0].line, 3);
        let body = "let a = 1;\n".repeat(78);
        assert_eq!(long_functions(&source(&format!("fn f() {{\n{body}}}\n"))), []);
    }

    #[test]
    fn too_many_arguments_are_found_where_no_trait_dictates_them() {
        let six = "a: u8, b: u8, c: u8, d: u8, e: u8, f: u8";
        assert_eq!(many_arguments(&source(&format!("fn f({six}) {{}}"))).len(), 1);
        assert_eq!(many_arguments(&source(&format!("impl A for B {{ fn f({six}) {{}} }}"))), []);
    }

    #[test]
    fn nine_of_ten_are_not_longer() {
        assert_eq!(p90((1..=10).collect()), 9);
        assert_eq!(p90(vec![7]), 7);
        assert_eq!(p90(Vec::new()), 0);
    }
}
