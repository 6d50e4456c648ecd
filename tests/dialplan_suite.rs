//! The shipped dialplans have tests, and the page about tests has an example: they run here as `obelus dialplan test`
//! runs them.

use obelus::dialplan::reader::{Disk, Memory, Reader};
use obelus::dialplan::suite::run;
use obelus::dialplan::Options;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a file of tests, all of which must pass; how many there were.
fn passes(file: &Path, reader: &dyn Reader) -> usize {
    let report = run(file, reader, &Options::default());
    assert_eq!(report.findings, [], "{}", file.display());
    for test in &report.tests {
        assert_eq!(
            test.failures,
            [],
            "{}: {}: {:#?}",
            file.display(),
            test.name,
            test.transcript
        );
    }
    report.tests.len()
}

#[test]
fn every_shipped_dialplan_has_tests_that_pass() {
    let entries = std::fs::read_dir(root().join("dialplans")).expect("the folder can be read");
    let plans: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    assert!(plans.len() >= 4, "{plans:?}");
    for plan in plans {
        let count = passes(&plan.with_extension("test"), &Disk);
        assert!(count >= 3, "{}: {count} tests", plan.display());
    }
}

#[test]
fn the_example_of_the_page_passes() {
    let page = std::fs::read_to_string(root().join("docs/dialplan-testing.md")).expect("the page is there");
    let block = |fence: &str| {
        let (_, rest) = page.split_once(fence).expect("the page has the example");
        rest.split("```").next().unwrap_or_default()
    };
    let files = Memory::new([
        ("shop.conf", block("```ini\n")),
        ("shop.test", block("```text\n")),
    ]);
    assert_eq!(passes(Path::new("shop.test"), &files), 4);
}
