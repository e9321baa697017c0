//! What a test does that needs the folder of public results, `shared/data`, beside the project, where it is absent.

use std::io::Write;

/// Says on the standard error of the process, which a test that passes does not keep to itself, that it checked nothing. Where
/// `HEMICYCLE_DATA_REQUIRED` is set, as `cargo xtask test` does when it has seen the folder, it fails instead: what is there is
/// never passed over.
pub fn skipped(what: std::fmt::Arguments<'_>) {
    let is_required = std::env::var_os("HEMICYCLE_DATA_REQUIRED").is_some();
    assert!(!is_required, "data is required: {what}");
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}
