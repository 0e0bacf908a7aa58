//! Fields of parameters and reports: documented, with units, no unknown ones taken.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::sources::{Source, Violation};

/// Endings of a field's name that are a unit.
const SUFFIXES: &[&str] = &[
    "dn", "adu", "electron", "pix", "arcsec", "deg", "rad", "mas", "mag", "s", "days", "years",
    "year", "mjd", "um", "sigma", "fraction", "ratio", "factor", "per_dn", "pull", "exponent",
    "scale",
];

/// Words of a doc comment, in lower case, that are a unit or say that there is none.
const UNITS: &[&str] = &[
    "dn",
    "dn²",
    "dn^2",
    "adu",
    "electron",
    "electrons",
    "pixel",
    "pixels",
    "px",
    "arcsec",
    "arcsecond",
    "arcseconds",
    "degree",
    "degrees",
    "deg",
    "radian",
    "radians",
    "rad",
    "mas",
    "magnitude",
    "magnitudes",
    "mag",
    "second",
    "seconds",
    "s",
    "day",
    "days",
    "year",
    "years",
    "mjd",
    "micrometer",
    "micrometers",
    "µm",
    "sigma",
    "sigmas",
    "deviation",
    "deviations",
    "fraction",
    "ratio",
    "factor",
    "dimensionless",
    "relative",
    "probability",
    "percent",
    "number",
];

/// Structs whose name ends with a word.
fn structs<'a>(source: &'a Source, ending: &str) -> Vec<&'a syn::ItemStruct> {
    struct Structs<'a>(Vec<&'a syn::ItemStruct>);
    impl<'ast> Visit<'ast> for Structs<'ast> {
        fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
            self.0.push(item);
            visit::visit_item_struct(self, item);
        }
    }
    let mut found = Structs(Vec::new());
    found.visit_file(&source.syntax);
    let wanted = |item: &&syn::ItemStruct| {
        item.ident.to_string().ends_with(ending) && !source.is_test(line(*item))
    };
    if source.below("core/src/") {
        found.0.into_iter().filter(wanted).collect()
    } else {
        Vec::new()
    }
}

fn line(item: &impl Spanned) -> usize {
    item.span().start().line
}

/// The text of doc comments.
fn doc(attributes: &[syn::Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let syn::Meta::NameValue(meta) = &attribute.meta
            && let syn::Expr::Lit(literal) = &meta.value
            && let syn::Lit::Str(part) = &literal.lit
        {
            text.push_str(&part.value());
            text.push('\n');
        }
    }
    text
}

/// Whether a type is a real number, or an optional, list or tuple of them.
fn is_real(kind: &syn::Type) -> bool {
    struct Reals(bool);
    impl<'ast> Visit<'ast> for Reals {
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.0 |= ident == "f64" || ident == "f32";
        }
    }
    let mut reals = Reals(false);
    reals.visit_type(kind);
    reals.0
}

/// Whether a field's name or doc says its unit.
fn says_unit(name: &str, doc: &str) -> bool {
    let separators = |letter: char| !letter.is_alphanumeric() && !"²^µ".contains(letter);
    SUFFIXES.iter().any(|suffix| name == *suffix || name.ends_with(&format!("_{suffix}")))
        || doc.to_lowercase().split(separators).any(|word| UNITS.contains(&word))
}

/// Violations of the fields of one struct: a real number without a unit, or no doc where needed.
fn fields(source: &Source, item: &syn::ItemStruct, needs_doc: bool) -> Vec<Violation> {
    let mut violations = Vec::new();
    for field in &item.fields {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let place = format!("`{}::{name}`", item.ident);
        let doc = doc(&field.attrs);
        let at = field.ident.as_ref().map_or_else(|| line(field), line);
        if needs_doc && doc.trim().is_empty() {
            violations.push(source.violation(at, format!("{place} has no doc comment")));
        } else if is_real(&field.ty) && !says_unit(&name, &doc) {
            let message = format!(
                "{place} has no unit: end its name with one ({}), or name it in the doc",
                SUFFIXES[..8].join(", ")
            );
            violations.push(source.violation(at, message));
        }
    }
    violations
}

/// Every field of a `Params` struct has a doc with its unit, and unknown fields are refused.
pub fn params(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for item in structs(source, "Params") {
        violations.extend(fields(source, item, true));
        if has(item, "derive", "Deserialize") && !has(item, "serde", "deny_unknown_fields") {
            let message =
                format!("`{}` takes unknown fields: #[serde(deny_unknown_fields)]", item.ident);
            violations.push(source.violation(line(&item.ident), message));
        }
    }
    violations
}

/// Whether a struct has an attribute with a word in it.
fn has(item: &syn::ItemStruct, attribute: &str, word: &str) -> bool {
    item.attrs.iter().filter(|found| found.path().is_ident(attribute)).any(|found| {
        let list = found.meta.require_list();
        list.is_ok_and(|list| list.tokens.to_string().contains(word))
    })
}

/// Every real number of a `Report` struct names its unit.
pub fn reports(source: &Source) -> Vec<Violation> {
    structs(source, "Report").into_iter().flat_map(|item| fields(source, item, false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Source) -> Vec<Violation>, text: &str) -> Vec<usize> {
        let source = Source::parse("core/src/a.rs", text).unwrap();
        rule(&source).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn parameters_without_doc_unit_or_refusal_are_found() {
        let text = "#[derive(Deserialize)]\nstruct Params {\na: usize,\n/// Size.\nb: f64,\n\
                    /// Size (DN).\nc: Option<f64>,\n/// Size.\nd_arcsec: f64,\n/// Sizes.\n\
                    e: Vec<(f32, u8)>,\n}";
        assert_eq!(lines(params, text), [3, 5, 11, 2]);
        let good = "#[serde(deny_unknown_fields)]\nstruct Params {\n/// Degree.\na: u8,\n}";
        assert!(lines(params, good).is_empty());
    }

    #[test]
    fn a_report_without_a_unit_is_found() {
        let text = "struct Report {\n/// Level.\nlevel: f64,\n/// Level.\nlevel_dn: f64,\n\
                    /// Pixels.\ncount: usize,\n}";
        assert_eq!(lines(reports, text), [3]);
    }
}
