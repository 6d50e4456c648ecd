//! axe-core, which finds what hinders people who cannot see a page or use a mouse.

use crate::browser::Page;
use std::io::Write as _;
use std::path::Path;

/// The script, where `contrib/test` has installed it.
///
/// # Panics
/// In CI, where it is missing.
pub fn script() -> Option<String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../npm/node_modules/axe-core/axe.min.js");
    let found = std::fs::read_to_string(&file).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "there is no {}", file.display());
        // Written past the harness, which keeps to itself what a passing test prints.
        let _ = writeln!(
            std::io::stderr(),
            "left out: axe, because contrib/test has not installed it"
        );
    }
    found
}

/// Demands that the page, as it is now, has no serious and no critical finding.
pub fn assert_none(script: Option<&str>, page: &Page<'_>, what: &str) {
    let Some(script) = script else {
        return;
    };
    page.settle();
    page.evaluate(&format!("{script}; 0"));
    let findings = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
           .filter(({ impact }) => impact === 'serious' || impact === 'critical')
           .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join()}`))",
    );
    assert_eq!(findings, serde_json::json!([]), "axe at {what}");
}
