//! Scheduling: what waits for what.

use super::*;
use crate::class::Class;
use crate::plan::{PlannedInput, Source};
use crate::subject::Subject;
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
    let about = Subject::default();
    PlannedTask { id: id.to_owned(), stage: Stage::Bias, about, job, inputs, outputs }
}

#[test]
fn a_failed_task_blocks_what_needs_it_and_nothing_else() {
    let tasks = [task("a", &[]), task("b", &["a"]), task("c", &["b"]), task("d", &[])];
    let mut board = Board::new(&tasks);
    assert_eq!((board.next(), board.next(), board.next()), (Next::Do(0), Next::Do(3), Next::Wait));
    board.end(0, Err(Failure::new(Class::Refused, "no")));
    assert_eq!(board.next(), Next::Wait);
    board.end(3, Ok(done("d")));
    assert_eq!(board.next(), Next::Stop);
    let results = board.results();
    for place in [1, 2] {
        assert_eq!(results[place].as_ref().unwrap_err().class, Class::Blocked);
    }
    assert!(results[3].is_ok());
}

#[test]
fn a_task_follows_all_that_it_takes_products_of() {
    let tasks = [task("a", &[]), task("b", &[]), task("c", &["a", "b", "a"])];
    let mut board = Board::new(&tasks);
    assert_eq!((board.next(), board.next()), (Next::Do(0), Next::Do(1)));
    board.end(1, Ok(done("b")));
    assert_eq!(board.next(), Next::Wait);
    board.end(0, Ok(done("a")));
    assert_eq!(board.next(), Next::Do(2));
    assert_eq!(board.work(2).unwrap().inputs.len(), 3);
}

#[test]
fn a_full_disk_ends_the_run() {
    let tasks = [task("a", &[]), task("b", &[])];
    let mut board = Board::new(&tasks);
    assert_eq!(board.next(), Next::Do(0));
    board.end(0, Err(Failure::new(Class::NoSpace, "full")));
    assert_eq!(board.next(), Next::Stop);
    let told = board.results()[1].as_ref().unwrap_err().to_string();
    assert!(told.contains("disk is full"), "{told}");
}

fn done(id: &str) -> Done {
    let sha256 = String::new();
    let files = vec![crate::staging::Product { key: format!("{id}.x"), bytes: 0, sha256 }];
    Done { folder: id.into(), files, dropped: false, run: None }
}
