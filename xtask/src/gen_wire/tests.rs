use super::*;

const SAMPLE: &str = r#"
syntax = "proto3";
package sample.v1;
import "google/protobuf/timestamp.proto";
// A number and some bytes.
message Sample {
  uint64 number = 1;
  bytes content = 2;
  google.protobuf.Timestamp time = 3;
}
service SampleService {
  rpc Ask(Sample) returns (Sample);
  // Gives it back.
  rpc Echo(Sample) returns (stream Sample);
}
"#;

/// A workspace root with one proto file.
fn sample_root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let package = root.path().join("proto/sample/v1");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("sample.proto"), SAMPLE).unwrap();
    root
}

#[test]
fn a_fresh_run_passes_its_own_check() {
    let root = sample_root();
    run(root.path(), false).unwrap();
    run(root.path(), true).unwrap();
}

#[test]
fn messages_services_json_and_bytes_are_generated() {
    let root = sample_root();
    run(root.path(), false).unwrap();
    let code = fs::read_to_string(root.path().join(GENERATED).join("sample.v1.rs")).unwrap();
    for wanted in [
        "pub content: ::prost::bytes::Bytes",
        "::pbjson_types::Timestamp",
        "pub mod sample_service_server",
        "pub mod sample_service_client",
        "impl serde::Serialize for Sample",
        "/// A number and some bytes.",
    ] {
        assert!(code.contains(wanted), "missing: {wanted}");
    }
    // A number is written though it is zero, and bytes only where there are some.
    assert!(!code.contains("if self.number != 0 {"));
    assert!(code.contains("if !self.content.is_empty() {"));
    let tree = fs::read_to_string(root.path().join(GENERATED).join("mod.rs")).unwrap();
    assert!(tree.contains(
        "pub mod sample {\n    pub mod v1 {\n        include!(\"sample.v1.rs\");\n    }\n}\n"
    ));
    let (unary, streaming) = tree.split_once("STREAMING_METHODS").unwrap();
    assert!(unary.contains("\"/sample.v1.SampleService/Ask\""));
    assert!(streaming.contains("\"/sample.v1.SampleService/Echo\""));
}

#[test]
fn the_check_names_the_stale_the_missing_and_the_superfluous_file() {
    let root = sample_root();
    run(root.path(), false).unwrap();
    let folder = root.path().join(GENERATED);
    fs::write(folder.join("sample.v1.rs"), "// edited").unwrap();
    fs::remove_file(folder.join(DESCRIPTOR)).unwrap();
    fs::write(folder.join("old.v1.rs"), "").unwrap();
    let failure = run(root.path(), true).unwrap_err().to_string();
    for wanted in [
        "sample.v1.rs is out of date",
        "descriptor.bin is missing",
        "old.v1.rs belongs to no proto package",
        "cargo xtask gen",
    ] {
        assert!(failure.contains(wanted), "{failure}");
    }
}

#[test]
fn a_proto_that_does_not_compile_is_named_with_its_line() {
    let root = sample_root();
    let proto = root.path().join("proto/sample/v1/broken.proto");
    fs::write(proto, "syntax = \"proto3\";\npackage sample.v1;\nmessage {").unwrap();
    let failure = run(root.path(), false).unwrap_err().to_string();
    assert!(failure.contains("broken.proto"), "{failure}");
}
