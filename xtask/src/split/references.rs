//! Which functions leave the first part, and what the parts need of each other.

use std::collections::{BTreeMap, BTreeSet};

use walrus::ir::{Visitor, dfs_in_order};
use walrus::{ElementItems, ExportItem, FunctionId, FunctionKind, Module};

/// A cut through a module; functions by their numbers.
pub(super) struct Cut {
    /// Those that leave and are called from what stays.
    pub(super) doors: Vec<usize>,
    /// Those that stay and are called from what leaves.
    pub(super) shared: Vec<usize>,
}

impl Cut {
    /// The cut after which the functions that ran stay, and what JavaScript gives.
    pub(super) fn new(module: &Module, ran: &BTreeSet<usize>) -> Cut {
        let functions = super::functions(module);
        let numbers: BTreeMap<FunctionId, usize> =
            functions.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        let number = |id: &FunctionId| numbers.get(id).copied();
        let mut doors: BTreeSet<usize> = roots(module).iter().filter_map(number).collect();
        let mut shared = BTreeSet::new();
        let imported =
            |number: usize| matches!(kind(module, functions[number]), FunctionKind::Import(_));
        let stays = |number: &usize| ran.contains(number) || imported(*number);
        for (caller, id) in functions.iter().enumerate() {
            let called = called(module, *id);
            let called = called.iter().filter_map(number);
            if stays(&caller) { doors.extend(called) } else { shared.extend(called) }
        }
        Cut {
            doors: doors.into_iter().filter(|number| !stays(number)).collect(),
            shared: shared.into_iter().filter(stays).collect(),
        }
    }
}

fn kind(module: &Module, id: FunctionId) -> &FunctionKind {
    &module.funcs.get(id).kind
}

/// The functions that the world outside, and calls through a table, can reach.
fn roots(module: &Module) -> Vec<FunctionId> {
    let exported = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        _ => None,
    });
    let in_tables = module.elements.iter().flat_map(|element| match &element.items {
        ElementItems::Functions(ids) => ids.clone(),
        ElementItems::Expressions(..) => Vec::new(),
    });
    exported.chain(in_tables).chain(module.start).collect()
}

/// The functions that a function names.
fn called(module: &Module, id: FunctionId) -> Vec<FunctionId> {
    struct Named(Vec<FunctionId>);
    impl Visitor<'_> for Named {
        fn visit_function_id(&mut self, id: &FunctionId) {
            self.0.push(*id);
        }
    }
    let mut named = Named(Vec::new());
    if let FunctionKind::Local(function) = kind(module, id) {
        dfs_in_order(&mut named, function, function.entry_block());
    }
    named.0
}
