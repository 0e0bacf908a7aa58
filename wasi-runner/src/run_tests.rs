//! Scheduling: what waits for what.

use super::*;
use crate::plan::PlannedInput;
use rawsky_core::job::{Job, Task, Text};

fn task(id: &str, needs: &[&str]) -> PlannedTask {
    let inputs = needs
        .iter()
        .map(|need| PlannedInput {
            key: format!("made/{need}"),
            from: Source::Product { task: (*need).to_owned(), key: format!("{need}.x") },
        })
        .collect();
    let job = Job {
        version: rawsky_core::job::VERSION,
        camera: Text::BuiltIn("toy".to_owned()),
        recipe: Text::BuiltIn("default".to_owned()),
        inputs: Vec::new(),
        task: Task::Inspect { file: "a".to_owned(), output: "b".to_owned() },
    };
    let outputs = vec![format!("{id}.x")];
    PlannedTask { id: id.to_owned(), stage: Stage::Bias, job, inputs, outputs }
}

#[test]
fn a_failed_task_blocks_what_needs_it_and_nothing_else() {
    let tasks = [task("a", &[]), task("b", &["a"]), task("c", &["b"]), task("d", &[])];
    let mut board = Board { tasks: &tasks, waiting: (0..4).collect(), ended: BTreeMap::new() };
    assert!(matches!(board.next(), Next::Do(0)));
    assert!(matches!(board.next(), Next::Do(3)));
    assert!(matches!(board.next(), Next::Wait));
    board.ended.insert("a", Err(Failure::new(Class::Refused, "no")));
    assert!(matches!(board.next(), Next::Stop));
    for id in ["b", "c"] {
        let Some(Err(failure)) = board.ended.get(id) else { panic!("{id} has not failed") };
        assert_eq!(failure.class, Class::Blocked);
    }
    assert!(!board.ended.contains_key("d"));
}
