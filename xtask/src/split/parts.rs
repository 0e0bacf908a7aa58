//! The two parts of a module that was cut.

use anyhow::{Context, Result};
use walrus::ir::{UnaryOp, Value};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionBuilder, FunctionId, FunctionKind, GlobalId,
    GlobalKind, ImportKind, ImportedFunction, InstrSeqBuilder, Module, TableId, ValType,
};

use super::functions;
use super::references::Cut;

/// The first part, by which the rest imports from it.
const FIRST: &str = "first";
/// The function of JavaScript that brings the rest, as the crate `rawsky-web` names it.
const BRING: &str = "bringTheRest";
/// The exported global that JavaScript sets to 1 when the rest is there.
const THERE: &str = "there";

/// What a door has to know.
struct Doors {
    table: TableId,
    /// Place of the first one in the table.
    place: u64,
    there: GlobalId,
    bring: FunctionId,
}

/// The first part: with a door for every function that left and is called.
pub(super) fn first(mut module: Module, cut: &Cut) -> Result<Vec<u8>> {
    let ids = functions(&module);
    share(&mut module, &ids, cut);
    let (table, place) = grown(&mut module, cut)?;
    let zero = ConstExpr::Value(Value::I32(0));
    let there = module.globals.add_local(ValType::I32, true, false, zero);
    module.exports.add(THERE, there);
    let doors = Doors { table, place, there, bring: bring(&module)? };
    for (number, &leaves) in cut.doors.iter().enumerate() {
        hang(&mut module, ids[leaves], (&doors, number));
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// The rest: the functions that left, in the table behind their doors.
pub(super) fn rest(mut module: Module, cut: &Cut) -> Result<Vec<u8>> {
    let ids = functions(&module);
    let (table, place) = grown(&mut module, cut)?;
    clear(&mut module);
    borrow(&mut module, &ids, cut);
    let behind = cut.doors.iter().map(|&number| ids[number]).collect();
    let place = i32::try_from(place).context("the table is too long")?;
    let kind = ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(place)) };
    let element = module.elements.add(kind, ElementItems::Functions(behind));
    module.tables.get_mut(table).elem_segments.insert(element);
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// The table of functions with room for those behind doors, and where that room begins.
fn grown(module: &mut Module, cut: &Cut) -> Result<(TableId, u64)> {
    let id = module.tables.main_function_table()?.context("no table of functions")?;
    let table = module.tables.get_mut(id);
    let place = table.initial;
    table.initial += cut.doors.len() as u64;
    table.maximum = table.maximum.map(|most| most.max(table.initial));
    Ok((id, place))
}

fn bring(module: &Module) -> Result<FunctionId> {
    let mut imports = module.imports.iter().filter(|import| import.name.contains(BRING));
    match imports.next().map(|import| &import.kind) {
        Some(ImportKind::Function(id)) => Ok(*id),
        _ => anyhow::bail!("the module does not import `{BRING}`"),
    }
}

/// Puts a door in place of a function that left.
fn hang(module: &mut Module, id: FunctionId, (doors, number): (&Doors, usize)) {
    let ty = module.funcs.get(id).ty();
    let (parameters, results) = module.types.params_results(ty);
    let (parameters, results) = (parameters.to_vec(), results.to_vec());
    let given: Vec<_> = parameters.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
    let mut body = builder.func_body();
    body.global_get(doors.there).unop(UnaryOp::I32Eqz);
    let bring = |then: &mut InstrSeqBuilder<'_>| {
        then.call(doors.bring);
    };
    body.if_else(None, bring, |_| ());
    for local in &given {
        body.local_get(*local);
    }
    body.i32_const((doors.place + number as u64) as i32).call_indirect(ty, doors.table);
    module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(given));
}

/// Exports what the rest needs.
fn share(module: &mut Module, ids: &[FunctionId], cut: &Cut) {
    for (number, &stays) in cut.shared.iter().enumerate() {
        module.exports.add(&format!("f{number}"), ids[stays]);
    }
    let tables: Vec<_> = module.tables.iter().map(|table| table.id()).collect();
    for (number, id) in tables.into_iter().enumerate() {
        module.exports.add(&format!("t{number}"), id);
    }
    let globals: Vec<_> = module.globals.iter().map(|global| global.id()).collect();
    for (number, id) in globals.into_iter().enumerate() {
        module.exports.add(&format!("g{number}"), id);
    }
    let memories: Vec<_> = module.memories.iter().map(|memory| memory.id()).collect();
    for (number, id) in memories.into_iter().enumerate() {
        module.exports.add(&format!("m{number}"), id);
    }
}

/// Imports it.
fn borrow(module: &mut Module, ids: &[FunctionId], cut: &Cut) {
    for (number, &stays) in cut.shared.iter().enumerate() {
        let (id, name) = (ids[stays], format!("f{number}"));
        let function = module.funcs.get_mut(id);
        if let FunctionKind::Import(known) = &function.kind {
            let import = module.imports.get_mut(known.import);
            (import.module, import.name) = (FIRST.to_owned(), name);
        } else {
            let import = module.imports.add(FIRST, &name, id);
            let ty = function.ty();
            function.kind = FunctionKind::Import(ImportedFunction { import, ty });
        }
    }
    for (number, table) in module.tables.iter_mut().enumerate() {
        table.import = Some(module.imports.add(FIRST, &format!("t{number}"), table.id()));
    }
    let globals: Vec<_> = module.globals.iter().map(|global| global.id()).collect();
    for (number, id) in globals.into_iter().enumerate() {
        let import = module.imports.add(FIRST, &format!("g{number}"), id);
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
    for (number, memory) in module.memories.iter_mut().enumerate() {
        memory.import = Some(module.imports.add(FIRST, &format!("m{number}"), memory.id()));
    }
}

/// Takes away what happens once, in the first part.
fn clear(module: &mut Module) {
    module.start = None;
    for id in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    for id in module.elements.iter().map(|element| element.id()).collect::<Vec<_>>() {
        module.elements.delete(id);
    }
    for table in module.tables.iter_mut() {
        table.elem_segments.clear();
    }
    for id in module.data.iter().map(|data| data.id()).collect::<Vec<_>>() {
        module.data.delete(id);
    }
    for memory in module.memories.iter_mut() {
        memory.data_segments.clear();
    }
}
