//! The bytes of the format. If one of these tests fails, old journals cannot be read: raise the version instead.

use crate::layout::{self, Body, Placement, Prelude, Seal, SealedHead};
use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};
use event_log::{Group, GroupId, Record};

const PLACEMENT: Placement = Placement {
    segment: 3,
    offset: 8_192,
    batch: 77,
    batch_index: 1,
    batch_groups: 2,
    previous: [0xdd; 32],
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn group_bytes() {
    let record = |public: &'static str, annex: &'static str| Record {
        public: Bytes::from_static(public.as_bytes()),
        annex: Bytes::from_static(annex.as_bytes()),
    };
    let group = Group {
        election: ElectionId::new("almaty-2021").unwrap(),
        log_id: LogId([0xaa; 16]),
        group_id: GroupId([0xbb; 16]),
        first_revision: Revision(258),
        records: vec![record("public one", "annex"), record("", "only an annex")],
    };
    // In memory that held something else before.
    let mut body = Body::over(vec![0xee; 10_000], &group.records);
    body.place(Prelude::group(&group), PLACEMENT);
    let bytes = body.bytes();
    assert_eq!(bytes.len(), 4_096);
    assert_eq!(bytes[..512], bytes[512..1024]);
    same(&hex(&bytes[..147]), HEADER);
    assert_eq!(hex(&bytes[147..508]), "00".repeat(361));
    same(&hex(&bytes[508..512]), HEADER_CRC);
    same(&hex(&bytes[1024..1048]), TABLE);
    assert_eq!(&bytes[1048..1076], b"public oneannexonly an annex");
    assert!(bytes[1076..].iter().all(|byte| *byte == 0));
}

fn same(found: &str, expected: &str) {
    assert_eq!(found, expected.replace([' ', '\n'], ""));
}

const HEADER: &str = "
    686d637967727570
    0100010b
    02000000001000001c000000
    03000000000000000020000000000000
    4d000000000000000100000002000000
    0201000000000000
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
    2f49daab00000000
    616c6d6174792d32303231
";
const HEADER_CRC: &str = "66926a37";
const TABLE: &str = "0a000000 05000000 09fd5271 00000000 0d000000 c1606137";

#[test]
fn seal_and_segment_bytes() {
    let head = SealedHead {
        election: ElectionId::new("e").unwrap(),
        log_id: LogId([0xcc; 16]),
        revision: Revision(9),
    };
    let seal = Seal {
        complete: true,
        heads: vec![head],
    };
    let mut body = seal.body();
    body.place(Prelude::seal(), PLACEMENT);
    let bytes = body.bytes();
    assert_eq!(bytes[10], 2);
    let expected = format!("01 01 65 {} 0900000000000000", "cc".repeat(16));
    same(&hex(&bytes[1036..1063]), &expected);
    assert_eq!(Seal::parse(&bytes[1036..1063]), Some(seal));
    same(&hex(&layout::segment_header(3, 64 << 20)[..36]), SEGMENT);
}

const SEGMENT: &str =
    "686d63797365676d 0100000000000000 0300000000000000 0000000400000000 959965f0";

/// The content hashes, computed with another program.
#[test]
fn content_hashes() {
    let group = layout::group_hash([&b"public one"[..], b""].into_iter());
    assert_eq!(
        hex(&group),
        "e1f429935e71f60e0c7ed77f64862746eb1fadf7f0aa59d7c800c084b9a0ed38"
    );
    let batch = layout::batch_hash([group, [7; 32]].into_iter());
    assert_eq!(
        hex(&batch),
        "a4c34efb222c3ac2222a41c118a8b5db8bef63ea37a5ec753bdb49d09cc4825d"
    );
}

/// RFC 6962, section 2.1: the hash of an empty leaf, as its test vectors give it.
#[test]
fn leaf_hash_is_that_of_rfc_6962() {
    let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(hex(&layout::leaf_hash(b"")), empty);
}
