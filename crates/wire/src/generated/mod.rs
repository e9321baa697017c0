// Generated from proto/ by `cargo xtask gen`. Do not edit: CI compares it with a fresh run.
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod hemicycle {
    pub mod allocation {
        pub mod v1 {
            include!("hemicycle.allocation.v1.rs");
        }
    }
    pub mod common {
        pub mod v1 {
            include!("hemicycle.common.v1.rs");
        }
    }
    pub mod feed {
        pub mod v1 {
            include!("hemicycle.feed.v1.rs");
        }
    }
    pub mod ingestion {
        pub mod v1 {
            include!("hemicycle.ingestion.v1.rs");
        }
    }
    pub mod results {
        pub mod v1 {
            include!("hemicycle.results.v1.rs");
        }
    }
}

/// The paths of the methods with one request and one response.
#[rustfmt::skip]
pub const UNARY_METHODS: &[&str] = &[
    "/hemicycle.allocation.v1.AllocationService/Allocate",
    "/hemicycle.allocation.v1.AllocationService/AllocateDistricts",
    "/hemicycle.allocation.v1.AllocationService/BatchAllocate",
    "/hemicycle.allocation.v1.AllocationService/BoundSeats",
    "/hemicycle.allocation.v1.AllocationService/CheckDeclaration",
    "/hemicycle.allocation.v1.AllocationService/Compare",
    "/hemicycle.allocation.v1.AllocationService/GetStandings",
    "/hemicycle.allocation.v1.AllocationService/ListProfiles",
    "/hemicycle.feed.v1.LiveFeedService/GetFrame",
    "/hemicycle.results.v1.AdminService/AmendPresentation",
    "/hemicycle.results.v1.AdminService/AmendRegister",
    "/hemicycle.results.v1.AdminService/AmendRules",
    "/hemicycle.results.v1.AdminService/CertifyResult",
    "/hemicycle.results.v1.AdminService/ChangeCandidates",
    "/hemicycle.results.v1.AdminService/CorrectTurnout",
    "/hemicycle.results.v1.AdminService/DeclareResult",
    "/hemicycle.results.v1.AdminService/DrawLot",
    "/hemicycle.results.v1.AdminService/MovePublication",
    "/hemicycle.results.v1.AdminService/OpenClass",
    "/hemicycle.results.v1.AdminService/ReviewReport",
    "/hemicycle.results.v1.AdminService/SetMark",
    "/hemicycle.results.v1.AdminService/SetStage",
    "/hemicycle.results.v1.AdminService/SetUnitStatus",
    "/hemicycle.results.v1.AdminService/WithdrawReport",
    "/hemicycle.results.v1.ResultsService/BatchGetUnits",
    "/hemicycle.results.v1.ResultsService/GetDefinition",
    "/hemicycle.results.v1.ResultsService/GetTally",
    "/hemicycle.results.v1.ResultsService/GetUnit",
    "/hemicycle.results.v1.ResultsService/GetUnitHistory",
    "/hemicycle.results.v1.ResultsService/ListElections",
    "/hemicycle.results.v1.ResultsService/ListPending",
    "/hemicycle.results.v1.ResultsService/ListUnits",
];

/// The paths of the methods with a stream in either direction.
#[rustfmt::skip]
pub const STREAMING_METHODS: &[&str] = &[
    "/hemicycle.allocation.v1.AllocationService/WatchStandings",
    "/hemicycle.feed.v1.LiveFeedService/WatchFrames",
    "/hemicycle.feed.v1.LiveFeedService/WatchIndex",
    "/hemicycle.ingestion.v1.TallyIngestionService/SubmitReports",
    "/hemicycle.results.v1.AdminService/DefineElection",
    "/hemicycle.results.v1.ResultsService/AppendBatches",
    "/hemicycle.results.v1.ResultsService/WatchEvents",
];

/// The contract as an encoded `google.protobuf.FileDescriptorSet`, with imports and without comments.
pub const DESCRIPTOR: &[u8] = include_bytes!("descriptor.bin");
