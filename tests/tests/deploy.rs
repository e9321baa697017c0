//! What `deploy/` holds: read by the programs that would read it, where they are there, and checked for what matters.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, in its helpers too"
)]

use hemicycle::serve::config::{Config, RoleName};
use service_runtime::config::Layers;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The most that `systemd-analyze security` may find, of 100: above it the unit is no longer hardened.
const EXPOSURE_MAX: &str = "20";

#[test]
fn the_unit_is_one_that_systemd_would_start() {
    let (_folder, unit) = unit();
    let Some(output) = ask(Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit))
    else {
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_unit_is_hardened() {
    let (_folder, unit) = unit();
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let security = ["security", "--offline=true", "--no-pager", &threshold];
    let Some(output) = ask(Command::new("systemd-analyze").args(security).arg(&unit)) else {
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn the_dockerfile_passes_its_linter() {
    let Some(output) = ask(Command::new("hadolint").arg(deploy("Dockerfile"))) else {
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn the_image_runs_as_nobody_in_particular_and_holds_no_toolchain() {
    let text = fs::read_to_string(deploy("Dockerfile")).unwrap();
    let last_stage = text.rsplit("\nFROM ").next().unwrap();
    assert!(last_stage.starts_with("debian:"), "{last_stage}");
    let user = last_stage
        .lines()
        .find(|line| line.starts_with("USER "))
        .unwrap();
    assert!(!user.contains("root") && !user.contains(" 0"), "{user}");
    for line in text.lines().filter(|line| line.starts_with("FROM ")) {
        let tag = line
            .split(' ')
            .nth(1)
            .and_then(|image| image.split_once(':'));
        assert!(
            tag.is_some_and(|(_, tag)| tag != "latest"),
            "{line}: a version, so that it builds the same tomorrow"
        );
    }
}

#[test]
fn the_image_and_the_toolchain_file_name_the_same_compiler() {
    let toolchain: toml::Table = fs::read_to_string(root().join("rust-toolchain.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let (release, _) = channel.rsplit_once('.').unwrap();
    let text = fs::read_to_string(deploy("Dockerfile")).unwrap();
    assert!(text.contains(&format!("FROM rust:{release}-")), "{release}");
}

#[test]
fn every_sample_configuration_listens_on_loopback_but_for_the_feed_and_names_its_roles() {
    let mut roles_seen = Vec::new();
    for entry in fs::read_dir(deploy("config")).unwrap() {
        let path = entry.unwrap().path();
        let settings: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let listen = settings["listen"].as_table().unwrap();
        assert!(listen.contains_key("grpc") && listen.contains_key("metrics"));
        for (listener, address) in listen {
            let address: std::net::SocketAddr = address.as_str().unwrap().parse().unwrap();
            assert!(
                address.ip().is_loopback() || ["live-feed", "http"].contains(&listener.as_str()),
                "{}: {listener} = {address}",
                path.display()
            );
        }
        // As the program reads it: every setting is one that it knows.
        let layers = Layers {
            file: Some(&path),
            ..Layers::default()
        };
        let config = Config::load(&layers).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            config.listen.http.is_some(),
            config.runs(RoleName::LiveFeed),
            "{}: the page is where the feed is, and nowhere else",
            path.display()
        );
        let roles: Vec<String> = settings["roles"]["list"].clone().try_into().unwrap();
        assert!(!roles.is_empty(), "{}", path.display());
        assert_eq!(
            roles.contains(&"results".to_owned()),
            settings.contains_key("data"),
            "{}: the role that holds the log has a folder, and no other",
            path.display()
        );
        roles_seen.extend(roles);
    }
    roles_seen.sort();
    roles_seen.dedup();
    assert_eq!(
        roles_seen,
        ["allocation", "live-feed", "results", "tally-ingestion"]
    );
}

/// The unit with a program that is there in the place of ours: systemd-analyze looks for it.
fn unit() -> (tempfile::TempDir, PathBuf) {
    let text = fs::read_to_string(deploy("systemd/hemicycle.service")).unwrap();
    assert!(text.contains("ExecStart=/usr/bin/hemicycle serve"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hemicycle.service");
    let text = text.replace("/usr/bin/hemicycle", "/bin/true");
    // The documentation is installed with the package and is not there yet.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("Documentation="));
    fs::write(&path, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    (folder, path)
}

/// What a program says, or none where it is not installed, said aloud.
fn ask(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            let program = command.get_program().to_string_lossy().into_owned();
            println!(
                "skipped: {program} is not there ({error}); `cargo xtask test` installs what it can"
            );
            None
        }
    }
}

fn deploy(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().map(Path::to_path_buf).unwrap_or_default()
}
