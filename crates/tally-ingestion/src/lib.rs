//! Takes in reports over gRPC: shape, authority, batching; one answer per report after it is durable.
