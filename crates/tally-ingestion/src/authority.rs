//! Who submits, and whether they may.

use std::collections::HashSet;
use std::sync::Arc;

use tonic::metadata::MetadataMap;

use crate::error::IngestionError;

/// The metadata key that names who calls.
pub const PRINCIPAL_METADATA: &str = "x-hemicycle-principal";

/// Who calls when nothing is said.
pub const ANONYMOUS: &str = "anonymous";

/// The longest name of a caller, in bytes.
pub const PRINCIPAL_BYTES_MAX: usize = 256;

/// Who may submit.
#[derive(Debug)]
pub(crate) struct Authority {
    /// Empty: everyone may.
    allowed: HashSet<String>,
}

impl Authority {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
        }
    }

    /// The caller's name, if it may submit.
    pub(crate) fn principal(&self, metadata: &MetadataMap) -> Result<Arc<str>, IngestionError> {
        let given = metadata.get(PRINCIPAL_METADATA);
        let name = given.map_or(Ok(ANONYMOUS), |value| {
            value
                .to_str()
                .map_err(|_| IngestionError::Principal("not printable ASCII".into()))
        })?;
        if name.is_empty() || name.len() > PRINCIPAL_BYTES_MAX {
            return Err(IngestionError::Principal(format!("{} bytes", name.len())));
        }
        if !self.allowed.is_empty() && !self.allowed.contains(name) {
            return Err(IngestionError::NotAllowed(name.into()));
        }
        Ok(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calling(name: &str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert(PRINCIPAL_METADATA, name.parse().unwrap());
        metadata
    }

    #[test]
    fn without_a_list_everyone_may_submit_and_the_nameless_are_anonymous() {
        let authority = Authority::new(Vec::new());
        assert_eq!(&*authority.principal(&calling("tec-3")).unwrap(), "tec-3");
        assert_eq!(
            &*authority.principal(&MetadataMap::new()).unwrap(),
            ANONYMOUS
        );
    }

    #[test]
    fn with_a_list_only_those_on_it() {
        let authority = Authority::new(vec!["tec-3".into()]);
        assert!(authority.principal(&calling("tec-3")).is_ok());
        for other in [calling("tec-4"), MetadataMap::new()] {
            let refused = authority.principal(&other).unwrap_err();
            assert!(
                matches!(refused, IngestionError::NotAllowed(_)),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let authority = Authority::new(Vec::new());
        let longest = "x".repeat(PRINCIPAL_BYTES_MAX);
        assert!(authority.principal(&calling(&longest)).is_ok());
        let refused = authority
            .principal(&calling(&(longest + "x")))
            .unwrap_err()
            .to_string();
        assert!(refused.contains("257 bytes"), "{refused}");
    }
}
