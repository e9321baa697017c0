//! `gen`: the contract in `proto/` as Rust, committed in `crates/wire/src/generated`.
//!
//! Committed and not made by a build script, so that a reader sees what the services speak, an editor finds it, and a
//! build needs neither protoc nor this code. CI runs `gen --check`, so the two cannot drift apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use prost_build::Module;
use prost_types::FileDescriptorSet;
use protox::Compiler;

use crate::step::Failure;

/// Where the generated files live, from the root of the workspace.
const GENERATED: &str = "crates/wire/src/generated";

/// The descriptors of the whole contract, with imports and without comments: what server reflection answers from.
const DESCRIPTOR: &str = "descriptor.bin";

const DESCRIPTOR_COMMENT: &str = "/// The contract as an encoded `google.protobuf.FileDescriptorSet`, with imports and without comments.\n";

const HEADER: &str = "// Generated from proto/ by `cargo xtask gen`. Do not edit: CI compares it with a fresh run.\n";

/// Generated code follows its generators' style and not this workspace's.
const ALLOWED: &str =
    "#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]\n";

/// Well-known types come from a crate that also knows their JSON form.
const WELL_KNOWN: (&str, &str) = (".google.protobuf", "::pbjson_types");

/// Writes the generated files, or with `check` only compares them.
pub fn run(root: &Path, check: bool) -> Result<(), Failure> {
    let folder = root.join(GENERATED);
    let wanted = generate(&root.join("proto"))?;
    let found = read(&folder)?;
    if check {
        return compare(&wanted, &found);
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(Failure::file(&path))?;
        println!("removed {GENERATED}/{name}");
    }
    for (name, content) in &wanted {
        if found.get(name) != Some(content) {
            let path = folder.join(name);
            fs::write(&path, content).map_err(Failure::file(&path))?;
            println!("wrote {GENERATED}/{name}");
        }
    }
    Ok(())
}

/// Names every file that is stale, missing or too many.
fn compare(
    wanted: &BTreeMap<String, Vec<u8>>,
    found: &BTreeMap<String, Vec<u8>>,
) -> Result<(), Failure> {
    let mut stale = Vec::new();
    for (name, content) in wanted {
        match found.get(name) {
            None => stale.push(format!("{GENERATED}/{name} is missing")),
            Some(old) if old != content => {
                stale.push(format!("{GENERATED}/{name} is out of date"));
            }
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        stale.push(format!("{GENERATED}/{name} belongs to no proto package"));
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Found(format!(
        "{}\nrun `cargo xtask gen` and commit the result",
        stale.join("\n")
    )))
}

/// Every generated file by name. The same protos always give the same bytes: nothing here depends on a clock, a path
/// or the order of a hash map.
fn generate(proto: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut sources = Vec::new();
    find_protos(proto, &mut sources)?;
    sources.sort();
    if sources.is_empty() {
        return Err(Failure::Found(format!(
            "{}: no .proto file found",
            proto.display()
        )));
    }
    let with_comments = compile(proto, &sources, true)?;
    let descriptor = compile(proto, &sources, false)?.encode_file_descriptor_set();
    let mut files = rust_files(&with_comments, &descriptor)?;
    files.insert(DESCRIPTOR.to_owned(), descriptor);
    Ok(files)
}

fn compile(proto: &Path, sources: &[PathBuf], comments: bool) -> Result<Compiler, Failure> {
    let mut compiler =
        Compiler::new([proto]).map_err(|error| Failure::Found(format!("{error:?}")))?;
    compiler
        .include_imports(true)
        .include_source_info(comments)
        .open_files(sources)
        .map_err(|error| Failure::Found(format!("{error:?}")))?;
    Ok(compiler)
}

/// One Rust file per proto package (messages, JSON, client and server), and `mod.rs` that nests them.
fn rust_files(
    compiler: &Compiler,
    descriptor: &[u8],
) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let invalid = |error: std::io::Error| Failure::Found(format!("proto: {error}"));
    let requests = compiler
        .file_descriptor_set()
        .file
        .into_iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file))
        .collect();
    let modules = prost_build::Config::new()
        .bytes(["."])
        .compile_well_known_types()
        .extern_path(WELL_KNOWN.0, WELL_KNOWN.1)
        .service_generator(tonic_prost_build::configure().service_generator())
        .generate(requests)
        .map_err(invalid)?;

    let mut files: BTreeMap<String, Vec<u8>> = modules
        .iter()
        .map(|(module, code)| {
            (
                module.to_file_name_or("_"),
                format!("{HEADER}{code}").into_bytes(),
            )
        })
        .collect();
    let json = pbjson_build::Builder::new()
        .register_descriptors(descriptor)
        .map_err(invalid)?
        .extern_path(WELL_KNOWN.0, WELL_KNOWN.1)
        .exclude([WELL_KNOWN.0])
        .generate(&["."], |_| Ok(Vec::new()))
        .map_err(invalid)?;
    for (package, code) in json {
        files
            .entry(format!("{package}.rs"))
            .or_default()
            .extend_from_slice(numbers_always(&code).as_bytes());
    }
    let tree = module_tree(modules.keys()) + &method_lists(&compiler.file_descriptor_set());
    files.insert("mod.rs".to_owned(), tree.into_bytes());
    Ok(files)
}

/// The serializers with every number written, zero too: a reader of JSON wants the seats of a list that has none. What is
/// `optional` in the contract stays away where it is missing, as do empty texts and lists.
fn numbers_always(code: &[u8]) -> String {
    let code = String::from_utf8_lossy(code);
    let mut written = String::with_capacity(code.len());
    for item in code.split_inclusive("\n}\n") {
        let lines: Vec<&str> = item.lines().collect();
        let is_number = |condition: &str| {
            let places = 0..lines.len();
            let mut blocks = places.filter(|&place| lines[place] == condition);
            // An enumeration is written by its name, which is looked for first.
            blocks.any(|place| {
                let inside = block(&lines[place..]);
                inside.iter().any(|line| line.contains(".serialize_field("))
                    && !inside.iter().any(|line| line.contains("let v ="))
            })
        };
        let mut place = 0;
        while let Some(&line) = lines.get(place) {
            let condition = line.strip_prefix("        if self.");
            let inside = match condition.is_some_and(|rest| rest.ends_with(" != 0 {")) {
                true if is_number(line) => block(&lines[place..]),
                _ => &[],
            };
            if inside.is_empty() {
                written.push_str(line);
                written.push('\n');
                place += 1;
            } else {
                for line in inside {
                    written.push_str(line.strip_prefix("    ").unwrap_or(line));
                    written.push('\n');
                }
                place += inside.len() + 2;
            }
        }
    }
    written
}

/// The lines inside a condition of a serializer, which begins with the first line.
fn block<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let end = lines.iter().position(|line| *line == "        }");
    end.map_or(&[], |end| &lines[1..end])
}

/// What a server must know of its methods before a call reaches one: unary ones get a deadline, streams do not.
fn method_lists(descriptors: &FileDescriptorSet) -> String {
    let mut unary = Vec::new();
    let mut streaming = Vec::new();
    for file in &descriptors.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                if method.client_streaming() || method.server_streaming() {
                    streaming.push(path);
                } else {
                    unary.push(path);
                }
            }
        }
    }
    format!(
        "{}{}\n{DESCRIPTOR_COMMENT}pub const DESCRIPTOR: &[u8] = include_bytes!(\"{DESCRIPTOR}\");\n",
        method_list("UNARY_METHODS", "with one request and one response", unary),
        method_list(
            "STREAMING_METHODS",
            "with a stream in either direction",
            streaming
        ),
    )
}

fn method_list(name: &str, which: &str, mut paths: Vec<String>) -> String {
    paths.sort();
    let lines: String = paths
        .iter()
        .map(|path| format!("    \"{path}\",\n"))
        .collect();
    format!(
        "\n/// The paths of the methods {which}.\n#[rustfmt::skip]\npub const {name}: &[&str] = &[\n{lines}];\n"
    )
}

/// `mod.rs`: the packages as nested modules, in the order of their names.
fn module_tree<'module>(modules: impl Iterator<Item = &'module Module>) -> String {
    let mut packages: Vec<(Vec<&str>, String)> = modules
        .map(|module| (module.parts().collect(), module.to_file_name_or("_")))
        .collect();
    packages.sort();
    let mut text = format!("{HEADER}{ALLOWED}");
    let mut open: Vec<&str> = Vec::new();
    let mut line = |depth: usize, words: &str| {
        text.push_str(&"    ".repeat(depth));
        text.push_str(words);
        text.push('\n');
    };
    for (parts, file) in &packages {
        while !parts.starts_with(&open) {
            open.pop();
            line(open.len(), "}");
        }
        for part in &parts[open.len()..] {
            line(open.len(), &format!("pub mod {part} {{"));
            open.push(part);
        }
        line(open.len(), &format!("include!(\"{file}\");"));
    }
    while open.pop().is_some() {
        line(open.len(), "}");
    }
    text
}

/// The proto files under a folder, in no order.
pub fn find_protos(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let path = entry.map_err(Failure::file(folder))?.path();
        if path.is_dir() {
            find_protos(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The files that are there now. A folder that is not there yet holds none.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let path = entry.map_err(Failure::file(folder))?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let content = fs::read(&path).map_err(Failure::file(&path))?;
        files.insert(name, content);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
