//! What a job cannot bring out, and what goes in.

use std::os::unix::fs::symlink;

use super::*;

fn output(name: &str) -> PathBuf {
    let root = std::env::temp_dir().join(format!("rawsky-staging-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join(RECORD), "{}").unwrap();
    root
}

fn refused(folder: &Path, keys: &[&str]) -> String {
    let keys: Vec<Key> = keys.iter().map(|key| (*key).to_owned()).collect();
    let failure = collect(folder, &keys).unwrap_err();
    assert_eq!(failure.class, Class::OutputRule, "{failure}");
    fs::remove_dir_all(folder).unwrap();
    failure.reason
}

#[test]
fn declared_plain_files_come_out_with_their_digest() {
    let folder = output("plain");
    fs::write(folder.join("a"), "abc").unwrap();
    let products = collect(&folder, &["a".to_owned()]).unwrap();
    assert_eq!(products.len(), 2);
    assert_eq!((products[0].key.as_str(), products[0].bytes), ("a", 3));
    assert!(products[0].sha256.starts_with("ba7816bf"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn links_pipes_and_strangers_do_not() {
    let folder = output("missing");
    assert!(refused(&folder, &["a"]).contains("did not write a"));
    let folder = output("stranger");
    fs::write(folder.join("b"), "x").unwrap();
    assert!(refused(&folder, &[]).contains("did not declare"));
    let folder = output("symlink");
    symlink("/etc/passwd", folder.join("a")).unwrap();
    refused(&folder, &["a"]);
    let folder = output("hardlink");
    fs::write(folder.join("a"), "x").unwrap();
    let elsewhere = folder.with_extension("elsewhere");
    fs::hard_link(folder.join("a"), &elsewhere).unwrap();
    refused(&folder, &["a"]);
    fs::remove_file(elsewhere).unwrap();
    let folder = output("folder");
    fs::create_dir(folder.join("a")).unwrap();
    refused(&folder, &["a"]);
    let folder = output("record");
    fs::remove_file(folder.join(RECORD)).unwrap();
    refused(&folder, &[]);
}
